"""A plain forwarder, as one would write it first: a Sanic handler around `httpx.AsyncClient`.

No token, no limit, no ledger: it only passes on.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import httpx
from sanic import Request, Sanic

_NOT_OURS = frozenset(("connection", "content-length", "host", "keep-alive", "transfer-encoding"))

app: Sanic[Any, SimpleNamespace] = Sanic("forwarder", configure_logging=False)
# A stream may pause for longer than Sanic's default of a minute.
app.config.RESPONSE_TIMEOUT = 3600


@app.before_server_start
async def open_client(application: Sanic[Any, SimpleNamespace], _: object) -> None:
    """The client lives in the worker's loop."""
    application.ctx.client = httpx.AsyncClient(
        base_url=sys.argv[2],
        timeout=None,
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=256),
    )


@app.route("/v1/<path:path>", methods=["GET", "POST"])
async def forward(request: Request, path: str) -> None:
    """Pass the request on, and its answer back as it comes."""
    client: httpx.AsyncClient = request.app.ctx.client
    headers = [field for field in request.headers.items() if field[0].lower() not in _NOT_OURS]
    async with client.stream(
        request.method, f"/v1/{path}", headers=headers, content=request.body
    ) as answer:
        kept = {name: value for name, value in answer.headers.items() if name not in _NOT_OURS}
        response = await request.respond(
            status=answer.status_code, headers=kept, content_type=answer.headers["content-type"]
        )
        async for piece in answer.aiter_raw():
            await response.send(piece)
        await response.eof()


if __name__ == "__main__":
    app.run(
        host="127.0.0.1", port=int(sys.argv[1]), single_process=True, access_log=False, motd=False
    )
