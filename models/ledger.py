"""The ledger entry: what is kept about one request that was let in.

An entry is written to the journal by a worker, and from there, exactly once, into the counters,
the request log and the token it belongs to. Its layout on disk is `ENTRY_VERSION`'s: a journal
written before an upgrade is still read after it, so fields are only ever added, at the end.
"""

from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec

ENTRY_VERSION: Final = 1

Outcome: TypeAlias = Literal[
    "complete",
    "client_left",
    "upstream_broke",
    "upstream_unreachable",
    "timeout",
    "revoked",
    "shutdown",
]
UsageQuality: TypeAlias = Literal["exact", "unknown"]


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One request. Times are integer microseconds, money is integer nano-dollars."""

    version: int
    #: The request's id (UUIDv7), which the client was told.
    id: UUID
    #: When the request began, Unix time.
    at_us: int
    project_id: UUID
    token_id: UUID
    provider: str
    #: The allowlist pattern that matched (`/v1/models/{model}`), not the path: it is a label.
    endpoint: str
    method: str
    #: '' where no model was named.
    model: str
    #: The status sent to the client; 0 where none was.
    status: int
    outcome: Outcome
    usage: UsageQuality
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    #: None where no price is known, which is not the same as free.
    cost_nanos: int | None
    bytes_in: int
    bytes_out: int
    #: None where no byte of an answer came.
    ttfb_us: int | None
    duration_us: int
    #: The part of the duration that was ours rather than the upstream's.
    overhead_us: int
    #: False for requests that create nothing (polling a stored response): they carry no usage,
    #: and do not count towards `unknown_usage_requests`.
    counted: bool
