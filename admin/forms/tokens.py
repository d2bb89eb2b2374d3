"""Tokens: a name is enough; what else may be said is folded away."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Final, Literal, cast

from pydantic import Field, ValidationInfo, field_validator

from admin.forms.budgets import NAMES, BudgetLines, PolicyLines, lines_of
from admin.forms.form import Filled, Form
from admin.forms.overtaken import overtaken
from admin.forms.projects import as_text, pairs
from models import Token
from models.labels import TagMap
from models.limit_fields import TokenLimits
from models.rules import LONGEST_GRACE, FutureMoment, Id, Label, field_error
from models.tokens import DEFAULT_LIFETIME, TokenFields

Expiry = Literal["1h", "24h", "7d", "30d", "90d", "longest", "never", "custom", "keep"]

_PRESETS: Final[Mapping[Expiry, tuple[str, timedelta]]] = {
    "1h": ("1 hour", timedelta(hours=1)),
    "24h": ("24 hours", timedelta(hours=24)),
    "7d": ("7 days", timedelta(days=7)),
    "30d": ("30 days", timedelta(days=30)),
    "90d": ("90 days", timedelta(days=90)),
}


def expiries(longest: timedelta | None, *, keep: bool = False) -> list[tuple[Expiry, str]]:
    """The choices that are allowed here."""
    found: list[tuple[Expiry, str]] = [("keep", "Unchanged")] if keep else []
    found += [
        (key, label)
        for key, (label, length) in _PRESETS.items()
        if longest is None or length <= longest
    ]
    found.append(("never", "Never") if longest is None else ("longest", "The longest allowed"))
    return [*found, ("custom", "Custom")]


class TokenChange(TokenLimits, Form):
    """All that may be changed on a token."""

    LISTS: ClassVar[frozenset[str]] = frozenset(
        {"allowed_models", "allowed_endpoints", "allowed_ips", "tags", "budgets", "policies"}
    )

    name: Label = ""
    tags: Annotated[TagMap, pairs("team = search")] | None = None
    budgets: BudgetLines | None = None
    policies: PolicyLines | None = None
    expiry: Expiry = "30d"
    expires_at: Annotated[FutureMoment | None, Field(validate_default=True)] = None

    @field_validator("expires_at", mode="before")
    @classmethod
    def _only_if_custom(cls, text: object, info: ValidationInfo) -> object:
        """A browser's date and time has neither seconds nor zone; ours is UTC."""
        if info.data.get("expiry") != "custom":
            return None
        if not isinstance(text, str):
            raise field_error("Say when.")
        return f"{text}:00Z" if text.count(":") == 1 else f"{text}Z"

    def fields(self, longest: timedelta | None) -> TokenFields:
        """What the model takes."""
        wanted = self.model_dump(exclude={"project_id", "expiry", "expires_at"})
        if self.expiry != "keep":
            wanted["expires_at"] = self._end(longest)
        return cast(TokenFields, wanted)

    def _end(self, longest: timedelta | None) -> datetime | None:
        present = datetime.now(UTC)
        if self.expiry == "custom":
            return self.expires_at
        if self.expiry == "longest":
            # A little less: the model looks at the clock after us.
            return None if longest is None else present + longest
        if self.expiry in _PRESETS:
            return present + _PRESETS[self.expiry][1]
        return None


class TokenCreation(TokenChange):
    """A new token."""

    project_id: Id


class Rotation(Form):
    """A new secret, and for how long the old one still works, in seconds."""

    grace_seconds: Annotated[int, Field(ge=0, le=LONGEST_GRACE)] = 0


def blank(longest: timedelta | None, project_id: str) -> Filled[TokenCreation]:
    """The form of a new token: 30 days, or the longest allowed if that is shorter."""
    usual = longest is None or longest >= DEFAULT_LIFETIME
    return Filled({"expiry": "30d" if usual else "longest", "project_id": project_id})


def of_token(token: Token) -> Filled[TokenChange]:
    """The form with what holds now."""
    row: Any = token
    names = TokenChange.model_fields.keys() - {"expiry", "expires_at", *NAMES}
    values = {name: as_text(getattr(row, name)) for name in names}
    values |= lines_of(token)
    if token.expires_at is not None:
        values["expires_at"] = f"{token.expires_at.astimezone(UTC):%Y-%m-%dT%H:%M}"
    return Filled({**values, "expiry": "keep"})


def overtaken_token(typed: Filled[TokenChange], token: Token) -> Filled[TokenChange] | None:
    """The form to show once more, where somebody has changed the token since it was opened."""
    expiry = typed.value("expiry")
    # The date is that of a token that keeps its end, and of no other choice but its own.
    meant = {} if expiry in ("keep", "custom") else {"expires_at": expiry}
    return overtaken(
        TokenChange, typed, of_token(token), meant=meant, beside={"expires_at": "expiry"}
    )


def limits_summary(form: Filled[Any]) -> str:
    """What is set under the fold, in a few words."""
    number_words = {
        "max_requests": "{} requests",
        "requests_per_minute": "{} a minute",
        "max_parallel_requests": "{} at once",
    }
    said = [
        words.format(form.value(name).strip())
        for name, words in number_words.items()
        if form.value(name).strip().isdigit()
    ]
    for name, noun in (
        ("allowed_models", "model"),
        ("allowed_endpoints", "endpoint"),
        ("allowed_ips", "address"),
        ("tags", "tag"),
        ("budgets", "budget"),
        ("policies", "policy"),
    ):
        number = sum(bool(line.strip()) for line in form.value(name).splitlines())
        plural = {"address": "addresses", "policy": "policies"}.get(noun, f"{noun}s")
        said += [f"{number} {noun if number == 1 else plural}"] if number else []
    return ", ".join(said) or "None set"
