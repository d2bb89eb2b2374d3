"""Reports of unforeseen errors to Sentry, or a service with its protocol, if SENTRY_DSN is set.

What is logged with an exception is reported once, from the log: its kind, the first line of its
message without secrets, where it happened, and the request's id. No bodies, headers or variables.
The SDK is an optional dependency and patches nothing here; a thread of its own sends, so a Sentry
that is slow or away costs reports and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from loguru import logger

from config import VERSION, ConfigError, Settings
from telemetry import tls
from telemetry.redaction import known_secrets, plain, redact

if TYPE_CHECKING:
    from sentry_sdk._types import Event, Hint

#: An error in every request must not become work in every request; the log has them all.
PER_MINUTE: Final = 60
#: Seconds to send the last reports.
LAST_REPORTS: Final = 1.0
_LONGEST_MESSAGE: Final = 300
#: What the SDK itself uses: its own troubles must not be reported by it.
_ITS_OWN: Final = ("sentry_sdk", "urllib3")
_KEPT: Final = frozenset(
    (
        "environment", "event_id", "exception", "level", "logentry", "logger", "platform",
        "release", "sdk", "server_name", "tags", "timestamp",
    )
)  # fmt: skip


def check(settings: Settings) -> None:
    """Raises ConfigError where reports are wanted and cannot be made."""
    if settings.sentry_dsn is not None and find_spec("sentry_sdk") is None:
        raise ConfigError(
            (
                "SENTRY_DSN: the package sentry-sdk is not installed. "
                "Allowed: unset, or pip install 'llm-proxy[sentry]'.",
            )
        )


class Reports:
    """One process's, from `open` to `close`."""

    def __init__(self, dsn: str, known: Iterable[str]) -> None:
        # Optional, and only where reports are wanted.
        from sentry_sdk import Client  # noqa: PLC0415
        from sentry_sdk.transport import HttpTransport  # noqa: PLC0415
        from sentry_sdk.utils import event_from_exception  # noqa: PLC0415

        class Transport(HttpTransport):
            def _get_pool_options(self) -> dict[str, Any]:
                return {**super()._get_pool_options(), "ssl_context": tls.context()}

        self._known = tuple(known)
        self._event_of = event_from_exception
        self._client = Client(
            dsn=dsn,
            transport=Transport,
            release=f"llm-proxy@{VERSION}",
            # Integrations would patch Python and libraries, to see what is none of their business.
            default_integrations=False,
            auto_enabling_integrations=False,
            include_local_variables=False,
            max_request_body_size="never",
            max_breadcrumbs=0,
            before_send=self._scrub,
            auto_session_tracking=False,
            send_client_reports=False,
            enable_backpressure_handling=False,
            spotlight=False,
        )
        self._minute = monotonic()
        self._sent = 0
        self._sink: int | None = None

    @classmethod
    def wanted(cls, settings: Settings) -> Reports | None:
        """What SENTRY_DSN asks for. Raises ConfigError."""
        check(settings)
        if settings.sentry_dsn is None:
            return None
        return cls(settings.sentry_dsn, known_secrets(settings))

    def open(self) -> None:
        """Report what is logged from now on."""
        self._sink = logger.add(
            self._report,
            level="ERROR",
            filter=_is_error,
            format="{message}",
            backtrace=False,
            diagnose=False,
        )

    def close(self) -> None:
        """Send what is left, for at most `LAST_REPORTS`. Blocks."""
        if self._sink is not None:
            logger.remove(self._sink)
            self._sink = None
        self._client.close(timeout=LAST_REPORTS)

    def _report(self, message: Any) -> None:
        """A sink of loguru's."""
        now = monotonic()
        if now - self._minute >= 60:
            self._minute, self._sent = now, 0
        self._sent += 1
        if self._sent > PER_MINUTE:
            return
        record = message.record
        event, hint = self._event_of(
            tuple(record["exception"]),
            client_options=self._client.options,
            mechanism={"type": "logging", "handled": True},
        )
        event["logger"] = record["name"]
        event["logentry"] = {"message": record["message"]}
        broken = record["extra"].get("request_id")
        event["tags"] = {} if broken is None else {"request_id": broken}
        self._client.capture_event(event, hint)

    def _scrub(self, event: Event, _: Hint) -> Event:
        """The event with nothing in it that was not meant to be."""
        found: dict[str, Any] = {name: value for name, value in event.items() if name in _KEPT}
        found["logentry"] = {"message": self._told(found["logentry"]["message"])}
        for exception in found["exception"]["values"]:
            exception["value"] = self._told(exception.get("value") or "")
            for frame in (exception.get("stacktrace") or {}).get("frames", ()):
                frame.pop("vars", None)
        return found  # type: ignore[return-value]

    def _told(self, text: str) -> str:
        # What follows the first line quotes what was wrong: a body, a row.
        first = plain(text).partition("\n")[0]
        return redact(first, self._known)[:_LONGEST_MESSAGE]


def _is_error(record: Any) -> bool:
    error = record["exception"]
    return (
        error is not None
        and error.value is not None
        and not str(record["name"]).startswith(_ITS_OWN)
    )
