"""`/health`, `/ready`, `/metrics` and the way from `/` to the admin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Literal, NamedTuple

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json, raw, redirect, text

from config import VERSION
from models.secrets import constant_time_equal

_FRESH: Final = {"cache-control": "no-store"}
_PROMETHEUS: Final = "text/plain; version=0.0.4; charset=utf-8"


class Readiness(NamedTuple):
    """What `/ready` says of this worker."""

    database: Literal["ok", "away", "read-only", "blocked"]
    limits: Literal["ok", "degraded"]
    journal: Literal["ok", "degraded", "full"]
    draining: bool
    #: Of those that are not counted yet.
    oldest_entry_seconds: float = 0.0
    #: Whether the database ever answered; not shown, since `away` and 503 say it.
    reached: bool = True
    connections: Literal["ok", "short"] = "ok"

    @property
    def serves(self) -> bool:
        """Whether requests should be sent here: they can be decided, and kept."""
        return not self.draining and self.reached and self.journal != "full"

    @property
    def status(self) -> Literal["ok", "degraded"]:
        """`degraded` where anything is not as it should be."""
        fine = self.database == self.limits == self.journal == self.connections == "ok"
        return "ok" if fine and self.serves else "degraded"

    @property
    def shown(self) -> dict[str, object]:
        """What the answer says of each."""
        return {name: value for name, value in self._asdict().items() if name != "reached"}


def blueprint(
    metrics_token: str | None,
    *,
    readiness: Callable[[], Readiness],
    exposition: Callable[[], Awaitable[bytes]],
) -> Blueprint:
    """Answered without a Host over HTTP/1.0. `exposition` is the text of `/metrics`."""
    operations = Blueprint("operations")

    @operations.get("/", name="root")
    async def root(_: Request) -> HTTPResponse:
        return redirect("/admin/")

    @operations.get("/health", name="health")
    async def health(_: Request) -> HTTPResponse:
        return json({"status": "ok", "version": VERSION}, headers=_FRESH)

    @operations.get("/ready", name="ready")
    async def ready(_: Request) -> HTTPResponse:
        found = readiness()
        body = {"status": found.status, "checks": found.shown}
        return json(body, status=200 if found.serves else 503, headers=_FRESH)

    @operations.get("/metrics", name="metrics")
    async def metrics(request: Request) -> HTTPResponse:
        if metrics_token is not None and not _presents(request, metrics_token):
            return text("unauthorized\n", status=401, headers={"www-authenticate": "Bearer"})
        return raw(await exposition(), content_type=_PROMETHEUS, headers=_FRESH)

    return operations


def _presents(request: Request, token: str) -> bool:
    given = request.headers.get("authorization", "")
    return constant_time_equal(given.encode("utf-8", "surrogateescape"), f"Bearer {token}".encode())
