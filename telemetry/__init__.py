"""What the service tells of itself: metrics, log lines, traces, reports, the database's health."""
