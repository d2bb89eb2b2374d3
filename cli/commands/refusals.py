"""`llm-proxy refusals`: what the proxy answered itself, counted."""

from datetime import UTC, datetime
from typing import Annotated, Final

import typer

from cli import lookup, names, output, views
from cli.command_table import examples, verb
from cli.errors import WrongUsage
from cli.options import Json, ModelOption, ProjectOption, Since, TokenOption, Until
from cli.session import Session, with_database
from manage.schemas.refusals import RefusalSumView
from models.refusal_words import reason
from models.reports.refusal_report import (
    GROUP_COLUMN,
    GroupBy,
    RefusalQuery,
    RefusalRow,
    report,
)
from models.reports.time_ranges import Bucket
from models.reports.usage_report import DEFAULT_RANGE

app = verb()

#: Rows among which the most frequent are looked for.
_MOST: Final = 100_000


@app.command(
    epilog=examples(
        "llm-proxy refusals --from 24h",
        "llm-proxy refusals --group-by token --code quota_exceeded",
        "llm-proxy refusals --project docs --bucket day --group-by model --json",
    )
)
@with_database
async def refusals(
    _session: Session,
    *,
    project: ProjectOption = None,
    token: TokenOption = None,
    model: ModelOption = None,
    code: Annotated[str | None, typer.Option(help="With this code, as docs/errors.md has it.")] = (
        None
    ),
    since: Since = None,
    until: Until = None,
    bucket: Annotated[Bucket, typer.Option(help="One row for all, or for each.")] = "total",
    group_by: Annotated[GroupBy, typer.Option(help="A row for each of these.")] = "code",
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="At most so many rows.")] = 1000,
    as_json: Json = False,
) -> None:
    """Count refusals by code, project, token or model; of the last 30 days unless said otherwise.

    The most frequent come first, within each bucket. Times are widened to whole hours. What was
    refused before its token was known, such as a token that somebody made up, has no project and
    no token. The newest are in `llm-proxy requests --outcome refused`.
    """
    end = until or datetime.now(UTC)
    start = since or end - DEFAULT_RANGE
    if start >= end:
        raise WrongUsage("--from must be before --to.")
    query = RefusalQuery(
        start=start,
        end=end,
        bucket=bucket,
        group_by=group_by,
        project_id=await lookup.project_id(project),
        token_id=await lookup.token_id(token),
        model=model,
        code=code,
    )
    rows, place = await report(query, limit=_MOST)
    is_cut = place is not None or len(rows) > limit
    rows = _most_first(rows)[:limit]
    items = [views.plain(RefusalSumView.of(row, group_by)) for row in rows]
    columns = [] if bucket == "total" else ["bucket"]
    columns.append(GROUP_COLUMN[group_by])
    if not as_json:
        await names.add_names(items)
        columns += [group_by] if group_by in ("project", "token") else []
        if group_by == "code":
            items = [item | {"means": reason(item["code"]).says} for item in items]
            columns.append("means")
    output.page(items, [*columns, "refusals"], as_json=as_json)
    if is_cut:
        output.say(f"There is more than {limit} rows: narrow the range, or raise --limit.")


def _most_first(rows: list[RefusalRow]) -> list[RefusalRow]:
    """Within each bucket, whose order stays."""
    place = {bucket: at for at, bucket in enumerate(dict.fromkeys(row.bucket for row in rows))}
    return sorted(rows, key=lambda row: (place[row.bucket], -row.refusals))
