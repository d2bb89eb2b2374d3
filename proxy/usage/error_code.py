"""The upstream's own code of an error: its `code`, or its `type`, sans-io.

Texts in it are the upstream's and may repeat what the client sent, a key for instance: only what
looks like a code is taken, and a word of ours stands for any other text.
"""

from __future__ import annotations

import re
from typing import Any, Final

from proxy.decoding.json_reading import Unreadable, decode_any

#: A longer error is not looked into.
ERROR_MAX_BYTES: Final = 64 * 1024
_CODE: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
#: How keys and tokens begin.
_SECRET: Final = re.compile(r"(?:sk|pk|llmp|xai|gsk)[-_]|AIza|eyJ", re.IGNORECASE)
#: In the order in which they say most: OpenAI's and Anthropic's, Google's, AWS's.
_NAMES: Final = ("code", "type", "status", "__type")
#: For an error that is a text, and FastAPI's.
_TEXT: Final = "error"
_DETAIL: Final = "detail"


def code_of_error(raw: bytes) -> str:
    """The code of an `error` member, which may be an object or a text; '' where there is none."""
    error = _decoded(raw)
    if isinstance(error, dict):
        return _named(error) or _TEXT
    return (_code(error) or _TEXT) if isinstance(error, str) else ""


def code_of_answer(raw: bytes) -> str:
    """The code of an answer with an error status, whatever its shape; '' for none that is known."""
    answer = _decoded(raw)
    if isinstance(answer, list) and len(answer) == 1:
        # Google's, of an endpoint that streams.
        answer = answer[0]
    if not isinstance(answer, dict):
        return ""
    error = answer.get("error")
    if isinstance(error, dict):
        return _named(error) or _named(answer, but="error") or _TEXT
    if isinstance(error, str):
        return _named(answer, but="error") or _code(error) or _TEXT
    if code := _named(answer, but="error"):
        return code
    detail = answer.get("detail")
    if isinstance(detail, list) and detail and isinstance(detail[0], dict):
        return _named(detail[0]) or _DETAIL
    return _DETAIL if detail else ""


def code_of_aws(name: bytes) -> str:
    """The code in an `x-amzn-errortype` or a frame's `:exception-type`; '' where it is none.

    A namespace may stand before it and an address behind it.
    """
    return _code(name.partition(b":")[0].decode("latin-1"))


def _decoded(raw: bytes) -> Any:
    if len(raw) > ERROR_MAX_BYTES:
        return None
    try:
        return decode_any(raw)
    except Unreadable:
        return None


def _named(error: dict[str, Any], *, but: str = "") -> str:
    names: tuple[str, ...] = _NAMES
    if isinstance(error.get("code"), int) and isinstance(error.get("status"), str):
        # Google's code is the status of HTTP, and its status the code.
        names = ("status", *_NAMES)
    for name in names:
        code = _code(error.get(name))
        if code and code != but:
            return code
    return ""


def _code(value: object) -> str:
    """`value` where it is a code."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    text = str(value).rpartition("#")[2]
    return text if is_code(text) else ""


def is_code(text: str) -> bool:
    """Whether a text of an upstream's looks like a code, and like no secret."""
    return _CODE.fullmatch(text) is not None and not _SECRET.match(text)
