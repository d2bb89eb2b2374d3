"""The recipe of a metric, each step of it."""

from collections.abc import Callable
from uuid import UUID

from msgspec.structs import replace

from models.entry import Attempt
from models.stock import Stock
from proxy.limits.most_used import BudgetLeft
from telemetry import families
from telemetry.families import FAMILIES, Family
from telemetry.metrics import PROJECTS_MAX, Metrics, Refused, WorkerGauges
from telemetry.snapshots import decode
from tests.operations.test_metrics import NAMES
from tests.operations.test_observer import ID, entry

LEFT = BudgetLeft("token", ID, "", "usd", "day", 0.25)
STOCK = Stock({"active": 2, "inactive": 1, "resting": 0, "suspended": 0}, {86_400: 3}, 4)


def test_refusals_of_a_batch_are_counted_as_one_by_one() -> None:
    plain = Refused(ID, "quota_exceeded", "openai", "", "POST", 429, recorded=False)
    kinds = [
        plain, replace(plain, code="overloaded", status=503), replace(plain, recorded=True),
        replace(plain, provider="groq"), replace(plain, endpoint="/v1/x"),
        replace(plain, method="GET"), replace(plain, project_id=ID),
    ]  # fmt: skip
    batch = [kind for number, kind in enumerate(kinds) for _ in range(number + 1)]
    together, alone = (Metrics(lambda _provider, _model: None) for _ in range(2))
    together.add([], batch)
    for one in batch:
        alone.add([], [one])
    counters = decode(together.encode()).counters
    assert counters == decode(alone.encode()).counters
    assert counters[families.REFUSALS.name] == {("quota_exceeded",): 26, ("overloaded",): 2}
    assert sum(counters[families.PROJECT_REFUSALS.name].values()) == 28
    assert sum(counters[families.REQUESTS.name].values()) == 25


def test_every_family_is_listed() -> None:
    made = [value for value in vars(families).values() if isinstance(value, Family)]
    assert set(made) == set(FAMILIES)
    assert len({family.name for family in made}) == len(FAMILIES)


def test_every_family_is_counted() -> None:
    metrics = Metrics(lambda _provider, _model: None)
    refused = Refused(ID, "overloaded", "openai", "", "POST", 503, recorded=False)
    tried = (Attempt(ID, 429, "", 1), Attempt(ID, 200, "", 1))
    metrics.add([entry(attempts=tried)], [refused])
    metrics.add_undecided("passed", 1)
    metrics.add_overshoots(["usd"])
    metrics.add_cached("hit", 5)
    metrics.add_connections({"max_connections": 1}, {"idle": 1})
    metrics.add_middleware_failures({("package:factory", "raised"): 1})
    metrics.set_gauges(WorkerGauges(0, 0, 0))
    metrics.set_stock(STOCK, [LEFT])

    numbers = decode(metrics.encode())
    counted = numbers.counters | numbers.histograms | numbers.gauges
    assert {name for name, found in counted.items() if found} == {
        family.name for family in FAMILIES
    }


def test_names_are_those_of_the_families() -> None:
    shown: dict[str, set[str]] = {}
    for family in FAMILIES:
        labels = set(family.labels)
        if family.kind == "histogram":
            shown |= {f"{family.name}_{part}": labels for part in ("count", "sum")}
            shown[f"{family.name}_bucket"] = labels | {"le"}
        else:
            shown[family.name + "_total" * (family.kind == "counter")] = labels
    assert shown == NAMES


def test_sums_of_any_size_are_told() -> None:
    """Else an upstream that reports enough of them would end a worker's metrics and its log."""
    metrics = Metrics(lambda _provider, _model: None)
    huge = entry(prompt_tokens=2**63, cache="hit", saved_nanos=2**62)
    for _ in range(2):
        metrics.add([huge], ())
        metrics.add_cached("hit", huge.saved_nanos)
    numbers = decode(metrics.encode())
    assert numbers.counters[families.CACHE_SAVED.name] == {(): 2**63 - 1}
    assert metrics.exposition()


def test_what_has_not_changed_is_not_encoded_again() -> None:
    """A worker that has nothing to do says so four times a second."""
    metrics = Metrics(lambda _provider, _model: None)
    metrics.set_gauges(WorkerGauges(0, 0, 0))
    encoded = metrics.encode()
    metrics.set_gauges(WorkerGauges(0, 0, 0))
    metrics.add_connections({}, {})
    metrics.add_undecided("passed", 0)
    assert metrics.encode() is encoded
    refused = Refused(ID, "overloaded", "openai", "", "POST", 503, recorded=False)
    changes: tuple[Callable[[], None], ...] = (
        lambda: metrics.set_gauges(WorkerGauges(1, 0, 0)),
        lambda: metrics.add([entry()], []),
        lambda: metrics.add([], [refused]),
        lambda: metrics.add_undecided("passed", 1),
        lambda: metrics.add_overshoots(["requests"]),
        lambda: metrics.add_connections({"max_connections": 1}, {}),
        lambda: metrics.add_connections({}, {"idle": 1}),
    )
    for change in changes:
        change()
        assert metrics.encode() != encoded
        encoded = metrics.encode()


def test_projects_have_a_bounded_number_of_labels() -> None:
    metrics = Metrics(lambda _provider, _model: None)
    plain = Refused(ID, "quota_exceeded", "openai", "", "POST", 429, recorded=False)
    projects = [str(UUID(int=n)) for n in range(PROJECTS_MAX + 50)]
    for _ in range(2):
        metrics.add([], [replace(plain, project_id=project) for project in projects])
    metrics.add([], [plain])
    counted = decode(metrics.encode()).counters[families.PROJECT_REFUSALS.name]
    assert len(counted) == PROJECTS_MAX + 2
    assert counted["other", "quota_exceeded"] == 100
    assert counted["none", "quota_exceeded"] == 1
    assert counted[projects[0], "quota_exceeded"] == 2
