"""Whose kept answers may answer a request: what the key of each begins with, sans-io.

It is worked out once for a grant. Two grants share answers exactly where this says the same: the
same project, the same purge, the same token where answers are its own, and the same accounts. What
of these changes leaves behind answers that no key leads to any more.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final, Protocol
from uuid import UUID

import msgspec

from models.cache_rule import CacheRule
from proxy.upstream.target import Target

#: What a key is made of, and how. Another form of it has another name, so that what was kept under
#: the one before is not found.
_FORM: Final = b"llm-proxy answer 1"


class Record(Protocol):
    """What the database says of a token and its project."""

    @property
    def token_id(self) -> UUID: ...

    @property
    def project_id(self) -> UUID: ...

    @property
    def provider(self) -> str: ...

    @property
    def cache(self) -> CacheRule | None:
        """None: the project keeps no answers."""
        ...

    @property
    def cache_epoch(self) -> int:
        """A number that each purge raises."""
        ...


class CacheSpace(msgspec.Struct, frozen=True, gc=False):
    """The answers that the requests of one grant may be answered with.

    `token` is '' where all tokens of the project share them. `start` is what all keys of it begin
    with: 32 bytes that say the same of whatever it is made of.
    """

    rule: CacheRule
    epoch: int
    project: str
    token: str
    start: bytes

    def __repr__(self) -> str:
        # What a key begins with is nothing for a log.
        return f"CacheSpace(project={self.project!r}, epoch={self.epoch})"


def space_of(record: Record, targets: Sequence[Target]) -> CacheSpace | None:
    """That of a grant, whose accounts are `targets`; None where its project keeps no answers."""
    rule = record.cache
    if rule is None:
        return None
    token = str(record.token_id) if rule.scope == "token" else ""
    project = str(record.project_id)
    parts = (
        _FORM,
        project.encode(),
        b"%d" % record.cache_epoch,
        rule.scope.encode(),
        token.encode(),
        record.provider.encode(),
        *_accounts(record.provider, targets),
    )
    start = hashlib.sha256(framed(parts)).digest()
    return CacheSpace(rule, record.cache_epoch, project, token, start)


def _accounts(provider: str, targets: Iterable[Target]) -> list[bytes]:
    """Where an answer may come from, in an order that is the same for all tokens: each has its own
    order of preference among them."""
    return sorted(
        {
            framed(
                (
                    (provider if target.provider is None else target.provider.name).encode(),
                    target.address.origin.scheme.encode(),
                    target.address.origin.host.encode(),
                    b"%d" % target.address.origin.port,
                    target.address.host_header,
                    target.address.prefix,
                    b"/v1" if target.address.v1_prefix is None else target.address.v1_prefix,
                    *(
                        name.encode()
                        for pair in sorted((target.models or {}).items())
                        for name in pair
                    ),
                )
            )
            for target in targets
        }
    )


def framed(parts: Sequence[bytes]) -> bytes:
    """The parts as one text that no other parts make: how many they are, and each behind its
    length."""
    return b"%d;" % len(parts) + b"".join([b"%d:%b" % (len(part), part) for part in parts])
