"""A test request of ours: whether an upstream takes a key at all.

What an answer to a client says of a key is about that request, and an upstream may say it of a
whole project in a bad minute. So a key is suspended only where the free request that the provider's
file names is refused as well.
"""

from __future__ import annotations

import asyncio
from typing import Final, Literal, TypeAlias, cast

from proxy import forward
from proxy.accounts import blame
from proxy.downstream import Downstream, RequestHead
from proxy.errors import UpstreamAuthUnavailable
from proxy.exchange import Exchange
from proxy.header_lines import HeaderLines
from proxy.headers import RawHeaders
from proxy.providers.field_rules import rules_of
from proxy.providers.provider import Provider
from proxy.questions import Peeked
from proxy.upstream.errors import UpstreamError
from proxy.upstream.pool import Pool
from proxy.upstream.target import Target

#: What came of it; `unknown` says nothing of the key.
Verdict: TypeAlias = Literal["works", "refused", "unknown"]

_TIMEOUT_S: Final = 10.0
#: Anthropic answers nothing without it. https://docs.anthropic.com/en/api/versioning
_VERSION: Final = (b"anthropic-version", b"2023-06-01")
_REFUSED: Final = (401, 402, 403)


async def examine(provider: Provider, target: Target, pool: Pool) -> Verdict:
    """Ask what the provider's file names as a test. Never raises."""
    probe = provider.test
    if probe is None:
        return "unknown"
    fields: RawHeaders = [(b"Accept", b"application/json"), (b"Accept-Encoding", b"identity")]
    if provider.error_shape == "anthropic":
        fields.append(_VERSION)
    path = probe.path.encode("ascii")
    head = RequestHead(probe.method, path, "1.1", HeaderLines.of(fields), 0, "")
    rules = rules_of(provider)
    request = forward.outgoing(head, (), complete=True, rules=rules)
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            # Nothing is read from a client: the request is complete.
            nobody = cast(Downstream, None)
            source, answer = await forward.send(
                request, lambda: target, nobody, pool, Exchange(head, head.method)
            )
            try:
                while answer.status < 200:
                    answer = await source.head()
                if answer.status < 400:
                    return "works"
                body = blame.decoded(await Peeked(source).beginning(), answer.headers)
            finally:
                source.release()
    except (UpstreamError, UpstreamAuthUnavailable, TimeoutError):
        return "unknown"
    blamed = not provider.blames_key.isdisjoint(blame.codes(answer.headers, body))
    return "refused" if blamed or answer.status in _REFUSED else "unknown"
