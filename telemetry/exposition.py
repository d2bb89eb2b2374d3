"""The text of `/metrics`, added up over the files in which all workers keep their numbers.

In steps, so that whoever makes it can let others have the interpreter in between: 200 KB of it are
some 30 ms of work. prometheus_client's own collector makes it in one go and parses every key of
every file anew each time.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import lru_cache
from operator import add
from pathlib import Path
from typing import Final, NamedTuple

#: Samples that are worked off in one step: less than a millisecond.
_STEP: Final = 250
#: Keys whose labels are remembered. There are some 40 for each endpoint of a provider in use.
_REMEMBERED: Final = 50_000
_TYPES: Final = ("counter", "gauge", "histogram")
#: Of levels of which the highest counts; all others are added up.
_MOST: Final = "gauge_livemax_"
_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n"})


class _Key(NamedTuple):
    """What one value in a file is of."""

    family: str
    help: str
    name: str
    #: `{a="b",…}` in the order of the names, or "".
    labels: str
    #: The same without `le`, which tells whose bucket it is; "" for what is no bucket.
    of: str
    bound: float


class _Family:
    """One metric: its plain samples, and the buckets of its histograms by their labels."""

    def __init__(self, kind: str, key: _Key) -> None:
        self.kind = kind
        self.help = key.help
        self.samples: list[tuple[str, float]] = []
        self.buckets: defaultdict[str, list[tuple[float, str, float]]] = defaultdict(list)


def steps(files: Iterable[Path]) -> Generator[None, None, bytes]:
    """Yields after each bounded piece of work, and returns the text.

    A file without a beginning is one that a worker makes this very moment.
    """
    sums: dict[str, dict[str, float]] = {kind: defaultdict(float) for kind in _TYPES}
    for file in files:
        of_kind = sums[file.name.partition("_")[0]]
        together = max if file.name.startswith(_MOST) else add
        for number, (key, value) in enumerate(_values(file)):
            if not number % _STEP:
                yield
            of_kind[key] = together(of_kind[key], value)
    families: dict[str, _Family] = {}
    for kind, found in sums.items():
        for number, (text, value) in enumerate(found.items()):
            if not number % _STEP:
                yield
            _place(families, kind, _parse(text), value)
    lines: list[str] = []
    for name, family in families.items():
        for number, line in enumerate(_lines(name, family)):
            if not number % _STEP:
                yield
            lines.append(line)
    return "".join(lines).encode()


def _values(file: Path) -> Iterator[tuple[str, float]]:
    from prometheus_client.mmap_dict import MmapedDict  # noqa: PLC0415  (as in `metrics.share`)

    try:
        if not file.stat().st_size:
            return
        found = MmapedDict.read_all_values_from_file(str(file))  # type: ignore[no-untyped-call]
    except FileNotFoundError:
        # The levels of a worker that has just ended.
        return
    for key, value, _, _ in found:
        yield key, value


@lru_cache(maxsize=_REMEMBERED)
def _parse(text: str) -> _Key:
    family, name, labels, documentation = json.loads(text)
    bound = labels.get("le")
    return _Key(
        family,
        documentation,
        name,
        _written(labels),
        "" if bound is None else _written({k: v for k, v in labels.items() if k != "le"}),
        0.0 if bound is None else float(bound),
    )


def _written(labels: dict[str, str]) -> str:
    pairs = ",".join(f'{name}="{labels[name].translate(_ESCAPES)}"' for name in sorted(labels))
    return f"{{{pairs}}}" if pairs else ""


def _place(families: dict[str, _Family], kind: str, key: _Key, value: float) -> None:
    family = families.get(key.family)
    if family is None:
        family = families[key.family] = _Family(kind, key)
    if key.name.endswith("_bucket") and kind == "histogram":
        family.buckets[key.of].append((key.bound, key.labels, value))
    else:
        family.samples.append((f"{key.name}{key.labels}", value))


def _lines(name: str, family: _Family) -> Iterator[str]:
    from prometheus_client import utils  # noqa: PLC0415  (as in `metrics.share`)

    number: Callable[[float], str] = utils.floatToGoString
    shown = f"{name}_total" if family.kind == "counter" else name
    yield f"# HELP {shown} {family.help.translate(_HELP_ESCAPES)}\n"
    yield f"# TYPE {shown} {family.kind}\n"
    for sample, value in family.samples:
        yield f"{sample} {number(value)}\n"
    for labels, buckets in family.buckets.items():
        total = 0.0
        for _, bucket, value in sorted(buckets):
            total += value
            yield f"{name}_bucket{bucket} {number(total)}\n"
        yield f"{name}_count{labels} {number(total)}\n"
