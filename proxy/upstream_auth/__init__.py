"""Upstream credentials: how a request presents the key of the account that it goes to.

Most kinds are a header field, made when a grant is cached (`static`). What signs each request, or
needs a token that is fetched first, has a step that may wait before the request's head is put
together (`presenting`). Nothing here knows a client's request beyond what is signed of it.
"""
