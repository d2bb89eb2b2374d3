"""`llm-proxy serve`."""

from cli import details
from config import load


def serve() -> int:
    """Serve until SIGTERM or Ctrl-C; the exit code."""
    from server.process.launch import serve as run  # noqa: PLC0415  (heavy: only where it is used)

    if details.wanted():
        details.detail(f"Database: {load().database.place}")
    return run()
