"""Budgets and policies: what they may say, how they are stored, and what is kept of them."""

from typing import Any, Final

import pytest
from pydantic import TypeAdapter, ValidationError

from models.budgets import (
    Budget,
    BudgetRule,
    BudgetRules,
    Policy,
    PolicyRule,
    PolicyRules,
    budgets_of,
    checked_budgets,
    checked_policies,
    policies_of,
    with_budgets,
    with_policies,
)

_BUDGETS: Final = TypeAdapter(BudgetRules)
_POLICIES: Final = TypeAdapter(PolicyRules)
_USD: Final[dict[str, Any]] = {"limit": "usd", "amount": 25, "period": "day"}
_RATE: Final[dict[str, Any]] = {"name": "slow", "requests_per_minute": 5}
#: 2026-11-29 in microseconds.
_NOW: Final = 1_795_910_400 * 10**6


def _budget(**more: Any) -> BudgetRule:
    return BudgetRule.model_validate({**_USD, **more})


def test_a_budget_needs_a_limit_an_amount_and_a_period() -> None:
    budget = _budget().stored(_NOW)
    assert budget == Budget("usd", 25 * 10**9, "day", "UTC", "hard", "bound", (50, 80, 100), _NOW)
    assert budget.rule() == {
        **_USD, "timezone": "UTC", "mode": "hard", "hold": "bound", "alert_at": [50, 80, 100],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("amount", "nanos"),
    [
        (0.000001, 1_000),
        (0.1, 100_000_000),
        (1.15, 1_150_000_000),
        (123456789.123456, 123_456_789_123_456_000),
        (1_000_000_000, 10**18),
        (2.50, 2_500_000_000),
    ],
)
def test_an_amount_of_money_is_what_was_written(amount: float, nanos: int) -> None:
    stored = _budget(amount=amount).stored(_NOW)
    assert stored.amount == nanos
    assert stored.rule()["amount"] == amount


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"limit": "eur"}, "limit", "usd"),
        ({"amount": 0}, "amount", "more than 0"),
        ({"amount": -1}, "amount", "more than 0"),
        ({"amount": float("nan")}, "amount", "more than 0"),
        ({"amount": float("inf")}, "amount", "more than 0"),
        ({"amount": 1_000_000_001}, "amount", "1,000,000,000"),
        ({"amount": 0.0000001}, "amount", "6 decimals"),
        ({"amount": 0.1 + 0.2}, "amount", "6 decimals"),
        ({"amount": "25"}, "amount", "number"),
        ({"amount": True}, "amount", "number"),
        ({"limit": "tokens", "amount": 1.5}, "amount", "whole number"),
        ({"limit": "tokens", "amount": 2**53}, "amount", "whole number"),
        ({"period": "year"}, "period", "month"),
        ({"timezone": "Mars/Olympus"}, "timezone", "no such time zone"),
        ({"timezone": "../../etc/passwd"}, "timezone", "no such time zone"),
        ({"mode": "firm"}, "mode", "soft"),
        ({"hold": "none"}, "hold", "typical"),
        ({"alert_at": [0]}, "alert_at.0", "greater"),
        ({"alert_at": [101]}, "alert_at.0", "less"),
        ({"alert_at": list(range(1, 12))}, "alert_at", "at most 10"),
        ({"period": "minute", "alert_at": [50]}, "alert_at", "bucket"),
        ({"reset": "now"}, "reset", "not permitted"),
    ],
)
def test_a_budget_that_cannot_be_meant_is_refused(
    wrong: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        _budget(**wrong)
    said = {".".join(map(str, one["loc"])): one["msg"] for one in refused.value.errors()}
    assert [*said] == [field]
    assert says in said[field]


def test_alerts_are_in_order_and_none_of_a_bucket() -> None:
    assert _budget(alert_at=[80, 5, 80]).stored(_NOW).alert_at == (5, 80)
    assert _budget(alert_at=[]).stored(_NOW).alert_at == ()
    several: list[dict[str, Any]] = [{}, {"alert_at": []}, {"alert_at": [50, 80, 100]}]
    for sent in several:
        assert _budget(period="minute", **sent).stored(_NOW).alert_at == ()


def test_limit_and_period_tell_budgets_apart_and_there_are_four_at_most() -> None:
    for other in ({"period": "month"}, {"limit": "tokens"}):
        assert len(_BUDGETS.validate_python([_USD, {**_USD, **other}])) == 2
    with pytest.raises(ValidationError, match="two of usd for the period day"):
        _BUDGETS.validate_python([_USD, {**_USD, "timezone": "Asia/Kolkata", "amount": 1}])
    five = [{**_USD, "period": period} for period in ("minute", "hour", "day", "week", "month")]
    assert len(_BUDGETS.validate_python(five[1:])) == 4
    with pytest.raises(ValidationError, match="at most 4"):
        _BUDGETS.validate_python(five)


def test_what_was_spent_is_kept_unless_the_zone_changes() -> None:
    first = with_budgets([_budget(), _budget(period="month")], None, _NOW)
    changed = _budget(amount=3, mode="soft", hold="typical", alert_at=[90])
    later = with_budgets([changed, _budget(period="month", timezone="Asia/Kolkata")], first, 2)
    assert [budget.since_us for budget in budgets_of(later)] == [_NOW, 2]
    assert with_budgets([_budget(), _budget(period="month")], first, 3) == first
    elsewhere = [_budget(timezone="Asia/Kolkata")]
    moved = with_budgets(elsewhere, first, 3)
    assert with_budgets(elsewhere, moved, 4) == moved
    assert budgets_of(with_budgets([_budget()], moved, 4))[0].since_us == 4
    assert with_budgets([], first, 3) is None
    assert budgets_of(None) == ()


def test_a_policy_counts_what_it_names_and_limits_something() -> None:
    rule = {
        **_RATE,
        "endpoints": ["POST /v1/chat/completions", "/v1/responses*"],
        "models": ["gpt-4o*"],
        "max_parallel_requests": 2,
        "max_requests": 10,
        "budgets": [{**_USD, "timezone": "Asia/Kolkata", "mode": "soft", "hold": "typical",
                     "alert_at": [90]}],
    }  # fmt: skip
    (policy,) = policies_of(with_policies([PolicyRule.model_validate(rule)], None, _NOW))
    assert policy.rule() == rule
    assert policy.models == ("gpt-4o*",)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "at least 1"),
        ({"name": "a" * 65}, "at most 64"),
        ({"name": " slow"}, "not a name"),
        ({"name": "slow  er"}, "not a name"),
        ({"name": "slow/er"}, "not a name"),
        ({"name": "längsam"}, "not a name"),
        ({"endpoints": []}, "at least 1"),
        ({"endpoints": ["chat"]}, "neither a path"),
        ({"models": []}, "at least 1"),
        ({"requests_per_minute": 0}, "greater"),
        ({"requests_per_minute": None}, "limits nothing"),
        ({"max_tokens": 1}, "not permitted"),
    ],
)
def test_a_policy_that_cannot_be_meant_is_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        PolicyRule.model_validate({**_RATE, **wrong})


def test_policies_have_names_of_their_own_and_there_are_twenty_at_most() -> None:
    many = [{**_RATE, "name": f"policy {number}"} for number in range(21)]
    assert len(_POLICIES.validate_python(many[1:])) == 20
    with pytest.raises(ValidationError, match="at most 20"):
        _POLICIES.validate_python(many)
    with pytest.raises(ValidationError, match="two named slow"):
        _POLICIES.validate_python([_RATE, {**_RATE, "requests_per_minute": 6}])


def test_a_policys_quota_that_is_set_anew_has_a_counter_of_its_own() -> None:
    def epoch(before: Any, now_us: int, **limits: int | None) -> tuple[int, Any]:
        stored = with_policies([PolicyRule.model_validate({**_RATE, **limits})], before, now_us)
        return policies_of(stored)[0].quota_epoch, stored

    first, rows = epoch(None, _NOW, max_requests=5)
    assert 0 < first < 2**31
    raised, rows = epoch(rows, _NOW + 10**7, max_requests=9)
    assert raised == first
    lifted, rows = epoch(rows, _NOW + 10**7)
    assert lifted == first
    # Within a second, and where the clock was put back.
    for now_us in (_NOW, _NOW - 10**12):
        assert epoch(rows, now_us, max_requests=9)[0] == first + 1


def test_what_comes_from_another_database_is_what_a_door_would_have_taken() -> None:
    budgets = with_budgets([_budget(amount=0.5), _budget(period="minute")], None, _NOW)
    assert checked_budgets(budgets) == budgets
    policies = with_policies([PolicyRule.model_validate(_RATE)], None, _NOW)
    assert checked_policies(policies) == policies
    assert budgets is not None
    assert policies is not None
    odd: list[dict[str, Any]] = [{"amount": 1}, {"timezone": "x"}]
    wrong_budgets: list[Any] = [{}, [{}], [1], budgets * 2, *([{**budgets[0], **it}] for it in odd)]
    for wrong in wrong_budgets:
        with pytest.raises(ValueError, match="no list of budgets"):
            checked_budgets(wrong)
    wrong_policies: list[Any] = [{}, [{"name": "x"}], [{**policies[0], "name": "a/b"}]]
    for wrong in wrong_policies:
        with pytest.raises(ValueError, match="no list of policies"):
            checked_policies(wrong)


def test_what_a_newer_release_stored_besides_is_not_looked_at() -> None:
    stored = with_policies([PolicyRule.model_validate(_RATE)], None, _NOW)
    assert stored is not None
    assert policies_of([{**stored[0], "burst": 9}]) == (Policy("slow", requests_per_minute=5),)


def test_a_policys_budget_goes_on_while_both_keep_what_names_them() -> None:
    def stored(before: Any, now_us: int, name: str = "slow", **budget: Any) -> Any:
        rule = {"name": name, "budgets": [{**_USD, **budget}]}
        return with_policies([PolicyRule.model_validate(rule)], before, now_us)

    first = stored(None, 1)
    assert policies_of(first)[0].budgets[0].since_us == 1
    assert policies_of(stored(first, 2, amount=9))[0].budgets[0].since_us == 1
    assert policies_of(stored(first, 2, timezone="Asia/Kolkata"))[0].budgets[0].since_us == 2
    assert policies_of(stored(first, 2, "other"))[0].budgets[0].since_us == 2
