"""What those who run the service rely on: metrics, platforms, logs, backups, documents."""
