"""`llm-proxy serve`."""


def serve() -> int:
    """Serve until SIGTERM or Ctrl-C; the exit code."""
    from server.process.launch import serve as run  # noqa: PLC0415  (heavy: only where it is used)

    return run()
