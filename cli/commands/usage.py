"""`llm-proxy usage`: what was used, added up."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

import typer

from cli import lookup, names, output, values, views
from cli.command_table import examples, verb
from cli.errors import WrongUsage
from cli.options import Json, ModelOption, ProjectOption, Since, TokenOption, Until
from cli.session import Session, with_database
from manage.schemas.usage import UsageView
from models.reports.time_ranges import Bucket
from models.reports.usage_report import (
    DEFAULT_RANGE,
    UsageQuery,
    field_of,
    report,
)

app = verb()

#: Rows among which the dearest are looked for.
_MOST: Final = 100_000

_COLUMNS = (
    "requests",
    "errors",
    "prompt_tokens",
    "completion_tokens",
    "cached_tokens",
    "total_tokens",
    "cost_usd",
    "unpriced_requests",
)
#: Where answers were looked for in the cache.
_OF_KEPT = ("cached_requests", "cache_misses", "saved_usd")


@app.command(
    epilog=examples(
        "llm-proxy usage",
        "llm-proxy usage --bucket day --from 7d --project docs",
        "llm-proxy usage --group-by model --json",
        "llm-proxy usage --group-by tag:team --from 30d",
    )
)
@with_database
async def usage(
    _session: Session,
    *,
    project: ProjectOption = None,
    token: TokenOption = None,
    model: ModelOption = None,
    since: Since = None,
    until: Until = None,
    bucket: Annotated[Bucket, typer.Option(help="One row for all, or for each.")] = "total",
    group_by: Annotated[
        str | None,
        typer.Option(
            parser=values.group_by,
            metavar="project|token|model|endpoint|key|end_user|tag:KEY",
            help="A row for each of these.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="At most so many rows.")] = 1000,
    as_json: Json = False,
) -> None:
    """Add up requests, tokens and cost; of the last 30 days unless said otherwise.

    Grouped rows are sorted by cost, within each bucket. Times are widened to whole buckets. A
    request shows within two seconds. Where nothing was used the cost is "–"; where no usage or no
    price is known for any of it, it says so.
    """
    end = until or datetime.now(UTC)
    start = since or end - DEFAULT_RANGE
    if start >= end:
        raise WrongUsage("--from must be before --to.")
    query = UsageQuery(
        start=start,
        end=end,
        bucket=bucket,
        group_by=group_by,
        project_id=await lookup.project_id(project),
        token_id=await lookup.token_id(token),
        model=model,
    )
    rows, place = await report(query, limit=_MOST if group_by else limit)
    items = _dearest_first([views.plain(UsageView.of(row, group_by)) for row in rows])
    is_cut = place is not None or len(items) > limit
    items = items[:limit]
    columns = [] if bucket == "total" else ["bucket"]
    columns += [field_of(group_by)] if group_by else []
    if not as_json:
        for item in items:
            if item["cost_usd"] is None and (unpriced := item["unpriced_requests"]):
                is_unknown = unpriced <= item["unknown_usage_requests"]
                item["cost_usd"] = output.UNKNOWN if is_unknown else output.NO_PRICE
        await names.add_names(items)
        columns += [group_by] if group_by in ("project", "token", "key") else []
    looked_for = any(item["cached_requests"] or item["cache_misses"] for item in items)
    columns += [*_COLUMNS, *(_OF_KEPT if looked_for else ())]
    output.page(items, columns, as_json=as_json)
    if is_cut:
        output.say(f"There is more than {limit} rows: narrow the range, or raise --limit.")


def _dearest_first(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By cost within each bucket, whose order stays; without a known cost by tokens, at the end."""
    place = {bucket: at for at, bucket in enumerate(dict.fromkeys(it["bucket"] for it in items))}
    return sorted(
        items,
        key=lambda it: (place[it["bucket"]], -(it["cost_usd"] or 0), -(it["total_tokens"] or 0)),
    )
