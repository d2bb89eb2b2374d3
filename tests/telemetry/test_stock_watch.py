"""What there is stands in the metrics, by one worker of a machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from models.errors import DatabaseUnavailable
from proxy.limits.most_used import BudgetLeft
from telemetry import stock_watch
from telemetry.metrics import Metrics
from telemetry.snapshots import decode
from telemetry.stock_watch import BUDGETS_MAX, StockWatch
from tests.models.rows import a_project
from tests.proxy.upstream.conftest import until

LEFT = BudgetLeft("token", "t", 'a "name"', "usd", "day", 0.25)


async def _least_left(most: int) -> Sequence[BudgetLeft]:
    assert most == BUDGETS_MAX
    return [LEFT]


def _metrics() -> Metrics:
    return Metrics(lambda _provider, _model: None)


def _shown(metrics: Metrics) -> list[str]:
    names = ("llm_proxy_keys", "llm_proxy_budget_remaining", "llm_proxy_tokens_e")
    metrics.encode()
    text = metrics.exposition().decode()
    return [line for line in text.splitlines() if line.startswith(names)]


@pytest.mark.usefixtures("connected")
async def test_one_worker_of_a_machine_tells_of_it_until_it_ends(tmp_path: Path) -> None:
    await a_project()
    workers = [_metrics(), _metrics()]
    first, second = (StockWatch(tmp_path, metrics, _least_left) for metrics in workers)
    await first.look()
    await second.look()
    assert _shown(workers[0]) == [
        'llm_proxy_keys{state="active"} 1.0',
        'llm_proxy_keys{state="inactive"} 0.0',
        'llm_proxy_budget_remaining_ratio{id="t",limit="usd",period="day",'
        'policy="a \\"name\\"",scope="token"} 0.25',
        'llm_proxy_tokens_expiring{seconds="604800"} 0.0',
        'llm_proxy_tokens_expiring{seconds="86400"} 0.0',
        "llm_proxy_tokens_exhausted 0.0",
    ]
    assert _shown(workers[1]) == []
    await first.close()
    await second.look()
    assert _shown(workers[1]) == _shown(workers[0])
    await second.close()


@pytest.mark.usefixtures("connected")
async def test_nothing_is_told_of_it_while_it_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock_watch, "_FIRST_AFTER_S", 0.0)
    monkeypatch.setattr(stock_watch, "_EVERY_S", 0.01)
    metrics, away = _metrics(), False

    async def least_left(_most: int) -> Sequence[BudgetLeft]:
        if away:
            raise DatabaseUnavailable("away")
        return [LEFT]

    def told() -> int:
        return len(decode(metrics.encode()).gauges["llm_proxy_tokens_expiring"])

    watch = StockWatch(tmp_path, metrics, least_left)
    watch.open()
    await until(lambda: told() == 2)
    away = True
    await until(lambda: told() == 0)
    assert _shown(metrics) == []
    await watch.close()
