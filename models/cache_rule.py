"""What a project keeps answers of, for how long, and who shares them."""

from typing import Annotated, Any, Final, Literal, Self, TypeAlias

import msgspec
from pydantic import BaseModel, ConfigDict, Field

#: Thirty days.
MAX_TTL_S: Final = 2_592_000

#: Who is answered with what another one's request brought: all of the project, or the same token.
Scope: TypeAlias = Literal["project", "token"]
#: `deterministic`: embeddings, moderations, and generation with temperature 0.
Only: TypeAlias = Literal["deterministic", "all"]
#: What came of a request in the cache; '' where it was not looked for there.
Looked: TypeAlias = Literal["", "hit", "miss"]


class CacheSettings(BaseModel):
    """As every door takes it and shows it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    ttl_seconds: Annotated[
        int, Field(ge=1, le=MAX_TTL_S, description="For how long an answer is kept, at most.")
    ]
    scope: Annotated[
        Scope,
        Field(
            description="`project`: any token of it is answered with what another's request"
            " brought. `token`: only the same one."
        ),
    ]
    only: Annotated[
        Only,
        Field(
            description="`deterministic`: embeddings, moderations, and generation with"
            " `temperature` 0. `all`: whatever else may be kept."
        ),
    ] = "deterministic"


class CacheRule(msgspec.Struct, frozen=True):
    """As the data path reads it."""

    ttl_seconds: int
    scope: Scope
    only: Only

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> Self | None:
        """What a project's row says; None where it keeps no answers."""
        if stored is None:
            return None
        return cls(stored["ttl_seconds"], stored["scope"], stored.get("only", "deterministic"))
