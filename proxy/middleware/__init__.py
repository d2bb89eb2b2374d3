"""Code of the operator's own that looks at requests and answers (`MIDDLEWARE`, docs/middleware.md).

`interface` is what it is written against; `loading` finds it; `shaping` runs it around one request,
`calling` each of its calls, so that what it does wrong harms its own request alone, and `watchdog`
names the one that blocks the event loop. The rest is sans-io: `fields` and `view` are what it sees,
`pieces` cuts answers into what it is called with.

Nothing here is called where no middleware is configured.
"""

from proxy.middleware.interface import Factory, Fields, Middleware, Misused, Party, View

__all__ = ["Factory", "Fields", "Middleware", "Misused", "Party", "View"]
