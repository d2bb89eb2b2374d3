#!/usr/bin/env bash
# boto3 returns an empty result, and no error, for an answer that ended before its Content-Length.
#
# Seen with boto3 1.44.8, botocore 1.44.8, urllib3 2.8.0 (Linux, Python 3.11 and 3.13).
# `converse` reads the body whole. The server announces 504 bytes, sends 200 and closes in order (FIN).
# A guess would be an error, as `invoke_model`'s body gives when it is read in full; `converse`
# returns a dict without `output`, once, without a retry. After a reset instead of a close it repeats
# the request and then raises. So a proxy that must break such an answer has to reset the connection.
#
# Output seen:
#   orderly close: no error, keys ['ResponseMetadata'], 1 request
#   reset: ConnectionClosedError, 3 requests
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet boto3==1.44.8 botocore==1.44.8 urllib3==2.8.0
"$work/venv/bin/python" - <<'PY'
import json, re, socket, struct, threading
import boto3

WHOLE = json.dumps({"output": {"message": {"role": "assistant", "content": [{"text": "x" * 400}]}},
                    "stopReason": "end_turn"}).encode()
listener = socket.create_server(("127.0.0.1", 0))
requests, reset = 0, False


def serve():
    global requests
    while True:
        client, _ = listener.accept()
        requests += 1
        data = b""
        while b"\r\n\r\n" not in data:
            data += client.recv(65536)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(re.search(rb"content-length: (\d+)", head.lower())[1])
        while len(body) < length:
            body += client.recv(65536)
        client.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
                       % len(WHOLE) + WHOLE[:200])
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()


threading.Thread(target=serve, daemon=True).start()
bedrock = boto3.client("bedrock-runtime", region_name="us-east-1", aws_access_key_id="id",
                       aws_secret_access_key="secret",
                       endpoint_url=f"http://127.0.0.1:{listener.getsockname()[1]}")


def ask():
    global requests
    requests = 0
    try:
        answer = bedrock.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "hi"}]}])
        return f"no error, keys {sorted(answer)}, {requests} request"
    except Exception as error:
        return f"{type(error).__name__}, {requests} requests"


closed = ask()
reset = True
broken = ask()
print("orderly close:", closed)
print("reset:", broken)
assert closed == "no error, keys ['ResponseMetadata'], 1 request", closed
assert broken.endswith("3 requests"), broken
PY
