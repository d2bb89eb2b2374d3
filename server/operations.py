"""`/health`, `/ready` and the way from `/` to the admin."""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

from sanic import Blueprint, Request
from sanic.response import HTTPResponse, json, redirect

from config import VERSION

_FRESH: Final = {"cache-control": "no-store"}


class Checks(NamedTuple):
    """What `/ready` looks at, told by the worker's wiring."""

    database: Literal["ok", "away", "never reached"]
    journal: Literal["ok", "degraded", "full"]
    draining: bool

    @property
    def serves(self) -> bool:
        """Whether requests should be sent here: they can be decided, and kept."""
        return not self.draining and self.database != "never reached" and self.journal != "full"

    @property
    def status(self) -> Literal["ok", "degraded"]:
        """`degraded` where anything is not as it should be."""
        fine = self.serves and self.database == self.journal == "ok"
        return "ok" if fine else "degraded"


def blueprint() -> Blueprint:
    """Answered without a token, and without a Host over HTTP/1.0. Uses `app.ctx.checks()`."""
    operations = Blueprint("operations")

    @operations.get("/", name="root")
    async def root(_: Request) -> HTTPResponse:
        return redirect("/admin/")

    @operations.get("/health", name="health")
    async def health(_: Request) -> HTTPResponse:
        return json({"status": "ok", "version": VERSION}, headers=_FRESH)

    @operations.get("/ready", name="ready")
    async def ready(request: Request) -> HTTPResponse:
        checks: Checks = request.app.ctx.checks()
        body = {"status": checks.status, "checks": checks._asdict()}
        return json(body, status=200 if checks.serves else 503, headers=_FRESH)

    return operations
