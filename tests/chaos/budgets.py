"""A budget of a token in these services, and what is spent of it."""

from typing import Final

from fake_upstream import FakeUpstream
from models import Token
from models.budgets import NANOS, BudgetRule, with_budgets
from proxy.limits.postgres_budget_records import PostgresBudgetRecords
from proxy.limits.records import LimitRecords
from proxy.limits.sqlite_records import SqliteBudgetRecords
from proxy.limits.store import token_key
from tests.chaos.client import Client
from tests.chaos.conftest import ChaosService
from tests.fixtures.service import UPSTREAM_KEY, Issued

AMOUNT: Final = 5
_REMAINING: Final = "x-llm-proxy-budget-remaining"


async def with_budget(chaos: ChaosService, issued: Issued) -> Issued:
    """Give a token, of which nobody has heard yet, dollars in all."""
    rules = with_budgets([BudgetRule(limit="usd", amount=AMOUNT, period="total")], None, 1)
    async with chaos.models():
        await Token.filter(id=issued.token.id).update(budgets=rules)
    return issued


async def hold_of_a_chat(chaos: ChaosService) -> int:
    """What the usual request of a client holds, in nano-dollars."""
    # An upstream of its own: a connection that is open would be used by the next request.
    async with FakeUpstream(api_keys={UPSTREAM_KEY}) as upstream:
        issued = await with_budget(chaos, await chaos.make_token(upstream.url))
        async with Client(chaos, issued.secret) as client:
            answer = await client.post()
    _, _, left = answer.headers[_REMAINING].partition("usd=")
    return AMOUNT * NANOS - round(float(left) * NANOS)


async def spent_and_held(chaos: ChaosService, issued: Issued) -> tuple[int, int]:
    """What is stored of a token's budget."""
    records: LimitRecords = PostgresBudgetRecords()
    if chaos.database.dialect == "sqlite":
        records = SqliteBudgetRecords(chaos.data_dir / "limits.db")
    async with chaos.models():
        dump = await records.dump_budgets()
    key = token_key(issued.token.id)
    for counter in dump.counters:
        if counter.key.startswith(f"{key}|"):
            return counter.spent, counter.held
    return 0, 0
