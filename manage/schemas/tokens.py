"""Tokens. A secret is in the answer to its creation or rotation, and nowhere else."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self, cast
from uuid import UUID

from pydantic import ConfigDict, Field

from manage.errors import Detail
from manage.schemas.queries import Number, PageQuery
from manage.schemas.schema import Schema, fields_of, without_defaults
from manage.schemas.spending import BudgetView, PolicyView, UseView
from models import Token
from models.limit_fields import TokenLimits
from models.rules import (
    LONGEST_GRACE,
    LONGEST_LIFETIME,
    FutureMoment,
    Id,
    Label,
    SearchText,
)
from models.spending import Use
from models.token_status import TokenStatus
from models.tokens import DEFAULT_LIFETIME, TokenFields


class TokenChange(TokenLimits, Schema):
    """What may be set on a token; absent fields stay, null is none."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Label | None = None
    expires_in: (
        Annotated[
            int, Field(ge=1, le=LONGEST_LIFETIME, description="Seconds from now; null for never.")
        ]
        | None
    ) = None
    expires_at: FutureMoment | None = None

    @classmethod
    def clashes(cls, sent: Mapping[str, Any]) -> list[Detail]:
        """A token has one end."""
        if "expires_in" in sent and "expires_at" in sent:
            return [Detail("expires_at", "Give expires_in or expires_at, not both.")]
        return []

    @property
    def end_field(self) -> str:
        """The field that says when the token ends."""
        return "expires_at" if "expires_at" in self.model_fields_set else "expires_in"

    def fields(self) -> TokenFields:
        """What was sent, as the model takes it."""
        sent = self.model_dump(exclude_unset=True, exclude={"project_id"})
        if "expires_in" in sent:
            lifetime = sent.pop("expires_in")
            sent["expires_at"] = lifetime and datetime.now(UTC) + timedelta(seconds=lifetime)
        if "name" in sent:
            sent["name"] = sent["name"] or ""
        return cast(TokenFields, sent)


class TokenCreation(TokenChange):
    """A new token. Without an end it lives 30 days, or TOKEN_MAX_LIFETIME if that is shorter."""

    project_id: Id

    def fields_with_end(self, longest: timedelta | None) -> TokenFields:
        """What was sent, with the default end where none was."""
        fields = self.fields()
        if "expires_at" not in fields:
            lifetime = min(DEFAULT_LIFETIME, longest or DEFAULT_LIFETIME)
            fields["expires_at"] = datetime.now(UTC) + lifetime
        return fields


class Rotation(Schema):
    """A new secret for a token."""

    grace_seconds: Annotated[
        int, Field(ge=0, le=LONGEST_GRACE, description="For how long the old secret still works.")
    ] = 0


class TokenQuery(PageQuery):
    """Which tokens to list."""

    project_id: Id | None = None
    status: Annotated[
        TokenStatus | None, Field(description="The first of these that holds of a token.")
    ] = None
    expiring_within: Annotated[
        Annotated[Number, Field(ge=1, le=LONGEST_LIFETIME)] | None,
        Field(description="Seconds: those that end within them, and have not yet."),
    ] = None
    q: Annotated[SearchText, Field(description="Part of the name or hint, or the id.")] | None = (
        None
    )


class TokenView(Schema):
    """A token, without its secret."""

    id: UUID
    project_id: UUID
    name: str
    hint: str
    status: TokenStatus
    expires_at: datetime | None
    revoked_at: datetime | None
    max_requests: int | None
    request_count: int
    requests_per_minute: int | None
    max_parallel_requests: int | None
    allowed_models: list[str] | None
    allowed_endpoints: list[str] | None
    allowed_ips: list[str] | None
    tags: dict[str, str] | None
    budgets: list[BudgetView] | None
    policies: list[PolicyView] | None
    last_used_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, token: Token, use: Use | None) -> Self:
        """`token` as it is shown, with what is used of it."""
        return cls(**_shown(token, use))


class TokenWithSecret(TokenView):
    """A token with its new secret, which is not shown again."""

    token: Annotated[str, Field(repr=False)]

    @classmethod
    def issued(cls, token: Token, use: Use | None, secret: str) -> Self:
        """`token`, and the secret that it was just given."""
        return cls(**_shown(token, use), token=secret)


def _shown(token: Token, use: Use | None) -> dict[str, Any]:
    shown = fields_of(TokenView, token, "budgets", "policies")
    return {**shown, **dict(UseView.of(token, use))}
