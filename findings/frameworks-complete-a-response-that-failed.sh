#!/usr/bin/env bash
# LangChain.js and LlamaIndex take a streamed response of OpenAI's that failed for one that ended.
#
# Seen with @langchain/openai 1.5.8 and @langchain/core 1.4.0, and with llama-index-llms-openai 0.8.3.
# `/v1/responses` reports a failure after the first bytes as an event, `error` or `response.failed`.
# OpenAI's SDKs hand it on like any other event, and these two frameworks skip it: their stream ends
# cleanly with the text so far. LangChain for Python raises. So their users do not see that a response
# failed, and whoever counts failures has to read the stream on its way.
#
# Output seen:
#   LangChain.js, error: "Hello"
#   LangChain.js, response.failed: "Hello"
#   LlamaIndex, error: "Hello"
#   LlamaIndex, response.failed: "Hello"
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet llama-index-llms-openai==0.8.3
cd "$work"
npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts @langchain/openai@1.5.8 @langchain/core@1.4.0 > npm.log
cat > client.mjs <<'JS'
import { ChatOpenAI } from "@langchain/openai";
const model = new ChatOpenAI({
  model: "gpt-4o-mini", apiKey: "k", useResponsesApi: true, maxRetries: 0,
  configuration: { baseURL: process.argv[2] },
});
let text = "";
try {
  for await (const part of await model.stream("x")) text += part.text;
  console.log(`"${text}"`);
} catch (error) {
  console.log(error.constructor.name);
}
JS
cat > client.py <<'PY'
import sys
from llama_index.llms.openai import OpenAIResponses
model = OpenAIResponses(api_base=sys.argv[1], api_key="k", model="gpt-4o-mini", max_retries=0)
try:
    print('"%s"' % "".join(part.delta or "" for part in model.stream_complete("x")))
except Exception as error:
    print(type(error).__name__)
PY
"$work/venv/bin/python" - <<'PY'
import json, subprocess, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

RESPONSE = {"id": "resp_1", "object": "response", "created_at": 1, "status": "in_progress", "error": None,
            "model": "gpt-4o-mini", "output": [], "parallel_tool_calls": True, "tool_choice": "auto",
            "tools": [], "usage": None, "metadata": {}, "incomplete_details": None, "instructions": None,
            "temperature": 1.0, "top_p": 1.0, "text": {"format": {"type": "text"}}}
PART = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
ITEM = {"id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
AT = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
FAILURE = {"code": "server_error", "message": "The server had an error"}
BEGUN = [
    {"type": "response.created", "response": RESPONSE},
    {"type": "response.output_item.added", "output_index": 0, "item": ITEM},
    {"type": "response.content_part.added", **AT, "part": PART},
    {"type": "response.output_text.delta", **AT, "delta": "Hello", "logprobs": []},
]
ENDS = {
    "error": {"type": "error", "param": None, **FAILURE},
    "response.failed": {"type": "response.failed",
                        "response": RESPONSE | {"status": "failed", "error": FAILURE}},
}
end = {}


class Upstream(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        events = [one | {"sequence_number": number} for number, one in enumerate([*BEGUN, end])]
        body = "".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n" for one in events).encode()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
threading.Thread(target=server.serve_forever, daemon=True).start()
seen = []
for name, command in (("LangChain.js", ("node", "client.mjs")), ("LlamaIndex", (sys.executable, "client.py"))):
    for kind, end in ENDS.items():
        url = f"http://127.0.0.1:{server.server_port}/v1"
        said = subprocess.run([*command, url], check=True, capture_output=True, text=True, timeout=120)
        seen.append(f"{name}, {kind}: {said.stdout.strip()}")
        print(seen[-1])
assert seen == [
    f'{name}, {kind}: "Hello"' for name in ("LangChain.js", "LlamaIndex") for kind in ENDS
], seen
PY
