"""Projects and their keys."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from admin.forms.budgets import NAMES, BudgetLines, PolicyLines, lines_of
from admin.forms.form import Filled, Form
from models import Project, UpstreamKey
from models.cache_rule import MAX_TTL_S, CacheSettings, Only, Scope
from models.failover import ALLOWED_STATUSES, DEFAULT_STATUSES, FailoverRule
from models.limit_fields import ProjectLimits
from models.project_fields import ProjectChanges, ProjectFields
from models.rules import (
    ALLOW_LIST,
    ApiKey,
    BaseUrl,
    KeyAuth,
    Label,
    ModelMap,
    Name,
    Priority,
    V1Prefix,
    Weight,
    field_error,
)
from models.upstream_keys import UpstreamKeyFields, UpstreamKeyPlace

#: Where the validation context has the names that `provider` may take.
PROVIDERS: Final = "providers"

#: Keys are pasted, often with the line's end.
_Pasted = Annotated[
    ApiKey, BeforeValidator(lambda text: text.strip() if isinstance(text, str) else text)
]


def _known(name: str, info: ValidationInfo) -> str:
    if name not in (info.context or {}).get(PROVIDERS, ()):
        raise field_error("Choose one of these.")
    return name


Provider = Annotated[str, AfterValidator(_known)]
#: An empty field is none, so that the empty prefix is written as a slash.
Prefix = Annotated[V1Prefix, BeforeValidator(lambda text: "" if text == "/" else text)]

_OF_RULES: Final = (
    "failover", "failover_statuses", "failover_timeout", "cache", "cache_ttl", "cache_only",
)  # fmt: skip
#: Where nothing is said: an hour.
_CACHE_TTL_S: Final = 3600


def _allowed(status: int) -> int:
    if status not in ALLOWED_STATUSES:
        raise field_error(f"One of {', '.join(map(str, sorted(ALLOWED_STATUSES)))}.")
    return status


Status = Annotated[int, AfterValidator(_allowed)]


class ProjectFacts(ProjectLimits, Form):
    """What is asked of every project."""

    LISTS: ClassVar[frozenset[str]] = frozenset(
        {"allowed_models", "allowed_origins", "failover_statuses", "budgets", "policies"}
    )

    name: Name
    base_url: BaseUrl | None = None
    v1_prefix: Prefix | None = None
    budgets: BudgetLines | None = None
    policies: PolicyLines | None = None
    #: How many keys are tried; the rest of the rule stands in the two fields after it.
    failover: Literal["2", "3", "4", "5"] | None = None  # type: ignore[assignment]
    failover_statuses: Annotated[list[Status], ALLOW_LIST] | None = None
    failover_timeout: Annotated[float, Field(ge=0.1, le=600)] | None = None
    #: Who shares kept answers; the rest of the rule stands in the two fields after it.
    cache: Scope | None = None  # type: ignore[assignment]
    cache_ttl: Annotated[int, Field(ge=1, le=MAX_TTL_S)] | None = None
    cache_only: Only | None = None

    def rules(self) -> dict[str, Any]:
        """The rules that stand in several fields, as the model takes them."""
        return {"failover": self.rule(), "cache": self.cache_rule()}

    def cache_rule(self) -> dict[str, Any] | None:
        """What answers are kept."""
        if self.cache is None:
            return None
        return CacheSettings(
            ttl_seconds=self.cache_ttl or _CACHE_TTL_S,
            scope=self.cache,
            only=self.cache_only or "deterministic",
        ).model_dump()

    def rule(self) -> dict[str, Any] | None:
        """The rule for failover, as the model takes it."""
        if self.failover is None:
            return None
        return FailoverRule(
            max_attempts=int(self.failover),
            statuses=list(self.failover_statuses or DEFAULT_STATUSES),
            first_byte_timeout=self.failover_timeout,
        ).model_dump()

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key"})


class ProjectChange(ProjectFacts):
    """All that may be changed on a project, and a key where its address is another."""

    provider: Provider | None = None
    api_key: _Pasted = ""

    def fields(self) -> ProjectChanges:
        """What the model takes."""
        unsaid = set() if self.provider else {"provider"}
        sent = self.model_dump(exclude={"api_key", *_OF_RULES, *unsaid})
        return cast(ProjectChanges, {**sent, **self.rules()})


class ProjectCreation(ProjectFacts):
    """A new project with its first key."""

    provider: Provider
    api_key: _Pasted
    #: Whether a key that fails its test is saved all the same.
    untested: Literal["yes"] | None = None

    def fields(self) -> ProjectFields:
        """What the model takes."""
        sent = self.model_dump(exclude={"provider", "api_key", "untested", *_OF_RULES})
        return cast(ProjectFields, {**sent, **self.rules()})


def pairs(example: str) -> BeforeValidator:
    """As in `example`, such as `gpt-4o = my-deployment`, a line each."""

    def read(lines: object) -> object:
        if not isinstance(lines, list):
            return lines
        names: dict[str, str] = {}
        for number, line in enumerate(lines, start=1):
            name, sign, mapped = (part.strip() for part in line.partition("="))
            if not sign or name in names:
                raise field_error(f"Line {number} is not as in {example}, once each.")
            names[name] = mapped
        return names

    return BeforeValidator(read)


class KeyChange(Form):
    """What may be changed on a key."""

    LISTS: ClassVar[frozenset[str]] = frozenset({"model_map"})

    label: Label = ""
    weight: Weight = 1
    priority: Priority = 0
    base_url: BaseUrl | None = None
    v1_prefix: Prefix | None = None
    provider: Provider | None = None
    auth: KeyAuth | None = None
    model_map: Annotated[ModelMap, pairs("gpt-4o = my-deployment")] | None = None

    def place(self) -> UpstreamKeyPlace:
        """What the model takes of where it goes."""
        sent = self.model_dump(include={"base_url", "v1_prefix", "provider", "auth", "model_map"})
        return cast(UpstreamKeyPlace, sent)

    def fields(self) -> UpstreamKeyFields:
        """What the model takes."""
        return cast(UpstreamKeyFields, self.model_dump(exclude={"api_key"}))


class KeyCreation(KeyChange):
    """One more key."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key"})

    api_key: Annotated[_Pasted, Field(repr=False)]


def of_project(project: Project) -> Filled[ProjectChange]:
    """The form with what holds now."""
    rule, kept = project.failover or {}, project.cache or {}
    shown = rule.get("statuses", [])
    texts = {
        "failover": as_text(rule.get("max_attempts")),
        "failover_statuses": as_text(
            None if tuple(shown) == DEFAULT_STATUSES else list(map(str, shown))
        ),
        "failover_timeout": as_text(rule.get("first_byte_timeout")),
        "cache": as_text(kept.get("scope")),
        "cache_ttl": as_text(kept.get("ttl_seconds")),
        "cache_only": kept.get("only", "deterministic"),
        "end_user_from_body": str(project.end_user_from_body).lower(),
    }
    texts |= lines_of(project)
    return Filled({**_texts(project, ProjectChange, *_OF_RULES, *NAMES), **texts})


def of_key(key: UpstreamKey) -> Filled[KeyChange]:
    """The form with what holds now."""
    return Filled(_texts(key, KeyChange))


def _texts(row: Any, form: type[Form], *besides: str) -> Mapping[str, str]:
    names = form.model_fields.keys() - form.SECRETS - set(besides)
    texts = {name: as_text(getattr(row, name)) for name in names}
    if "v1_prefix" in names and row.v1_prefix == "":
        texts["v1_prefix"] = "/"
    return texts


def as_text(value: object) -> str:
    """A stored value as a field holds it."""
    if value is None:
        return ""
    if isinstance(value, dict):
        # In an order of its own, which the database does not keep.
        value = [f"{name} = {other}" for name, other in sorted(value.items())]
    return "\n".join(value) if isinstance(value, list) else str(value)
