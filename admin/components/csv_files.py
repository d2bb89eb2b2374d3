"""CSV that opens safely: no cell of it is a formula, whatever a project is called."""

import csv
import io
from collections.abc import AsyncIterator, Iterable

from admin.web.request import RequestContext
from models.text import opens_a_formula


def cell(value: object) -> str:
    """`value` as text that no spreadsheet computes."""
    if value is None:
        return ""
    text = str(value)
    # A number of ours may be negative; only texts come from users.
    if isinstance(value, str) and opens_a_formula(text):
        return f"'{text}"
    return text


def lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows as RFC 4180 writes them."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerows([cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode("utf-8")


async def send(
    ctx: RequestContext,
    name: str,
    head: tuple[str, ...],
    parts: AsyncIterator[Iterable[Iterable[object]]],
) -> None:
    """Answer with a file, sent as it is read, so that a long one needs no memory."""
    response = await ctx.request.respond(
        content_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{name}"'},
    )
    # Excel takes UTF-8 for what it is only with this mark in front.
    await response.send("\ufeff".encode() + lines([head]))
    async for rows in parts:
        await response.send(lines(rows))
    await response.eof()
