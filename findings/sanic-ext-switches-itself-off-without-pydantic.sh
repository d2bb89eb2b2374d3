#!/usr/bin/env bash
# Sanic runs on without any of its extensions when pydantic is missing, and sanic-ext does not ask for it.
#
# Seen with sanic 25.12.1 and sanic-ext 25.12.0. sanic-ext imports pydantic unconditionally and does not
# declare it; Sanic takes the ImportError for "no extensions installed" and starts without a word. What the
# extensions would have done (templates, security headers, CORS) is silently not done.
#
# Output seen:
#   pydantic required by sanic-ext: False
#   importing sanic_ext: ModuleNotFoundError: No module named 'pydantic'
#   served: 200, extensions: none, said about it: nothing
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet sanic==25.12.1 sanic-ext==25.12.0
"$work/venv/bin/python" - 2>"$work/log" <<'PY'
import asyncio, io, logging, socket
from importlib.metadata import requires
from sanic import Sanic
from sanic.response import text

required = any(line.startswith("pydantic") and "extra ==" not in line for line in requires("sanic-ext"))
print("pydantic required by sanic-ext:", required)
try:
    import sanic_ext
    failure = "fine"
except ModuleNotFoundError as error:
    failure = f"{type(error).__name__}: {error}"
print("importing sanic_ext:", failure)

log = io.StringIO()
logging.basicConfig(stream=log, level=logging.DEBUG)
app = Sanic("finding", configure_logging=False)


@app.get("/")
async def index(request):
    return text("served")


async def main():
    listener = socket.create_server(("127.0.0.1", 0))
    server = await app.create_server(sock=listener, return_asyncio_server=True)
    await server.startup()
    await server.before_start()
    await server.start_serving()
    reader, writer = await asyncio.open_connection(*listener.getsockname())
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    return int((await reader.read()).split(b" ")[1])


status = asyncio.run(main())
extensions = "none" if getattr(app, "_ext", None) is None else "some"
said = "nothing" if "ext" not in log.getvalue().lower() else "something"
print(f"served: {status}, extensions: {extensions}, said about it: {said}")
assert not required and failure.startswith("ModuleNotFoundError")
assert (status, extensions, said) == (200, "none", "nothing"), log.getvalue()
PY
