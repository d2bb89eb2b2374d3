"""The data plane: `/v1/*`, from a client's token to an upstream's answer and one journal entry.

`handler.py` is the path and reads from top to bottom; every other module is one stage of it and
does not import another stage. Parsing (`headers`, `sse`, `usage`, `body`) has no `await` in it.
This room never imports `manage` or `admin`.
"""
