"""`budget reset`: what is spent is nothing again, and the amount stays."""

import json
from typing import Any

from cli import views
from config import load
from models import AuditEvent
from proxy.limits.budgets import Allowance, BudgetClaim, Charge, budget_key
from proxy.limits.engines import open_limits
from proxy.limits.store import token_key
from tests.cli.running import CommandLine


def _spend(cli: CommandLine, subject: str, period: str, tokens: int, policy: str = "") -> None:
    """Have a request that has ended been charged so many tokens."""
    settings = load({**cli.environ, "DATA_DIR": str(cli.directory / "data")}, None)

    async def spend() -> None:
        settings.data_dir.mkdir(exist_ok=True)
        limits = await open_limits(settings, "test")
        key = budget_key(subject, "tokens", period, "UTC", policy)
        allowance = Allowance(key, "tokens", 100, True, period, "UTC", 0)
        claims = (BudgetClaim(allowance, tokens),)
        reserved = await limits.decide((), claims, f"{period}{policy}")
        limits.settle(reserved, charge=Charge("used", tokens=tokens))
        await limits.close()

    cli.on_database(spend)


def _budgets(cli: CommandLine, token: str) -> list[dict[str, Any]]:
    found = cli("token", "show", token, "--json").json
    return [*found["budgets"], *found["policies"][0]["budgets"]]


def test_what_is_spent_is_set_to_nothing_and_the_amount_stays(cli: CommandLine) -> None:
    cli.project()
    budgets = [{"limit": "tokens", "amount": 100, "period": "day"}]
    (cli.directory / "p.json").write_text(json.dumps([{"name": "all", "budgets": budgets}]))
    both = ("--budget", "tokens 100 day", "--budget", "tokens 100 total")
    token = cli.token("docs", *both, "--policies", "p.json")["id"]
    for period, policy in (("day", ""), ("total", ""), ("day", "all")):
        _spend(cli, token_key(token), period, 40, policy)
    assert [budget["spent"] for budget in _budgets(cli, token)] == [40, 40, 40]
    assert "[########............]" in cli("token", "show", token).out
    assert views._amount(0.0000243) == "0.0000243"
    assert views._amount(1234.5) == "1,234.5"

    reset = ("budget", "reset", "--token", token, "--yes")
    assert cli(*reset, "--period", "day").code == 0
    assert [budget["spent"] for budget in _budgets(cli, token)] == [0, 40, 40]
    assert cli(*reset, "--policy", "all").code == 0
    shown = _budgets(cli, token)
    assert [budget["spent"] for budget in shown] == [0, 40, 0]
    assert {budget["amount"] for budget in shown} == {100}

    async def events() -> list[AuditEvent]:
        return await AuditEvent.filter(action="budget.reset").order_by("id")

    changed = [event.changes for event in cli.on_database(events)]
    assert changed == [{"tokens 100 day": [40, 0]}, {"all: tokens 100 day": [40, 0]}]


def test_what_cannot_be_reset_is_said(cli_on_sqlite: CommandLine) -> None:
    cli_on_sqlite.project()
    token = cli_on_sqlite.token("docs", "--budget", "usd 1 day")["id"]
    of_token = ("budget", "reset", "--yes", "--token", token)
    for wrong, code, says in (
        (("budget", "reset", "--yes"), 2, "--token or --project"),
        ((*of_token, "--project", "docs"), 2, "--token or --project"),
        ((*of_token, "--period", "month"), 1, "no such budget"),
        ((*of_token, "--limit", "tokens"), 1, "no such budget"),
        ((*of_token, "--policy", "none"), 1, "no policy"),
        (("budget", "reset", "--yes", "--project", "docs"), 1, "no such budget"),
    ):
        refused = cli_on_sqlite(*wrong)
        assert refused.code == code, wrong
        assert says in refused.err, wrong
