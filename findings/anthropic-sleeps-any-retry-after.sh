#!/usr/bin/env bash
# anthropic (Python) sleeps for whatever Retry-After says, with no upper bound, twice.
#
# Seen with anthropic 2.14.0. Its sister SDK openai gives up above 120 s; this one sleeps 3600 s
# before each of its two retries, with the caller's thread inside `create`. So a proxy must not send a
# Retry-After that is longer than a caller can bear, and says `x-should-retry: false` where a retry
# cannot help.
#
# Output seen:
#   RateLimitError after sleeping [3600.0, 3600.0]
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet anthropic==2.14.0
"$work/venv/bin/python" - <<'PY'
import socket, threading, time
import anthropic

listener = socket.create_server(("127.0.0.1", 0))
BODY = b'{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}'


def serve():
    while True:
        client, _ = listener.accept()
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        client.sendall(b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 3600\r\nconnection: close\r\n"
                       b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(BODY) + BODY)
        client.close()


threading.Thread(target=serve, daemon=True).start()
slept = []
time.sleep = slept.append  # What it would have slept is enough to know.
client = anthropic.Anthropic(api_key="k", base_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
try:
    client.messages.create(model="m", max_tokens=5, messages=[{"role": "user", "content": "x"}])
    raised = "nothing"
except anthropic.APIError as error:
    raised = type(error).__name__
print(f"{raised} after sleeping {slept}")
assert (raised, slept) == ("RateLimitError", [3600.0, 3600.0])
PY
