"""JSON and content codings of request bodies and answers, read in bounded steps, sans-io.

`proxy/body` and `proxy/usage` both stand on this folder; it knows neither of them.
"""
