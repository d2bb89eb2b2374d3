"""The processes of one machine: `launch` is `serve`, `supervisor` keeps workers, `worker` is one.

What a worker serves is its `app`, whose parts are opened and closed by listeners of that app.
"""
