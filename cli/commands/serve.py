"""`llm-proxy serve`."""

from cli import details
from cli.loading import loading
from config import load


def serve() -> int:
    """Serve until SIGTERM or Ctrl-C; the exit code."""
    with loading():
        # Heavy: only where it is used.
        from server.process.launch import serve as run  # noqa: PLC0415

    if details.wanted():
        details.detail(f"Database: {load().database.place}")
    return run()
