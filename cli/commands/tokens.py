"""`llm-proxy token`: what applications hold instead of an API key, with limits and an end."""

from datetime import timedelta
from typing import Annotated, Any

import typer

from cli import lookup, names, output, prompts, values, views
from cli.command_table import examples, noun
from cli.options import (
    AllowedEndpoints,
    AllowedIps,
    AllowedModels,
    Budgets,
    Cursor,
    Expires,
    Json,
    Limit,
    MaxParallelRequests,
    MaxRequests,
    Policies,
    ProjectOption,
    RequestsPerMinute,
    Tags,
    Yes,
)
from cli.session import Session, with_database
from cli.values import Provided
from manage.schemas.tokens import Rotation, TokenChange, TokenCreation, TokenQuery, TokenView
from models import Token
from models.queries import lists
from models.token_status import TokenStatus

app = noun("token")

TokenArgument = Annotated[
    str, typer.Argument(metavar="TOKEN", help="Its id or the id's beginning, its name or hint.")
]
Name = Annotated[str | None, typer.Option(metavar="TEXT", help="What it is for.")]

_COLUMNS = (
    "id",
    "name",
    "project",
    "hint",
    "status",
    "expires_at",
    "request_count",
    "last_used_at",
)


@app.command(
    epilog=examples(
        "llm-proxy token create --project docs",
        "TOKEN=$(llm-proxy token create --project docs --expires 12h --max-requests 100)",
        "llm-proxy token create --project docs --expires never --allowed-models 'gpt-4o*' --json",
    )
)
@with_database
async def create(
    session: Session,
    *,
    project: Annotated[str, typer.Option(metavar="PROJECT", help="Its id or its name.")],
    name: Name = None,
    expires: Expires = None,
    max_requests: MaxRequests = None,
    requests_per_minute: RequestsPerMinute = None,
    max_parallel_requests: MaxParallelRequests = None,
    allowed_models: AllowedModels = None,
    allowed_endpoints: AllowedEndpoints = None,
    allowed_ips: AllowedIps = None,
    tag: Tags = None,
    budget: Budgets = None,
    policies: Policies = None,
    as_json: Json = False,
) -> None:
    """Make a token, for 30 days unless said otherwise.

    Its secret is printed once, alone on standard output (with --json as
    "token"), and cannot be shown again.
    """
    owner = await lookup.project(project)
    fields = values.sent(
        project_id=str(owner.id),
        name=name,
        max_requests=max_requests,
        requests_per_minute=requests_per_minute,
        max_parallel_requests=max_parallel_requests,
        allowed_models=allowed_models,
        allowed_endpoints=allowed_endpoints,
        allowed_ips=allowed_ips,
        tags=values.tagged(tag),
        budgets=values.together(budget),
        policies=policies,
    )
    wanted = values.validated(TokenCreation, fields | _end(expires))
    longest = session.longest_lifetime
    token, secret = await Token.issue(
        owner, by=session.actor, max_lifetime=longest, **wanted.fields_with_end(longest)
    )
    await _print_secret(session, token, secret, as_json=as_json)


@app.command(
    "list",
    epilog=examples(
        "llm-proxy token list --project docs --status active",
        "llm-proxy token list --status exhausted --json",
        "llm-proxy token list --expiring-within 7d",
    ),
)
@with_database
async def list_(
    session: Session,
    *,
    project: ProjectOption = None,
    status: Annotated[
        TokenStatus | None, typer.Option(help="Only tokens with this status.")
    ] = None,
    expiring_within: Annotated[
        int | None,
        typer.Option(
            parser=values.seconds,
            metavar="DURATION",
            help="Only tokens that end within it, and have not yet.",
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Option("--query", "-q", help="Part of the name or the hint.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """Show tokens, newest first, by hint: their secrets are not stored."""
    wanted = values.validated(TokenQuery, values.sent(expiring_within=expiring_within))
    within = wanted.expiring_within
    rows = lists.tokens(
        project_id=await lookup.project_id(project),
        status=status,
        expiring_within=None if within is None else timedelta(seconds=within),
        q=query,
    )
    found, following = await lists.page(rows, limit=limit, before=lookup.cursor(cursor))
    uses = await session.used(*found)
    items = [views.plain(TokenView.of(*pair)) for pair in zip(found, uses, strict=True)]
    if not as_json:
        await names.add_names(items)
    output.page(items, _COLUMNS, as_json=as_json, following=following)


@app.command(epilog=examples("llm-proxy token show 0199…"))
@with_database
async def show(session: Session, token: TokenArgument, *, as_json: Json = False) -> None:
    """Show one token."""
    await _print(session, await lookup.token(token), as_json=as_json)


@app.command(
    epilog=examples(
        "llm-proxy token update 0199… --expires 7d",
        "llm-proxy token update 0199… --max-requests 1000 --allowed-ips none",
        "llm-proxy token update 0199… --budget 'usd 25 day' --budget 'tokens 90000 minute'",
        "llm-proxy token update 0199… --policies policies.json",
        "llm-proxy token update 0199… --tag team=search --tag feature=rag",
    )
)
@with_database
async def update(
    session: Session,
    token: TokenArgument,
    *,
    name: Name = None,
    expires: Expires = None,
    max_requests: MaxRequests = None,
    requests_per_minute: RequestsPerMinute = None,
    max_parallel_requests: MaxParallelRequests = None,
    allowed_models: AllowedModels = None,
    allowed_endpoints: AllowedEndpoints = None,
    allowed_ips: AllowedIps = None,
    tag: Tags = None,
    budget: Budgets = None,
    policies: Policies = None,
    as_json: Json = False,
) -> None:
    """Change what is named; none takes a limit away."""
    found = await lookup.token(token)
    fields = values.sent(
        name=name,
        max_requests=max_requests,
        requests_per_minute=requests_per_minute,
        max_parallel_requests=max_parallel_requests,
        allowed_models=allowed_models,
        allowed_endpoints=allowed_endpoints,
        allowed_ips=allowed_ips,
        tags=values.tagged(tag),
        budgets=values.together(budget),
        policies=policies,
    )
    wanted = values.changes(TokenChange, fields | _end(expires))
    await found.change(by=session.actor, max_lifetime=session.longest_lifetime, **wanted.fields())
    output.say(f"Token {found.hint} was updated.")
    await _print(session, found, as_json=as_json)


@app.command(
    epilog=examples(
        "llm-proxy token revoke 0199… --yes", "llm-proxy token revoke --project docs --yes"
    )
)
@with_database
async def revoke(
    session: Session,
    token: Annotated[
        str | None, typer.Argument(metavar="TOKEN", help="Its id, name or hint.")
    ] = None,
    *,
    project: Annotated[
        str | None, typer.Option(metavar="PROJECT", help="All tokens of this one (id or name).")
    ] = None,
    yes: Yes = False,
) -> None:
    """End a token, or all of a project's, for good, with the streams that run."""
    if (token is None) == (project is None):
        raise typer.BadParameter("give a token or --project, and only one of them")
    if project is not None:
        await _revoke_all(session, project, yes=yes)
        return
    found = await lookup.token_row(token or "")
    if found.revoked_at is None:
        prompts.confirm(f"Revoke the token {found.hint}?", yes=yes)
        await found.revoke(by=session.actor)
    output.say(f"Token {found.hint} is revoked.")


async def _revoke_all(session: Session, named: str, *, yes: bool) -> None:
    owner = await lookup.project(named)
    prompts.confirm(f"Revoke every token of the project {owner.name}?", yes=yes)
    counts = await owner.revoke_tokens(by=session.actor)
    output.say(
        f"{counts.revoked_count} tokens were revoked;"
        f" {counts.already_revoked_count} were revoked already."
    )


@app.command(
    epilog=examples(
        "TOKEN=$(llm-proxy token rotate 0199… --yes)", "llm-proxy token rotate 0199… --grace 1h"
    )
)
@with_database
async def rotate(
    session: Session,
    token: TokenArgument,
    *,
    grace: Annotated[
        int | None,
        typer.Option(
            parser=values.seconds, metavar="DURATION", help="How long the old secret still works."
        ),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Give a token a new secret, printed once. The id and the limits stay."""
    found = await lookup.token(token)
    wanted = values.validated(Rotation, values.sent(grace_seconds=grace))
    if not wanted.grace_seconds:
        prompts.confirm(f"Replace the secret of the token {found.hint} at once?", yes=yes)
    secret = await found.rotate(by=session.actor, grace_seconds=wanted.grace_seconds)
    await _print_secret(session, found, secret, as_json=as_json)


def _end(expires: Provided | None) -> dict[str, Any]:
    return {} if expires is None else expires.value


async def _print(session: Session, token: Token, *, as_json: bool) -> None:
    (use,) = await session.used(token)
    shown = views.plain(TokenView.of(token, use))
    if as_json:
        output.print_json(shown)
    else:
        await names.add_names([shown])
        output.record(views.without_limits(shown))
        views.print_limits(shown)


async def _print_secret(session: Session, token: Token, secret: str, *, as_json: bool) -> None:
    if as_json:
        (use,) = await session.used(token)
        output.print_json({**views.plain(TokenView.of(token, use)), "token": secret})
        return
    expiry = output.moment(token.expires_at)
    output.say(f"Token {token.id}, {'until ' + expiry if expiry else 'without an end'}.")
    output.say("Its secret is shown only this once:")
    output.result(secret)
