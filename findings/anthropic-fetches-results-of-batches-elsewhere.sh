#!/usr/bin/env bash
# anthropic (Python and JavaScript) fetches a batch's results from the host that the batch names, not
# from its base URL.
#
# Seen with anthropic 2.14.0 and @anthropic-ai/sdk 1.14.0. Every other call of a client goes to the
# base URL that it was given, and the API reference has the results at
# `/v1/messages/batches/{id}/results`. `batches.results(id)` asks the base URL for the batch first,
# and then the address that its `results_url` has; a path alone is put behind the base URL. So results
# come past a gateway that hands the batch on as it is.
#
# Output seen:
#   Python: batch from the base URL; results from the host named
#   Python: batch from the base URL; results from the base URL
#   JavaScript: batch from the base URL; results from the host named
#   JavaScript: batch from the base URL; results from the base URL
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet anthropic==2.14.0
cd "$work"
npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts @anthropic-ai/sdk@1.14.0 > npm.log
cat > client.mjs <<'JS'
import Anthropic from "@anthropic-ai/sdk";
const client = new Anthropic({ apiKey: "k", baseURL: process.argv[2], maxRetries: 0 });
for await (const result of await client.messages.batches.results("msgbatch_1")) result.custom_id;
JS
cat > client.py <<'PY'
import sys
import anthropic
client = anthropic.Anthropic(api_key="k", base_url=sys.argv[1], max_retries=0)
for result in client.messages.batches.results("msgbatch_1"):
    result.custom_id
PY
"$work/venv/bin/python" - <<'PY'
import json, subprocess, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATH = "/v1/messages/batches/msgbatch_1"
RESULT = {"custom_id": "one", "result": {"type": "canceled"}}
origin = ""
asked = []


class Host(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        ends = self.path.endswith("/results")
        asked.append((self.server, ends))
        batch = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "ended",
                 "request_counts": {"processing": 0, "succeeded": 0, "errored": 0, "canceled": 1, "expired": 0},
                 "created_at": "2026-11-01T10:00:00Z", "expires_at": "2026-11-02T10:00:00Z",
                 "ended_at": "2026-11-01T10:05:00Z", "results_url": f"{origin}{PATH}/results"}
        body = json.dumps(RESULT if ends else batch).encode() + b"\n"
        self.send_response(200)
        self.send_header("content-type", "application/x-jsonl" if ends else "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


base, named = (ThreadingHTTPServer(("127.0.0.1", 0), Host) for _ in range(2))
for server in (base, named):
    threading.Thread(target=server.serve_forever, daemon=True).start()
names = {base: "the base URL", named: "the host named"}
lines = []
for language, command in (("Python", (sys.executable, "client.py")), ("JavaScript", ("node", "client.mjs"))):
    for origin in (f"http://127.0.0.1:{named.server_port}", ""):
        asked.clear()
        subprocess.run([*command, f"http://127.0.0.1:{base.server_port}"], check=True, timeout=120)
        (first, _), (second, ends) = asked
        assert ends
        lines.append(f"{language}: batch from {names[first]}; results from {names[second]}")
        print(lines[-1])
assert lines == [
    f"{language}: batch from the base URL; results from {where}"
    for language in ("Python", "JavaScript") for where in ("the host named", "the base URL")
], lines
PY
