"""Budgets and policies: what they may say, how they are stored, and how they are read.

A budget bounds money or tokens over a period; a policy is limits of its own for the requests to
some endpoints or models. `BudgetRule` and `PolicyRule` are what every door takes and shows; rows
hold lists of objects in the form of `Budget` and `Policy`, which count in whole nano-dollars and
tokens, and say since when.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

import msgspec
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from models.patterns import Pattern
from models.rules import (
    ALLOW_LIST,
    LARGEST_INTEGER,
    Endpoint,
    ModelPatterns,
    Parallel,
    Quota,
    RatePerMinute,
    field_error,
    matching,
)
from models.windows import BUCKET_SECONDS, Period, zones

BudgetLimit: TypeAlias = Literal["usd", "tokens"]
BudgetMode: TypeAlias = Literal["hard", "soft"]
BudgetHold: TypeAlias = Literal["bound", "typical"]
#: A list as a row holds it; None: none.
Stored: TypeAlias = list[dict[str, Any]] | None

NANOS: Final = 10**9
MOST_BUDGETS: Final = 4
MOST_POLICIES: Final = 20
_MOST_USD: Final = 10**9
_DECIMALS: Final = 6
_MOST_ALERTS: Final = 10
USUAL_ALERTS: Final = (50, 80, 100)
#: Epochs of quotas are 32 bits wide, which seconds from here on leave in the year 2088. A policy
#: that is removed and made anew within one goes on counting.
_FIRST_EPOCH_S: Final = 1_577_836_800


class Budget(msgspec.Struct, frozen=True):
    """As it is stored, and as the data path reads it."""

    limit: BudgetLimit
    #: Nano-dollars or tokens.
    amount: int
    period: Period
    timezone: str
    mode: BudgetMode
    hold: BudgetHold
    #: Percent of the amount; none of a bucket.
    alert_at: tuple[int, ...]
    #: When it was added to what it limits, or got its zone: Unix time by the database's clock.
    since_us: int

    def rule(self) -> dict[str, Any]:
        """As every door takes it."""
        said = msgspec.structs.asdict(self)
        del said["since_us"]
        return {
            **said,
            "amount": shown_amount(self.limit, self.amount),
            "alert_at": [*self.alert_at],
        }


class Policy(msgspec.Struct, frozen=True):
    """As it is stored, and as the data path reads it."""

    name: str
    #: None: any.
    endpoints: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    requests_per_minute: int | None = None
    max_parallel_requests: int | None = None
    max_requests: int | None = None
    #: Names the counter behind `max_requests`: one that is set anew starts a new one …
    quota_epoch: int = 0
    #: … at 0, or at what was counted in the database that it comes from.
    quota_base: int = 0
    budgets: tuple[Budget, ...] = ()

    def rule(self) -> dict[str, Any]:
        """As every door takes it."""
        return {
            "name": self.name,
            "endpoints": None if self.endpoints is None else [*self.endpoints],
            "models": None if self.models is None else [*self.models],
            "requests_per_minute": self.requests_per_minute,
            "max_parallel_requests": self.max_parallel_requests,
            "max_requests": self.max_requests,
            "budgets": [budget.rule() for budget in self.budgets] or None,
        }


def shown_amount(limit: BudgetLimit, amount: int) -> int | float:
    """An amount as every door shows it: USD or tokens."""
    if limit == "tokens":
        return amount
    whole, rest = divmod(amount, NANOS)
    return amount / NANOS if rest else whole


class BudgetRule(BaseModel):
    """As every door takes it and shows it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    limit: BudgetLimit
    amount: Annotated[
        int | float,
        Field(description="USD, to the millionth, or tokens.", json_schema_extra={"minimum": 0}),
    ]
    period: Annotated[
        Period,
        Field(
            description="`minute` and `hour` are token buckets; the others begin at the first"
            " instant of a local day, weeks on Monday; `total` never ends."
        ),
    ]
    timezone: Annotated[str, Field(max_length=64, description="An IANA time zone.")] = "UTC"
    mode: Annotated[
        BudgetMode, Field(description="`soft` counts and tells, and refuses nothing.")
    ] = "hard"
    hold: Annotated[
        BudgetHold,
        Field(
            description="What a request holds until its usage is known: the most that it may cost,"
            " or the p99 of the token's last 200 requests on its model."
        ),
    ] = "bound"
    alert_at: Annotated[
        list[Annotated[int, Field(ge=1, le=100)]],
        Field(max_length=_MOST_ALERTS, description="Percent of the amount. None of a bucket."),
    ] = list(USUAL_ALERTS)

    # Before, as pydantic tells of each member of a union by itself, under the name of its type.
    @field_validator("amount", mode="before")
    @classmethod
    def _is_exact(cls, amount: object, info: ValidationInfo) -> int | float:
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            raise field_error("This is not a number.")
        if info.data.get("limit") == "tokens":
            if not isinstance(amount, int) or not 1 <= amount <= LARGEST_INTEGER:
                raise field_error(f"This is no whole number from 1 to {LARGEST_INTEGER}.")
            return amount
        # What was written, and not the binary fraction next to it.
        exact = Decimal(repr(amount))
        if not (exact.is_finite() and 0 < exact <= _MOST_USD):
            raise field_error(f"This is not more than 0 and at most {_MOST_USD:,} USD.")
        if exact.scaleb(_DECIMALS) % 1:
            raise field_error(f"This has more than {_DECIMALS} decimals.")
        return amount

    @field_validator("timezone")
    @classmethod
    def _is_known(cls, zone: str) -> str:
        if zone not in zones():
            raise field_error("There is no such time zone. One is Europe/Berlin.")
        return zone

    @field_validator("alert_at")
    @classmethod
    def _are_in_order(cls, alerts: list[int], info: ValidationInfo) -> list[int]:
        if info.data.get("period") not in BUCKET_SECONDS:
            return sorted(set(alerts))
        if alerts and tuple(alerts) != USUAL_ALERTS:
            raise field_error("A bucket has no share that is used up for good.")
        return []

    def stored(self, since_us: int) -> Budget:
        """As it is stored, where it begins now."""
        exact = Decimal(repr(self.amount)) * (NANOS if self.limit == "usd" else 1)
        return Budget(
            limit=self.limit,
            amount=int(exact),
            period=self.period,
            timezone=self.timezone,
            mode=self.mode,
            hold=self.hold,
            alert_at=() if self.period in BUCKET_SECONDS else tuple(self.alert_at),
            since_us=since_us,
        )


def _differ(budgets: list[BudgetRule]) -> list[BudgetRule]:
    known = set[tuple[str, str]]()
    for budget in budgets:
        if (budget.limit, budget.period) in known:
            raise field_error(f"There are two of {budget.limit} for the period {budget.period}.")
        known.add((budget.limit, budget.period))
    return budgets


DIFFERENT_BUDGETS: Final = AfterValidator(_differ)
BUDGET_LIST: Final = Field(
    max_length=MOST_BUDGETS,
    description="Money or tokens over a period, one of each.",
)
BudgetRules = Annotated[list[BudgetRule], DIFFERENT_BUDGETS, BUDGET_LIST]

_NAME, _NAME_FIELD = matching(
    r"[A-Za-z0-9_.-]{1,64}(?: [A-Za-z0-9_.-]{1,64}){0,31}",
    "This is not a name of letters, digits, single spaces, _, . and -.",
)
PolicyName = Annotated[str, Field(min_length=1, max_length=64), _NAME, _NAME_FIELD]


class PolicyRule(BaseModel):
    """As every door takes it and shows it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    name: Annotated[PolicyName, Field(description="Refusals name it.")]
    endpoints: Annotated[
        Annotated[list[Endpoint], ALLOW_LIST] | None,
        Field(description="Which requests it counts: paths, or METHOD and a path; null: all."),
    ] = None
    models: Annotated[
        ModelPatterns | None,
        Field(description="Which models it counts; null: all. A body must name its model then."),
    ] = None
    requests_per_minute: RatePerMinute | None = None
    max_parallel_requests: Parallel | None = None
    max_requests: Quota | None = None
    budgets: BudgetRules | None = None

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        numbers = self.requests_per_minute, self.max_parallel_requests, self.max_requests
        if numbers == (None, None, None) and not self.budgets:
            raise field_error("This policy limits nothing.")
        return self

    def stored(self, before: Policy | None, now_us: int) -> Policy:
        """As it is stored, where `before` stood under its name."""
        epoch, base = (0, 0) if before is None else (before.quota_epoch, before.quota_base)
        if self.max_requests is not None and (before is None or before.max_requests is None):
            epoch, base = max(epoch + 1, now_us // 10**6 - _FIRST_EPOCH_S), 0
        return Policy(
            name=self.name,
            endpoints=_frozen(self.endpoints),
            models=_frozen(self.models),
            requests_per_minute=self.requests_per_minute,
            max_parallel_requests=self.max_parallel_requests,
            max_requests=self.max_requests,
            quota_epoch=epoch,
            quota_base=base,
            budgets=_continued(self.budgets or (), before.budgets if before else (), now_us),
        )


def _have_names_of_their_own(policies: list[PolicyRule]) -> list[PolicyRule]:
    known = set[str]()
    for policy in policies:
        if policy.name in known:
            raise field_error(f"There are two named {policy.name}.")
        known.add(policy.name)
    return policies


DIFFERENT_NAMES: Final = AfterValidator(_have_names_of_their_own)
POLICY_LIST: Final = Field(
    max_length=MOST_POLICIES,
    description="Limits of their own for requests to some endpoints or models.",
)
PolicyRules = Annotated[list[PolicyRule], DIFFERENT_NAMES, POLICY_LIST]


def budgets_of(stored: Stored) -> tuple[Budget, ...]:
    """What a row holds, to be read."""
    return () if not stored else msgspec.convert(stored, tuple[Budget, ...])


def policies_of(stored: Stored) -> tuple[Policy, ...]:
    """What a row holds, to be read."""
    return () if not stored else msgspec.convert(stored, tuple[Policy, ...])


@lru_cache(maxsize=1024)
def _pattern(entries: tuple[str, ...]) -> Pattern | None:
    return Pattern.of(entries)


def policy_matches(
    endpoints: Sequence[str] | None,
    models: Sequence[str] | None,
    method: str,
    endpoint: str,
    model: str,
) -> bool:
    """Whether a policy of these counts a request that is over, by what its entry says of it."""
    if models is not None and not _allows(models, model):
        return False
    return endpoints is None or _allows(endpoints, endpoint, f"{method} {endpoint}")


def _allows(entries: Sequence[str], *texts: str) -> bool:
    pattern = _pattern(tuple(entries))
    return pattern is None or any(map(pattern.allows, texts))


def with_budgets(wanted: Sequence[BudgetRule], before: Stored, now_us: int) -> Stored:
    """A row's budgets once these are its budgets. What is spent of each that stays is kept."""
    return _plain(_continued(wanted, budgets_of(before), now_us))


def _continued(
    wanted: Sequence[BudgetRule], before: Sequence[Budget], now_us: int
) -> tuple[Budget, ...]:
    since = {(old.limit, old.period, old.timezone): old.since_us for old in before}
    return tuple(
        rule.stored(since.get((rule.limit, rule.period, rule.timezone), now_us)) for rule in wanted
    )


def with_policies(wanted: Sequence[PolicyRule], before: Stored, now_us: int) -> Stored:
    """A row's policies once these are its policies. One that keeps its name goes on counting."""
    named = {policy.name: policy for policy in policies_of(before)}
    return _plain(tuple(rule.stored(named.get(rule.name), now_us) for rule in wanted))


def _plain(values: tuple[Budget, ...] | tuple[Policy, ...]) -> Stored:
    # As the database will give it back, so that what is the same is seen to be.
    return msgspec.json.decode(msgspec.json.encode(values)) or None


def _frozen(entries: list[str] | None) -> tuple[str, ...] | None:
    return None if entries is None else tuple(entries)


_BUDGETS: Final = TypeAdapter(BudgetRules, config=ConfigDict(defer_build=True))
_POLICIES: Final = TypeAdapter(PolicyRules, config=ConfigDict(defer_build=True))


def checked_budgets(stored: object) -> Stored:
    """What another database held. Raises ValueError where no door would have taken it."""
    try:
        found = msgspec.convert(stored, tuple[Budget, ...])
        _BUDGETS.validate_python([budget.rule() for budget in found])
    except (ValidationError, msgspec.ValidationError) as exc:
        raise ValueError("no list of budgets") from exc
    return _plain(found)


def checked_policies(stored: object) -> Stored:
    """What another database held. Raises ValueError where no door would have taken it."""
    try:
        found = msgspec.convert(stored, tuple[Policy, ...])
        _POLICIES.validate_python([policy.rule() for policy in found])
    except (ValidationError, msgspec.ValidationError) as exc:
        raise ValueError("no list of policies") from exc
    return _plain(found)
