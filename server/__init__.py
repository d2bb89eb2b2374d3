"""How requests reach the planes: strict HTTP/1 (`http`), and the processes that serve (`process`).

`context` is what the parts of one worker share.
"""
