"""Authentication and authorization: from a credential to its grant, and what that grant allows.

`grants` caches what `models` says of a secret; `authentication` and `authorization` raise the
refusals. Nothing here reads a body, decides a limit or talks to an upstream.
"""
