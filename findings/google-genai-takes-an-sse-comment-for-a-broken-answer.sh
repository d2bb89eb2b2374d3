#!/usr/bin/env bash
# google-genai (Python) raises on lines of an event stream that the SSE standard has clients ignore.
#
# Seen with google-genai 3.6.1. WHATWG HTML 9.2.6 has a client skip comments, ignore other fields and
# take `data:` without a space. This SDK parses whatever is not `data: ` as JSON and raises. So a proxy
# in front of it must send no keep-alive comment and must not normalise the stream.
#
# Output seen:
#   plain: hi
#   comment: UnknownApiResponseError
#   without space: UnknownApiResponseError
#   event field: UnknownApiResponseError
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet google-genai==3.6.1
"$work/venv/bin/python" - <<'PY'
import json, socket, threading
from google import genai

FRAME = json.dumps({"candidates": [{"content": {"role": "model", "parts": [{"text": "hi"}]},
                                    "finishReason": "STOP"}]})
STREAMS = {
    "plain": f"data: {FRAME}\n\n",
    "comment": f": keep-alive\n\ndata: {FRAME}\n\n",
    "without space": f"data:{FRAME}\n\n",
    "event field": f"event: message\ndata: {FRAME}\n\n",
}
listener = socket.create_server(("127.0.0.1", 0))
stream = b""


def serve():
    while True:
        client, _ = listener.accept()
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        client.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n"
                       b"content-length: %d\r\n\r\n" % len(stream) + stream)
        client.close()


threading.Thread(target=serve, daemon=True).start()
url = f"http://127.0.0.1:{listener.getsockname()[1]}"
seen = {}
for name, text in STREAMS.items():
    stream = text.encode()
    client = genai.Client(api_key="k", http_options={"base_url": url})
    try:
        parts = client.models.generate_content_stream(model="gemini-2.5-flash", contents="x")
        seen[name] = "".join(part.text for part in parts)
    except Exception as error:
        seen[name] = type(error).__name__
    print(f"{name}: {seen[name]}")
broken = "UnknownApiResponseError"
assert list(seen.values()) == ["hi", broken, broken, broken], seen
PY
