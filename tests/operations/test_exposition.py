"""The text of `/metrics` from the workers' numbers, whole and in pieces."""

from collections.abc import Iterable
from typing import Final

from telemetry import exposition, families
from telemetry.families import FAMILIES, Family, Numbers, Observations
from tests.operations.scraping import Scrape

_HOSTILE: Final = 'a"b\\c\nd'


def _labels(family: Family, number: int) -> tuple[str, ...]:
    """One hostile value, and one that differs."""
    if not family.labels:
        return ()
    return (*[_HOSTILE] * (len(family.labels) - 1), f"/v1/{number}")


def _worker(seed: int, sets: int) -> Numbers:
    """Every number that there may be, for so many sets of labels."""
    numbers = Numbers.none()
    for family in FAMILIES:
        for number in range(sets if family.labels else 1):
            labels = _labels(family, number)
            if family.kind == "counter":
                numbers.count(family, labels, seed)
            elif family.kind == "gauge":
                numbers.set(family, seed / 8, labels)
            else:
                counts = [seed] * (len(family.bounds) + 1)
                numbers.observe(family, labels, Observations(counts, seed * 1_500_000))
    return numbers


def _text(workers: Iterable[Numbers]) -> str:
    return b"".join(exposition.pieces(workers)).decode()


def test_the_text_is_what_all_workers_have_counted() -> None:
    text = _text([_worker(7, sets=1), _worker(11, sets=3), Numbers.none()])
    found = Scrape(text)

    assert found.families.keys() == {family.name for family in FAMILIES}
    for family in FAMILIES:
        parsed = found.families[family.name]
        assert (parsed.type, parsed.documentation) == (family.kind, family.help)
        assert all(set(sample.labels) - {"le"} == set(family.labels) for sample in parsed.samples)
    first = dict(zip(families.REQUESTS.labels, _labels(families.REQUESTS, 0), strict=True))
    last = dict(zip(families.REQUESTS.labels, _labels(families.REQUESTS, 2), strict=True))
    assert found.total("llm_proxy_requests_total", **first) == 18
    assert found.total("llm_proxy_requests_total", **last) == 11
    assert found.total("llm_proxy_active_requests") == 18 / 8
    # Of ages the greatest counts.
    assert found.total("llm_proxy_journal_oldest_entry_seconds") == 11 / 8
    where = dict(zip(families.TTFB.labels, _labels(families.TTFB, 0), strict=True))
    name = "llm_proxy_time_to_first_byte_seconds"
    assert found.total(f"{name}_bucket", le="0.005", **where) == 18
    assert found.total(f"{name}_bucket", le="0.025", **where) == 36
    buckets = len(families.TTFB.bounds) + 1
    assert found.total(f"{name}_bucket", le="+Inf", **where) == 18 * buckets
    assert found.total(f"{name}_count", **where) == 18 * buckets
    assert found.total(f"{name}_sum", **where) == 27.0


def test_what_has_not_been_counted_yet_is_0_where_its_labels_are_known() -> None:
    """The first refusal of a kind is to be seen as growth."""
    numbers = Numbers.none()
    numbers.count(families.REFUSALS, ("overloaded",), 2)
    found = Scrape(_text([numbers]))

    counted = {(sample.name, *sample.labels.values()): sample.value for sample in found.samples}
    assert counted.pop(("llm_proxy_refusals_total", "overloaded")) == 2
    assert set(counted.values()) == {0}
    assert counted.keys() >= {
        ("llm_proxy_refusals_total", "database_unavailable"),
        ("llm_proxy_undecided_limits_total", "refused"),
        ("llm_proxy_connections_refused_total", "max_connections_per_address"),
        ("llm_proxy_connections_dropped_total", "unread"),
        ("llm_proxy_budget_overshoots_total", "tokens"),
        ("llm_proxy_cache_requests_total", "collapsed"),
        ("llm_proxy_cache_saved_usd_total",),
    }
    # Of other counters nobody knows the labels beforehand, and a gauge that is 0 says something.
    shown = {name for name, *_ in counted}
    assert shown == {f"{family.name}_total" for family in FAMILIES if family.known}


def test_no_piece_is_more_than_a_step_and_each_name_has_one_head() -> None:
    sets = 3 * exposition.STEP + 1
    pieces = list(exposition.pieces([_worker(1, sets), _worker(2, sets)]))

    lines = [[line for line in piece.splitlines() if line[:1] != b"#"] for piece in pieces]
    assert max(map(len, lines)) <= exposition.STEP
    # As many numbers as a worker has are added up between two pieces at the most.
    numbers = sum(sets if family.labels else 1 for family in FAMILIES)
    assert pieces.count(b"") >= 2 * (numbers // exposition.STEP)
    text = b"".join(pieces)
    assert text.count(b"# TYPE ") == len(FAMILIES)
    samples = sum(
        (sets if family.labels else 1) * (len(family.bounds) + 3 if family.bounds else 1)
        for family in FAMILIES
    ) + sum(len(family.known) for family in FAMILIES if family.labels)
    assert sum(map(len, lines)) == samples
