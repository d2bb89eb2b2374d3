"""How requests reach the planes: strict HTTP/1 framing under Sanic, one worker, its supervisor.

This room knows nothing of tokens or projects. It may import the data plane's `Downstream` seam,
which it implements, and Sanic.
"""
