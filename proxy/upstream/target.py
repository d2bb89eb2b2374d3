"""Where an attempt of a request goes: an account at an upstream, and how its key is presented.

A `Target` is chosen for each attempt (`access.authorization.target_for`), so that two attempts of
one request can go to two accounts. Nothing before that choice knows an address or a key.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from config import split_base_url


class Origin(NamedTuple):
    """Where connections can be shared: `host` is lower case, without brackets."""

    scheme: str
    host: str
    port: int


class Address(NamedTuple):
    """A base URL taken apart. `prefix` is its path, put before every request's path."""

    origin: Origin
    host_header: bytes
    prefix: bytes
    v1_prefix: bytes | None = None
    """What stands in place of a path's leading segment `/v1`; None where it stays."""

    def path_for(self, target: bytes) -> bytes:
        """A request's target as this upstream has it."""
        if self.v1_prefix is None or not target.startswith(b"/v1/"):
            return self.prefix + target
        return self.prefix + self.v1_prefix + target[3:]


class Target(NamedTuple):
    """An account at an upstream: where it is, and the header field that presents its key."""

    address: Address
    credential: tuple[bytes, bytes]
    key_id: UUID
    key_text: str = ""
    """The id as the ledger has it."""

    def __repr__(self) -> str:
        # The default would print the key into whatever log a grant ends up in.
        return f"Target(address={self.address}, key_id={self.key_id})"


@lru_cache(maxsize=4096)
def address_of(base_url: str, v1_prefix: str = "/v1") -> Address:
    """The address of a base URL. Raises ValueError for one that was stored unvalidated."""
    base = split_base_url(base_url)
    return Address(
        Origin(base.scheme, base.host, base.port),
        base.authority.encode("ascii"),
        base.path.encode("ascii"),
        None if v1_prefix == "/v1" else v1_prefix.encode("ascii"),
    )
