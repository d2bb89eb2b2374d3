"""Posting a form to a token endpoint, over the connections that requests go upstream on.

So the endpoint is dialled by the same rules: no metadata service, verified TLS, the same limits of
time. An answer is read no further than a token needs.
"""

from __future__ import annotations

from typing import Final

from proxy.upstream.errors import UpstreamError
from proxy.upstream.pool import Pool
from proxy.upstream.target import address_of
from proxy.upstream_auth.exchanges import ExchangeFailed

_MOST_BYTES: Final = 128 * 1024


async def post_form(pool: Pool, url: str, form: bytes) -> tuple[int, bytes]:
    """Status and body of the answer. Raises ExchangeFailed where there is none."""
    address = address_of(url)
    head = (
        b"POST %b HTTP/1.1\r\nHost: %b\r\nAccept: application/json\r\n"
        b"Accept-Encoding: identity\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n" % (address.prefix or b"/", address.host_header, len(form))
    )
    try:
        # A fresh one, since a form is not sent twice.
        connection = await pool.acquire(address.origin, "POST", fresh=True)
    except UpstreamError as exc:
        # What it says ends a sentence, as what is made of it does.
        raise ExchangeFailed(f"cannot be reached: {str(exc).removesuffix('.')}") from exc
    body = bytearray()

    def take(data: bytes) -> bool:
        body.extend(data)
        return len(body) <= _MOST_BYTES

    try:
        connection.write(head + form)
        answer = await connection.head()
        while answer.status < 200:
            answer = await connection.head()
        while not connection.ended and len(body) <= _MOST_BYTES:
            await connection.pump(take)
    except UpstreamError as exc:
        raise ExchangeFailed("broke off before it had answered") from exc
    finally:
        if not connection.ended:
            connection.close()
        connection.release()
    return answer.status, bytes(body)
