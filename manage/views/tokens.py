"""`/manage/tokens`"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final
from uuid import UUID

from manage import pagination
from manage.errors import BeyondPolicy, Detail, NotFound
from manage.operations import Call, Resource
from manage.schemas.schema import Nothing, Page
from manage.schemas.tokens import (
    Rotation,
    TokenChange,
    TokenCreation,
    TokenQuery,
    TokenView,
    TokenWithSecret,
)
from manage.views import projects
from models import Token
from models.errors import LifetimeTooLong
from models.queries import lists

resource = Resource("tokens")
_MISSING: Final = "There is no token with this id."


async def _find(token_id: UUID) -> Token:
    token = await Token.find(token_id)
    if token is None:
        raise NotFound(_MISSING)
    return token


@contextmanager
def _lifetime_is_a_field(given: TokenChange) -> Iterator[None]:
    """TOKEN_MAX_LIFETIME bounds a field, as the schemas' own bounds do."""
    try:
        yield
    except LifetimeTooLong as exc:
        detail = Detail(given.end_field, str(exc))
        raise BeyondPolicy("The token would live too long.", details=[detail]) from exc


@resource.post("/tokens", takes=TokenCreation, returns=TokenWithSecret, status=201)
async def create_token(call: Call[TokenCreation]) -> TokenWithSecret:
    """Create a token. The answer holds its secret, which is not shown again."""
    project = await projects.find(call.given.project_id)
    longest = call.service.longest_lifetime
    with _lifetime_is_a_field(call.given):
        token, secret = await Token.issue(
            project, by=call.actor, max_lifetime=longest, **call.given.fields_with_end(longest)
        )
    (use,) = await call.service.used(token)
    return TokenWithSecret.issued(token, use, secret)


@resource.get("/tokens", takes=TokenQuery, returns=Page[TokenView])
async def list_tokens(call: Call[TokenQuery]) -> Page[TokenView]:
    """List tokens, newest first."""
    wanted = call.given
    within = wanted.expiring_within
    rows = lists.tokens(
        project_id=wanted.project_id,
        status=wanted.status,
        expiring_within=None if within is None else timedelta(seconds=within),
        q=wanted.q,
    )
    found, cursor = await pagination.page("tokens", rows, wanted)
    uses = await call.service.used(*found)
    return Page(data=[*map(TokenView.of, found, uses)], next_cursor=cursor)


@resource.get("/tokens/{token_id}", takes=Nothing, returns=TokenView)
async def show_token(call: Call[Nothing]) -> TokenView:
    """Show a token."""
    token = await _find(call.ids["token_id"])
    (use,) = await call.service.used(token)
    return TokenView.of(token, use)


@resource.patch("/tokens/{token_id}", takes=TokenChange, returns=TokenView)
async def change_token(call: Call[TokenChange]) -> TokenView:
    """Change a token. A limit set anew counts from its `request_count`."""
    token = await _find(call.ids["token_id"])
    longest = call.service.longest_lifetime
    with _lifetime_is_a_field(call.given):
        await token.change(by=call.actor, max_lifetime=longest, **call.given.fields())
    (use,) = await call.service.used(token)
    return TokenView.of(token, use)


@resource.delete("/tokens/{token_id}", takes=Nothing)
async def revoke_token(call: Call[Nothing]) -> None:
    """Revoke a token and end its running streams. Again: nothing happens."""
    token = await Token.find_row(call.ids["token_id"])
    if token is None:
        raise NotFound(_MISSING)
    await token.revoke(by=call.actor)


@resource.post("/tokens/{token_id}/rotate", takes=Rotation, returns=TokenWithSecret)
async def rotate_token(call: Call[Rotation]) -> TokenWithSecret:
    """Give a token a new secret. Running streams of the old one finish."""
    token = await _find(call.ids["token_id"])
    secret = await token.rotate(by=call.actor, grace_seconds=call.given.grace_seconds)
    (use,) = await call.service.used(token)
    return TokenWithSecret.issued(token, use, secret)
