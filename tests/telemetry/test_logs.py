"""What the log looks like, and what is kept out of it."""

import asyncio
import io
import json
import logging
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from loguru import logger

from proxy.errors import RequestBroken
from telemetry import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """The process's logging, as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logger.remove()


def logged(form: Literal["text", "json"]) -> list[str]:
    """Two messages, the second with an exception."""
    stream = io.StringIO()
    logs.configure("DEBUG", form, stream)
    logger.info("first")
    try:
        int("no number")
    except ValueError:
        logger.exception("second")
    return stream.getvalue().splitlines()


def test_text_is_a_line_for_each_message_and_an_exception_once() -> None:
    lines = logged("text")

    assert lines[0].endswith("INFO     first")
    assert lines[1].endswith("ERROR    second")
    assert "" not in lines
    assert sum(line.startswith("ValueError") for line in lines) == 1


def test_json_is_an_object_for_each_line() -> None:
    first, second = map(json.loads, logged("json"))

    assert (first["level"], first["message"]) == ("INFO", "first")
    assert (second["level"], second["message"]) == ("ERROR", "second")
    assert second["exception"].count("ValueError") == 1


def test_times_are_utc_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    before = datetime.now(UTC)
    try:
        text, structured = logged("text")[0], json.loads(logged("json")[0])["time"]
    finally:
        monkeypatch.undo()
        time.tzset()
    after = datetime.now(UTC)

    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z INFO", text)
    assert structured.endswith("Z")
    assert before <= datetime.fromisoformat(structured) <= after
    at = datetime.strptime(text.partition("Z")[0] + "+0000", "%Y-%m-%d %H:%M:%S.%f%z")
    assert before - timedelta(milliseconds=1) <= at <= after
    assert logs.stamp(at) == text.partition(" INFO")[0]


def test_exception_of_a_request_says_which() -> None:
    broken = RequestBroken("01a2")
    broken.__cause__ = ValueError("no number")

    text, structured = io.StringIO(), io.StringIO()
    logs.configure("INFO", "text", text)
    logging.getLogger("sanic.error").error("unhandled", exc_info=broken)
    logs.configure("INFO", "json", structured)
    logging.getLogger("sanic.error").error("unhandled", exc_info=broken)

    first, *traceback = text.getvalue().splitlines()
    assert first.endswith("unhandled request_id=01a2")
    assert traceback[-1] == "ValueError: no number"
    (line,) = map(json.loads, structured.getvalue().splitlines())
    assert (line["message"], line["request_id"]) == ("unhandled", "01a2")
    assert line["exception"].endswith("ValueError: no number")
    assert "RequestBroken" not in text.getvalue() + structured.getvalue()


def test_what_the_loop_complains_of_without_an_exception_is_a_line() -> None:
    """asyncio names an exception in each complaint, False where there is none."""
    loop = asyncio.new_event_loop()
    stream = io.StringIO()
    logs.configure("INFO", "json", stream)
    loop.call_exception_handler({"message": "Task was destroyed but it is pending!"})
    loop.close()

    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["level"], line["message"]) == ("ERROR", "Task was destroyed but it is pending!")


def test_rows_are_not_logged_by_the_database_drivers() -> None:
    stream = io.StringIO()
    logs.configure("DEBUG", "json", stream)

    for name in ("aiosqlite", "tortoise.db_client"):
        logging.getLogger(name).debug("INSERT INTO token_secret …")
        logging.getLogger(name).warning("said")

    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == ["said"] * 2


def test_advice_of_the_framework_about_its_own_options_is_left_out() -> None:
    stream = io.StringIO()
    logs.configure("INFO", "json", stream)
    error_log = logging.getLogger("sanic.error")
    error_log.warning("Sanic is running in PRODUCTION mode. Consider using '--debug' or '--dev'.")
    error_log.warning("something else")
    assert [json.loads(line)["message"] for line in stream.getvalue().splitlines()] == [
        "something else"
    ]
