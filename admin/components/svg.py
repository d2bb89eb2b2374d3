"""Numbers as the shapes of an SVG: sparklines, and columns stacked by series.

Shapes are in units of a box that the page stretches; colours are classes, which the style sheet
knows.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final, TypeVar

T = TypeVar("T")

#: Bars of a sparkline.
BARS: Final = 48
#: Units from one bar or column to the next.
PITCH: Final = 10
_SPARK_HEIGHT: Final = 24
#: The least that shows: one request beside a million.
_LEAST: Final = 1.2


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle that stands at `y` from the top."""

    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Block:
    """One series' part of a column; `style` is its class."""

    style: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One step of time, and what is stacked there."""

    x: int
    blocks: tuple[Block, ...]


def fold(
    parts: Sequence[T], add: Callable[[Sequence[tuple[T, float]]], float | None]
) -> list[float]:
    """`BARS` values from however many parts: each bar is `add` of the parts it covers.

    A part that lies across two bars is given to both by how much of it lies in each, so that
    nothing is counted twice and 60 minutes fit 48 bars.
    """
    width = len(parts) / BARS
    folded = []
    for bar in range(BARS):
        first, last = bar * width, (bar + 1) * width
        covered = [
            (parts[n], min(last, n + 1) - max(first, n))
            for n in range(floor(first), min(len(parts), ceil(last - 1e-9)))
        ]
        folded.append(add(covered) or 0.0)
    return folded


def sparkline(values: Sequence[float]) -> tuple[Bar, ...]:
    """Bars as high as the highest allows; none where there is nothing."""
    most = max(values, default=0)
    if not most:
        return ()
    bars = []
    for number, value in enumerate(values):
        height = max(_LEAST, value / most * _SPARK_HEIGHT) if value else 0
        if height:
            bars.append(Bar(number * PITCH + 1, round(_SPARK_HEIGHT - height, 2), round(height, 2)))
    return tuple(bars)


def round_up(value: float) -> float:
    """The least round number that is not below `value`: an axis's end."""
    if value <= 0:
        return 0
    size: float = 10 ** floor(log10(value))
    return next(
        (step * size for step in (1, 1.5, 2, 3, 4, 5, 6, 8) if value <= step * size), 10 * size
    )


def stack(
    series: Sequence[tuple[str, Sequence[float]]], steps: int, top: float
) -> tuple[Column, ...]:
    """Columns of 100 units for `top`; the first series lies at the bottom."""
    columns = []
    for number in range(steps):
        blocks, y = [], 100.0
        for style, values in series:
            if values[number] > 0 and top:
                height = max(_LEAST, values[number] / top * 100)
                y = max(0.0, y - height)
                blocks.append(Block(style, round(y, 2), round(height, 2)))
        columns.append(Column(number * PITCH, tuple(blocks)))
    return tuple(columns)
