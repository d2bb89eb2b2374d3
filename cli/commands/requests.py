"""`llm-proxy requests`: the request log."""

from typing import Annotated, Any

import typer

from cli import lookup, names, output, values, views
from cli.command_table import examples, verb
from cli.errors import WrongUsage
from cli.options import (
    Cursor,
    Json,
    Limit,
    ModelOption,
    ProjectOption,
    Since,
    TokenOption,
    Until,
)
from cli.session import Session, with_database
from manage.schemas.requests import RequestView
from models.queries import lists, request_lists
from models.queries.request_lists import ListedOutcome
from models.request_log import RequestLog

app = verb()

_COLUMNS = (
    "id",
    "at",
    "project",
    "token",
    "endpoint",
    "model",
    "status",
    "outcome",
    "prompt_tokens",
    "completion_tokens",
    "cost_usd",
    "duration_ms",
)
#: Where an answer was kept.
_OF_KEPT = ("cached", "saved_usd")
_OF_REFUSALS = (
    "id", "at", "project", "token", "endpoint", "model", "status", "refusal_code", "token_id",
)  # fmt: skip


@app.command(
    epilog=examples(
        "llm-proxy requests --project docs --from 1h",
        "llm-proxy requests --status 429 --json",
        "llm-proxy requests --outcome client_left --limit 200",
        "llm-proxy requests --upstream-code insufficient_quota --from 7d",
        "llm-proxy requests --outcome refused --refusal-code quota_exceeded",
        "llm-proxy requests --tag team=search --end-user u-8231",
        "llm-proxy requests --cached --from 1d",
    )
)
@with_database
async def requests(
    _session: Session,
    *,
    project: ProjectOption = None,
    token: TokenOption = None,
    model: ModelOption = None,
    status: Annotated[
        int | None, typer.Option(min=0, max=999, help="With this status; 0 where none was sent.")
    ] = None,
    outcome: Annotated[
        ListedOutcome | None,
        typer.Option(help="How they ended; refused: the newest that the proxy answered itself."),
    ] = None,
    refusal_code: Annotated[
        str | None, typer.Option(help="Of --outcome refused: those with this code.")
    ] = None,
    upstream_code: Annotated[
        str | None,
        typer.Option(help="Those whose upstream answered with this error code or type, in full."),
    ] = None,
    tag: Annotated[
        str | None,
        typer.Option(parser=values.tag_text, metavar="KEY=VALUE", help="Those with this tag."),
    ] = None,
    end_user: Annotated[str | None, typer.Option(help="Those made for this one.")] = None,
    cached: Annotated[
        bool | None,
        typer.Option("--cached/--not-cached", help="Those answered out of the cache, or not."),
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """Show requests, newest first. Prompts and answers are not stored."""
    if refusal_code is not None and outcome != "refused":
        raise WrongUsage("--refusal-code needs --outcome refused.")
    if upstream_code is not None and outcome == "refused":
        raise WrongUsage("--upstream-code is of answers: what the proxy refused has none.")
    if outcome == "refused" and (tag, end_user, cached) != (None, None, None):
        raise WrongUsage(
            "--tag, --end-user and --cached are of answers: what the proxy refused has none."
        )
    if outcome == "refused":
        refused = request_lists.refusals(
            project_id=await lookup.project_id(project),
            token_id=await lookup.token_id(token),
            model=model,
            status=status,
            code=refusal_code,
            start=since,
            end=until,
        )
        newest, following = await lists.page(refused, limit=limit, before=lookup.cursor(cursor))
        shown = [views.plain(RequestView.of_refusal(row)) for row in newest]
        if not as_json:
            await names.add_names(shown)
        output.page(shown, _OF_REFUSALS, as_json=as_json, following=following)
        return
    rows = request_lists.requests(
        project_id=await lookup.project_id(project),
        token_id=await lookup.token_id(token),
        model=model,
        status=status,
        outcome=outcome,
        upstream_code=upstream_code,
        tag=tag,
        end_user=end_user,
        cached=cached,
        start=since,
        end=until,
    )
    found, following = await lists.page(rows, limit=limit, before=lookup.cursor(cursor))
    items = [views.plain(RequestView.of(row)) for row in found]
    if not as_json:
        for row, item in zip(found, items, strict=True):
            _say_what_is_unknown(row, item)
        await names.add_names(items)
    columns = (*_COLUMNS, *_OF_KEPT) if any(row.cached for row in found) else _COLUMNS
    output.page(items, columns, as_json=as_json, following=following)


def _say_what_is_unknown(row: RequestLog, item: dict[str, Any]) -> None:
    """Put words where nothing is known; where nothing was used, nothing stands."""
    if row.used_nothing:
        return
    is_unknown = row.usage == "unknown"
    if is_unknown:
        item |= {"prompt_tokens": output.UNKNOWN, "completion_tokens": output.UNKNOWN}
    if row.cost_nanos is None:
        item["cost_usd"] = output.UNKNOWN if is_unknown else output.NO_PRICE
