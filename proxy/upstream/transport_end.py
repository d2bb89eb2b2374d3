"""How a transport ended: at its upstream's wish, or cut by anyone on the way."""

from __future__ import annotations

import asyncio
import ssl


def was_cut(transport: asyncio.Transport | None) -> bool:
    """Whether TLS ended without the upstream's close_notify, so that anyone may have cut it.

    Where the end of the connection ends the body, a cut must not look like an end.
    """
    tls = None if transport is None else transport.get_extra_info("ssl_object")
    if tls is None:
        return False
    try:
        return bool(tls.read(1))
    except ssl.SSLZeroReturnError:
        return False
    except ssl.SSLError:
        return True
