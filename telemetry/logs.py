"""Logging: loguru for everything, the libraries' records routed into it, text or JSON lines."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, TextIO

import msgspec
from loguru import logger

from proxy.errors import RequestBroken

if TYPE_CHECKING:
    import loguru

_TEXT: Final = "<dim>{time:YYYY-MM-DD HH:mm:ss.SSS!UTC}Z</dim> <level>{level: <8}</level> {message}"
# Their chatter at INFO tells an operator nothing that we do not say ourselves. At DEBUG aiosqlite's
# would tell every row that is written, digests and password hashes among them.
_QUIET: Final = (
    "aerich",
    "aiosqlite",
    "asyncio",
    "httpcore",
    "httpx",
    "sanic.root",
    "sanic.server",
    "tortoise",
)


class _Intercept(logging.Handler):
    """Hands a standard record on to loguru, with its level and exception."""

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.name == "sanic.error" and "PRODUCTION mode" in message:
            # Its advice is --debug, which is none of our options.
            return
        try:
            level: str | int = logger.level(record.levelname).name
        except ValueError:
            level = record.levelno
        # asyncio says False where it has a complaint and no exception.
        bound, error = logger, record.exc_info or None
        if error is not None and isinstance(error[1], RequestBroken):
            bound = bound.bind(request_id=error[1].request_id)
            # Its cause is what happened; the wrapper only says to which request.
            cause = error[1].__cause__ or error[1]
            error = type(cause), cause, cause.__traceback__
        bound.opt(exception=error, depth=6).log(level, "{}", message)


def form_for(form: Literal["text", "json"] | None, stream: TextIO) -> Literal["text", "json"]:
    """The form that was asked for, or text on a terminal and JSON elsewhere."""
    return form or ("text" if stream.isatty() else "json")


def stamp(at: datetime) -> str:
    """A time, which is UTC, as lines of text begin with it."""
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}Z"


def configure(
    level: str, form: Literal["text", "json"] | None, stream: TextIO | None = None
) -> None:
    """Route every record of this process to `stream` (stderr)."""
    stream = stream or sys.stderr
    as_text = form_for(form, stream) == "text"
    logger.remove()
    if as_text:
        # `diagnose` would print the values of variables, and some of them are secrets.
        logger.add(stream, level=level, format=_text_format, backtrace=False, diagnose=False)
    else:
        logger.add(_JsonSink(stream), level=level, format="{message}", diagnose=False)
    logging.basicConfig(handlers=[_Intercept()], level=level, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    # Its pool logs a traceback at each try to reconnect; the journal's consumer logs it once.
    logging.getLogger("asyncpg").setLevel(logging.ERROR)
    for name in ("sanic.root", "sanic.error", "sanic.access", "sanic.server"):
        own = logging.getLogger(name)
        own.handlers.clear()
        own.propagate = True


def _text_format(record: loguru.Record) -> str:
    named = " request_id={extra[request_id]}" if "request_id" in record["extra"] else ""
    return f"{_TEXT}{named}\n{{exception}}"


class _JsonSink:
    """One JSON object per line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, message: Any) -> None:
        """Write one of loguru's messages."""
        record = message.record
        line: dict[str, Any] = {
            # msgspec knows no datetime but Python's own, and loguru's is its own.
            "time": datetime.fromtimestamp(record["time"].timestamp(), UTC),
            "level": record["level"].name,
            "message": record["message"],
            "pid": record["process"].id,
            **record["extra"],
        }
        if record["exception"] is not None:
            line["exception"] = str(message).removeprefix(record["message"]).strip()
        self._stream.write(msgspec.json.encode(line, enc_hook=str).decode() + "\n")
        self._stream.flush()
