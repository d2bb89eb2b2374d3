"""The bundled fake upstream: an OpenAI-style (and Anthropic-style) server that asks no model.

It also has Gemini's and Vertex AI's `generateContent` and what belongs to it, Bedrock's Converse
and invoke with their frames, and Ollama's own chat, each with errors in its service's shape.

`make demo`, the tests and the benchmarks use it. It stands outside the product: nothing in `proxy`,
`manage`, `admin` or `models` imports it, and it imports nothing of theirs. It must stay cheap
enough to sit behind a benchmark.

    async with FakeUpstream(api_keys={"sk-right"}) as up:
        ...                        # point a client at up.url
        await up.wait_for(1)
        assert up.requests[-1].header("authorization") == b"Bearer sk-right"

How it answers is steered per request by the header `x-fake: key=value, key, …`, or from the test
by `up.behave("status=429", path="/v1/chat/completions", times=1)`. Values are percent-decoded
(`%2C` is a comma). An unknown key is a 400, so that a misspelt test cannot pass by accident.

| key | effect |
|---|---|
| `status=N` | from 400: the provider's own error (429, 503 with Retry-After); else that status |
| `retry-after=S` | the Retry-After of an error answer |
| `delay=S` | seconds before the first byte |
| `gap=S` | seconds between events, or between the pieces of a body |
| `events=N` | N content deltas (so N words) instead of the usual sentence |
| `packed` | all events in one write; otherwise each is a packet of its own |
| `hold` | until `up.release()`: a stream waits after event 1, another answer before its head |
| `break=head`, `break=midhead` | the connection ends before the response head, or within it |
| `break=N` | it ends after N events (`2.5`: two and half the third), or N bytes of another body |
| `reset` | `break` ends the connection with a TCP reset instead of a FIN |
| `bytes=N` | body of N bytes (byte i is i mod 256), sent with backpressure |
| `chunk=N` | a body goes out in pieces of N bytes |
| `chunked` | a body is chunked rather than length-delimited |
| `close` | body without length, ended by closing |
| `final` | usual framing, announces `Connection: close` and closes |
| `drop` | closes after the answer without announcing it (a stale pooled connection) |
| `gzip`, `deflate` | encodes the body, a stream event by event |
| `early` | answers when the request head is in, before its body |
| `slowread=N` | reads the request at N bytes a second; 0: never reads the body |
| `echo` | JSON of method, target, headers, body length and SHA-256 as received |
| `header=Name:value` | adds a response header; may repeat |
| `trailer=Name:value` | chunked body with a trailer; may repeat |
| `1xx=N` | an interim response first (103, 100); may repeat |
| `nousage` | leaves usage out |
| `usage=P/C/K/R` | reports these prompt, completion, cached and reasoning tokens |
| `model=NAME` | the answer names this model instead of the one asked for |

Tokens are words, so a test can work out usage beforehand: see `expected_usage`.
Over HTTP, for tests in another process: `GET /__fake/requests?last=N`, `DELETE /__fake/requests`,
`POST /__fake/release`. None of these is recorded or wants a key.
"""

from fake_upstream.behaviour import Behaviour, BehaviourError
from fake_upstream.pattern import generated, generated_sha256
from fake_upstream.recorded import Recorded
from fake_upstream.server import FakeUpstream
from fake_upstream.tokens import Usage, count_tokens, expected_text, expected_usage

__all__ = [
    "Behaviour",
    "BehaviourError",
    "FakeUpstream",
    "Recorded",
    "Usage",
    "count_tokens",
    "expected_text",
    "expected_usage",
    "generated",
    "generated_sha256",
]
