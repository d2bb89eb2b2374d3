"""Where an attempt of a request goes: an account at an upstream, and how its key is presented.

A `Target` is chosen for each attempt (`access.authorization.target_for`, `accounts.attempts`), so
that two attempts of one request can go to two accounts. Nothing before that choice knows an address
or a key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol
from uuid import UUID

from config import split_base_url
from proxy.providers.provider import Provider


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


class Unsigned(NamedTuple):
    """A request as far as presenting a key may need it."""

    method: str
    address: Address
    target: bytes
    """Path and query, as they are to be sent."""
    fields: bytes
    """Its header lines."""
    body: Iterable[bytes]
    complete: bool
    """Whether `body` is all of it."""


class Presented(NamedTuple):
    """What of a request depends on its key: path and query, and its header lines."""

    target: bytes
    fields: bytes

    def __repr__(self) -> str:
        # Either may hold the key.
        return "Presented(…)"


class Presenter(Protocol):
    """Presents a key that is more than a header field of its own."""

    @property
    def needs_body(self) -> bool:
        """Whether it signs the body, which then has to be there whole."""
        ...

    async def present(self, request: Unsigned) -> Presented:
        """The request with the key in it. Raises a refusal where there is none to present."""
        ...


class Target(NamedTuple):
    """An account at an upstream: where it is, and how its key is presented.

    `credential` is the header line that does it, with its end; b"" where `presenter` does.
    """

    address: Address
    credential: bytes
    key_id: UUID
    key_text: str = ""
    """The id as the ledger has it."""
    presenter: Presenter | None = None
    provider: Provider | None = None
    """Whose account it is, where that is not the project's provider's."""
    models: Mapping[str, str] | None = None
    """What this account calls models, by the names that clients have for them."""

    @property
    def signs_body(self) -> bool:
        """Whether the body of a request has to be there whole before it can be sent."""
        return self.presenter is not None and self.presenter.needs_body

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
