#!/usr/bin/env bash
# Sanic ends a chunked response cleanly when its streaming handler raises in the middle.
#
# Seen with sanic 25.12.1. RFC 9112 8 has a recipient take a chunked message without its last chunk for
# incomplete, which is how a server says that it failed. Sanic logs the exception and sends the last chunk
# all the same: to every client the answer looks whole. A relay has to abort the transport itself.
#
# Output seen:
#   b'b\r\ndata: one\n\n\r\n0\r\n\r\n'
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet sanic==25.12.1
"$work/venv/bin/python" - 2>"$work/log" <<'PY'
import asyncio, socket
from sanic import Sanic

app = Sanic("finding", configure_logging=False)


@app.get("/")
async def stream(request):
    response = await request.respond(content_type="text/event-stream")
    await response.send("data: one\n\n")
    raise RuntimeError("the upstream broke")


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    server = await app.create_server(sock=listener, return_asyncio_server=True)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    body = (await reader.read()).partition(b"\r\n\r\n")[2]
    print(body)
    assert body == b"b\r\ndata: one\n\n\r\n0\r\n\r\n"


asyncio.run(main())
PY
