"""How the service is observed: metrics, log lines, traces, reports, the database's health.

`observer` takes what the data path has ended, in batches, and hands it to what counts it
(`metrics`), writes it (`request_log_lines`, `body_log_lines`) and traces it (`otel`). Nothing here
refuses or delays a request.
"""
