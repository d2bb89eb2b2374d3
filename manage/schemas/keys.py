"""Upstream keys. Their material is sent here and never comes back."""

from datetime import datetime
from typing import Annotated, Final, Self, cast
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo

from manage.schemas.schema import Schema, fields_of, without_defaults
from models import UpstreamKey
from models.key_states import State
from models.rules import (
    ApiKey,
    BaseUrl,
    KeyAuth,
    Label,
    ModelMap,
    Priority,
    V1Prefix,
    Weight,
    field_error,
)
from models.upstream_keys import UpstreamKeyFields, UpstreamKeyPlace

#: Where the validation context has the names that `provider` may take.
PROVIDERS: Final = "providers"


def _is_known(name: str, info: ValidationInfo) -> str:
    known = (info.context or {}).get(PROVIDERS, ())
    if name not in known:
        raise field_error(f"This is none of the providers here: {', '.join(sorted(known))}.")
    return name


Provider = Annotated[
    str,
    AfterValidator(_is_known),
    Field(description="The name of a provider that this installation knows."),
]
KeyProvider = Annotated[
    str,
    AfterValidator(_is_known),
    Field(
        description="The provider that this key is of, where that is another than its project's:"
        " one that answers errors in the same form. Address, prefix and `auth` are then that"
        " provider's unless the key has its own; it serves what both providers allow."
    ),
]


class KeyCreation(Schema):
    """One more upstream key for a project."""

    api_key: ApiKey
    label: Label | None = None
    weight: Weight = 1
    priority: Priority = 0
    base_url: BaseUrl | None = None
    v1_prefix: V1Prefix | None = None
    provider: KeyProvider | None = None
    auth: KeyAuth | None = None
    model_map: ModelMap | None = None

    def place(self) -> UpstreamKeyPlace:
        """What the model takes of where it goes."""
        sent = self.model_dump(include={"base_url", "v1_prefix", "provider", "auth", "model_map"})
        return cast(UpstreamKeyPlace, sent)


class KeyChange(Schema):
    """What may be changed on a key; absent fields stay."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    label: Label | None = None
    weight: Weight = 1
    priority: Priority = 0
    base_url: BaseUrl | None = None
    v1_prefix: V1Prefix | None = None
    provider: KeyProvider | None = None
    auth: KeyAuth | None = None
    model_map: ModelMap | None = None
    is_active: bool = True

    def fields(self) -> UpstreamKeyFields:
        """What was sent, as the model takes it."""
        sent = self.model_dump(exclude_unset=True)
        if "label" in sent:
            sent["label"] = sent["label"] or ""
        return cast(UpstreamKeyFields, sent)


class KeyTestView(Schema):
    """What an upstream said of a key."""

    works: bool
    message: str


class KeyView(Schema):
    """An upstream key, without its material."""

    id: UUID
    label: str
    hint: str
    is_active: bool
    weight: int
    priority: int
    base_url: str | None
    v1_prefix: str | None
    provider: str | None
    auth: str | None
    model_map: dict[str, str] | None
    state: Annotated[State, Field(description="`resting` for one model or endpoint at least.")]
    resting_until: datetime | None
    last_error: str | None
    created_at: datetime

    @classmethod
    def of(cls, key: UpstreamKey) -> Self:
        """`key` as it is shown."""
        return cls(**fields_of(cls, key))
