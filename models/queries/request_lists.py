"""The request log and the newest refusals as lists, with the filters that every door offers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from models.db.conditions import ANY, Condition
from models.entry import Outcome
from models.ids import first_id_at
from models.queries import request_kinds, request_tags
from models.queries.lists import (
    CompositeIndex,
    IndexPath,
    Listing,
    Source,
    equal,
    given,
    id_span,
    logged,
)
from models.queries.request_kinds import Kinds
from models.queries.scans import IndexScan, Merged, Rows, ScanStrategy, distinct
from models.queries.search import folded
from models.refusals import Refusal
from models.request_log import RequestLog

#: `refused` lists what was not let in, which is no outcome of an entry.
ListedOutcome: TypeAlias = Literal[Outcome, "refused"]

_FAILED: Final = Condition("status >= 400")
#: As the index of these has it.
_CACHED: Final = Condition("cache = 'hit'")
_NOT_CACHED: Final = Condition("cache <> 'hit'")
_INCOMPLETE: Final = Condition("outcome <> 'complete'")
#: Names of models or endpoints that are looked through for a part of one.
_MOST_NAMES: Final = 2_000
#: Of refusals, without an index and with 10,000 rows.
_MOST_OF_REFUSALS: Final = 200
#: Of those that have it, so many are looked for each by itself.
_MOST_MERGED: Final = 32
_NO_ROW: Final = Condition("FALSE")
_OF_MODELS: Final = (CompositeIndex(("project_id", "model"), "request_log_project_model"),)
#: Filters that no single index answers: `request_kinds`.
_BESIDE_PATHS: Final = ("status", "outcome", "endpoint")


def requests(
    *,
    request_id: UUID | None = None,
    project_id: UUID | None = None,
    token_id: UUID | None = None,
    model: str | None = None,
    models: Sequence[str] | None = None,
    endpoint: str | None = None,
    status: int | None = None,
    status_class: int | None = None,
    outcome: str | None = None,
    upstream_code: str | None = None,
    tag: str | None = None,
    end_user: str | None = None,
    cached: bool | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Listing[RequestLog]:
    """The request log from `start` up to but not including `end`; `tag` as `team=search`.

    `models`: any of these; `status_class` 4: statuses from 400 to 499; `cached`: whether a kept
    answer was given.
    """
    wanted = given(
        id=request_id,
        token_id=token_id,
        project_id=project_id,
        status=status,
        outcome=outcome,
        model=model,
        endpoint=endpoint,
        upstream_code=upstream_code,
        end_user=end_user,
    )
    kinds = _kinds(status, status_class, outcome)
    pairs = [] if kinds is None else _pairs(kinds)
    found = logged(RequestLog, wanted, start, end, [*_OF_MODELS, *pairs], without=_BESIDE_PATHS)
    first = None if start is None else str(first_id_at(start))
    ranged = [] if status_class is None else [_of_class(status_class)]
    named = [] if models is None else [_any_of(models)]
    tagged = [] if tag is None else [request_tags.carried(tag)]
    kept = [] if cached is None else [_CACHED if cached else _NOT_CACHED]
    conditions = equal(wanted)
    known = list(conditions.values())
    beside = [*ranged, *named, *tagged, *kept]
    # Nothing sorts or counts this log by `matching`, which does not know of these.
    paths = [path._replace(rest=(*path.rest, *beside)) for path in found.paths]
    if endpoint is not None or (kinds is not None and not kinds.has_usual):
        # What is rare is not looked for among all.
        paths = [path for path in paths if path.indexed is not ANY]
    if cached:
        rest = (*known, *ranged, *named, *tagged)
        paths.append(IndexPath(_CACHED, rest, index_name="request_log_cached"))
    sources = _by_ending(kinds, endpoint, conditions, (ranged, [*named, *tagged, *kept]), first)
    if models is not None and len(models) <= _MOST_MERGED:
        sources.append(ByModels(models, [*known, *ranged, *tagged, *kept], first))
    if tag is not None:
        sources.append(request_tags.ByTag(tag, [*known, *ranged, *named, *kept], first))
    return replace(found, paths=tuple(paths), sources=tuple(sources))


def _by_ending(
    kinds: Kinds | None,
    endpoint: str | None,
    conditions: Mapping[str, Condition],
    beside: tuple[Sequence[Condition], Sequence[Condition]],
    first: str | None,
) -> list[Source]:
    """The ways by how requests ended and by endpoint, where these are asked for.

    `conditions` by column; `beside` them what is asked of statuses, and all else.
    """
    sources: list[Source] = []
    of_statuses, others = beside
    if kinds is not None:
        further = [it for name, it in conditions.items() if name not in _BESIDE_PATHS]
        sources.append(request_kinds.ByKind(kinds, endpoint, [*further, *others], first))
    if endpoint is not None:
        further = [it for name, it in conditions.items() if name != "endpoint"]
        wanted = [*further, *of_statuses, *others]
        sources.append(request_kinds.ByEndpoint(endpoint, wanted, first))
    return sources


def _kinds(status: int | None, status_class: int | None, outcome: str | None) -> Kinds | None:
    """Those for which all holds that is given."""
    if status is None and status_class is None and outcome is None:
        return None
    every_one = Kinds(outcome=outcome)
    if status_class is not None:
        every_one = every_one.within(100 * status_class, 100 * status_class + 100)
    return every_one if status is None else every_one.within(status, status + 1)


def _of_class(first_digit: int) -> Condition:
    return Condition("status >= {} AND status < {}", (100 * first_digit, 100 * first_digit + 100))


def _any_of(models: Sequence[str]) -> Condition:
    if not models:
        return _NO_ROW
    return Condition(f"model IN ({', '.join('{}' for _ in models)})", tuple(models))


class ByModels:
    """The way along the rows of each of a few models, for those for which `wanted` holds."""

    def __init__(
        self, models: Sequence[str], wanted: Sequence[Condition], start: str | None
    ) -> None:
        self._models = models
        self._wanted = wanted
        self._start = start

    def __call__(self, rest: Sequence[Condition], *, most: int, before: str | None) -> ScanStrategy:
        scans = [
            IndexScan(
                Rows("request_log"),
                Condition("model = {}", (model,)),
                [*self._wanted, *rest],
                most=most,
                start=self._start,
                before=before,
            )
            for model in self._models
        ]
        return Merged(scans, most=most)


async def names(
    column: Literal["model", "endpoint"],
    table: Literal["request_log", "refusal"] = "request_log",
    *,
    most: int = _MOST_NAMES,
) -> list[str]:
    """The names in this column, in order; of the request log each is one step along an index."""
    if (table, column) == ("request_log", "endpoint"):
        return await request_kinds.endpoints(most=most)
    return await distinct(column, table, ANY, most=most)


async def models_like(
    part: str, table: Literal["request_log", "refusal"] = "request_log"
) -> list[str]:
    """Models with this in their name, whatever its case; an exact name is itself alone.

    Where there are more than 2,000 names, only a whole name is found.
    """
    most = _MOST_NAMES if table == "request_log" else _MOST_OF_REFUSALS
    known = await names("model", table, most=most)
    if part in known or len(known) >= most:
        return [part]
    wanted = folded(part)
    return [name for name in known if wanted in folded(name)]


def refusals(
    *,
    request_id: UUID | None = None,
    project_id: UUID | None = None,
    token_id: UUID | None = None,
    model: str | None = None,
    models: Sequence[str] | None = None,
    status: int | None = None,
    status_class: int | None = None,
    code: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Listing[Refusal]:
    """The newest refusals from `start` up to but not including `end`: few, and without an index."""
    wanted = given(
        id=request_id,
        token_id=token_id,
        project_id=project_id,
        status=status,
        code=code,
        model=model,
    )
    conditions = list(equal(wanted).values())
    if status_class is not None:
        conditions.append(_of_class(status_class))
    if models is not None:
        conditions.append(_any_of(models))
    return Listing(
        Refusal.filter(**wanted, **id_span(start, end)),
        (IndexPath(ANY, tuple(conditions)),),
        start=start,
        end=end,
    )


def _pairs(kinds: Kinds) -> list[CompositeIndex]:
    pairs = []
    if kinds.least >= 400:
        pairs += [
            CompositeIndex(("project_id",), "request_log_project_failed", _FAILED),
            CompositeIndex(("model",), "request_log_model_failed", _FAILED),
        ]
    if kinds.outcome not in (None, "complete"):
        pairs += [
            CompositeIndex(("project_id",), "request_log_project_incomplete", _INCOMPLETE),
            CompositeIndex(("model",), "request_log_model_incomplete", _INCOMPLETE),
        ]
    return pairs
