"""How messages are made: of fragments that mean something to the target, often many of one."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from hypothesis import strategies as st

CORPUS: Final = Path(__file__).parent / "corpus"
_HTTP: Final = (
    b"GET /v1/models HTTP/1.1\r\n",
    b"POST /v1/x HTTP/1.1\r\n",
    b"Host: a\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"X: 1\r\n",
    b" ",
    b":",
    b"a:\r\n",
    b"5\r\nhello\r\n",
    b"1\r\nx\r\n",
    b"0\r\n\r\n",
    b"0\r\nX: 1\r\n\r\n",
    b"3;a=b\r\nabc\r\n",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 103 Early Hints\r\n\r\n",
    b"HTTP/1.1 204 No\r\n\r\n",
    b"HTTP/1.0 200\r\n",
    b"Connection: close\r\n",
    b"Keep-Alive: timeout=5\r\n",
    b"hello",
    b"\x00",
    b"\xff",
    b"%2e",
    b"/..",
    b"#",
)
_JSON: Final = (
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b'"',
    b"\\",
    b'""',
    b'"",',
    b'"a":0,',
    b"[],",
    b"{},",
    b"null",
    b"true",
    b"1",
    b"-1",
    b"1e999",
    b" ",
    b"\n",
    b'\\"',
    b"\\u0061",
    b"\\ud800",
    b"\\ud83d\\ude00",
    b"\xff",
    "é".encode(),
    b'{"model":"gpt-4o","stream":true}',
    b'"model":"m"',
    b'"stream":true',
    b'"stream_options":{}',
    b'"stream_options":null',
    b'"stream_options":{"include_usage":false}',
    b'"m\\u006fdel":"x"',
    b'"STREAM":1',
    b'"tools":[{"type":"x","model":"y"}]',
    b'"models":["a"]',
    b'"usage":{"prompt_tokens":1}',
    b'"usage":',
)
_FORM: Final = (
    b"--b\r\n",
    b"\r\n--b\r\n",
    b"\r\n--b--\r\n",
    b"\r\n--b--",
    b"b",
    b"\r\n",
    b"--",
    b"\r\n\r\n",
    b"gpt-4o",
    b"\x00",
    b'Content-Disposition: form-data; name="model"\r\n\r\n',
    b'Content-Disposition: form-data; name="f"; ',
    b'filename="x"\r\n\r\n',
    b"Content-Type: text/plain\r\n",
    b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n',
)
_EVENTS: Final = (
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"data: ",
    b"data:",
    b"event: error\n",
    b": ping\n\n",
    b"id: 1\n",
    b"[DONE]",
    b'data: {"model":"m","choices":[{}],"usage":null}\n\n',
    b"\xef\xbb\xbf",
    b"error",
    b'"error":{}',
    b'"usage":{',
    b'data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}\n\n',
    b'"choices":[]',
    b"data: {}\r\r",
    b'data: {"type":"message_start","message":{"model":"c","usage":{"input_tokens":9}}}\r\n\r\n',
    b'data: {"type":"message_delta","usage":{"output_tokens":3}}\n\n',
    b'data: {"type":"message_stop"}\n\n',
    b'data: {"type":"response.completed","response":{"usage":{"input_tokens":1}}}\n\n',
    b'data: {"usage":{}}\n\n',
)
_MODELS: Final = (
    b'{"data":[',
    b'"models":[',
    b'{"id":"gpt-4o"}',
    b'{"id":"o3"}',
    b'{"name":"models/gpt-4o","x":[{"id":"o3"}]}',
    b'"gpt-4o"',
    b'"o3"',
    b"]}",
)
FRAGMENTS: Final = {
    "heads": _HTTP,
    "chunks": _HTTP,
    "answers": _HTTP,
    "bodies": _JSON,
    "members": _JSON,
    "forms": _FORM,
    "events": _EVENTS + _JSON[:12],
    "codings": _EVENTS + _JSON[-2:],
    "lists": _MODELS + _JSON[:21],
}
#: Beginnings without which little of a target is ever reached.
_BEGINNINGS: Final = {
    "heads": b"POST /v1/x HTTP/1.1\r\nHost: a\r\n",
    "answers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "bodies": b'{"model":"gpt-4o",',
    "members": b'{"a":',
    "lists": b'{"object":"list","data":[{"id":"gpt-4o"},',
    "forms": b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\n',
}


def corpus(name: str) -> list[bytes]:
    """The messages that are kept for a target."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]


def messages(name: str) -> st.SearchStrategy[list[bytes]]:
    """Messages in pieces. Some pieces are one fragment many times over, a turn's worth of it."""
    fragment = st.sampled_from(FRAGMENTS[name])
    many = st.builds(
        lambda one, size: one * (size // len(one) + 1), fragment, st.integers(1, 60_000)
    )
    piece = st.one_of(fragment, fragment, fragment, st.binary(max_size=20), many)
    begin = st.sampled_from([b"", _BEGINNINGS.get(name, b""), *corpus(name)])
    return st.builds(
        lambda first, rest: [one for one in (first, *rest) if one],
        begin,
        st.lists(piece, max_size=12),
    )
