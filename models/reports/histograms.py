"""Percentiles from the counters' histograms, interpolated within a bucket."""

from collections.abc import Sequence


def percentile(counts: Sequence[float], bounds: Sequence[int], share: float) -> float | None:
    """The value that `share` (0 to 1) of what was counted does not exceed; None where nothing was.

    `counts` has one bucket more than `bounds`, for whatever is beyond the last of them; of that
    no more is known than the bound, so a percentile there is the bound. Within a bucket the
    values are taken to be spread evenly, as Prometheus' `histogram_quantile` does.
    """
    total = sum(counts)
    if not total:
        return None
    rank = share * total
    below = 0.0
    lower = 0
    for count, upper in zip(counts, bounds, strict=False):
        if count and below + count >= rank:
            return lower + (upper - lower) * (rank - below) / count
        below += count
        lower = upper
    return float(bounds[-1])
