"""What the parts of one worker share: `app.ctx`, made by `app.py` and typed.

The front door (`http`) and the worker (`process`) read it. Blueprints get what they need handed
in. What needs the worker's event loop is None until the worker has opened its resources.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from sanic import Sanic

from proxy.providers.roots import V1_PATHS, DataPaths

if TYPE_CHECKING:
    from config import Settings
    from proxy.handler import DataPlane
    from proxy.header_lines import Line
    from server.http.connection import ClientConnection
    from server.http.connections import Connections


class Unserved(Protocol):
    """Told of a message that could not be read, or whose path no plane serves; where it was read,
    with method and path, without its query."""

    def __call__(
        self, request_id: str, code: str, status: int, method: str = ..., path: bytes = ...
    ) -> None: ...


# Not slotted: sanic-ext keeps attributes of its own here.
@dataclass
class WorkerContext:
    """One worker's."""

    settings: Settings
    #: Connections of clients, counted and bounded.
    connections: Connections[ClientConnection]
    data_plane: DataPlane | None = None
    #: Whose targets its requests have.
    data_paths: DataPaths = V1_PATHS
    #: Header lines with secrets whose grants are in memory, as they were read.
    credential_lines: Mapping[bytes, Line] = field(default_factory=dict)
    #: Counts and logs what no plane gets.
    unserved: Unserved | None = None
    #: What SIGHUP asks of the worker, once it serves.
    hang_up: Callable[[], None] | None = None
    #: SIGTERM has come: `/ready` says so.
    leaving: bool = False
    #: New requests are refused, and each answer closes its connection.
    draining: bool = False
    #: When the drain ends, by the loop's clock.
    drain_by: float = 0.0

    @property
    def plane(self) -> DataPlane:
        """The data plane. Raises RuntimeError before the worker serves."""
        if self.data_plane is None:
            raise RuntimeError("the data plane is not open yet")
        return self.data_plane


App: TypeAlias = Sanic[Any, WorkerContext]
