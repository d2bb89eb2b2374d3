"""What a project does where an account fails: whether another one is tried, and after what."""

from typing import Annotated, Any, Final, Self

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from models.rules import field_error

#: Answers after which another account is tried, unless a project says otherwise. All are an
#: upstream's own word that it did nothing, but for 500 and 502, which it is taken at.
DEFAULT_STATUSES: Final = (401, 402, 403, 429, 500, 502, 503, 529)
#: What may be named besides: behind these an upstream may have done the work, and bill it twice.
MAY_BILL_TWICE: Final = (408, 409, 504)
ALLOWED_STATUSES: Final = frozenset((*DEFAULT_STATUSES, *MAY_BILL_TWICE))


def _allowed(status: int) -> int:
    if status not in ALLOWED_STATUSES:
        raise field_error(f"This is none of {', '.join(map(str, sorted(ALLOWED_STATUSES)))}.")
    return status


_Status = Annotated[
    int, AfterValidator(_allowed), Field(json_schema_extra={"enum": sorted(ALLOWED_STATUSES)})
]


class FailoverRule(BaseModel):
    """As every door takes it and shows it."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    max_attempts: Annotated[int, Field(ge=2, le=5)]
    statuses: Annotated[
        list[_Status],
        Field(
            min_length=1,
            max_length=len(ALLOWED_STATUSES),
            description="Answers after which the next key is tried. 408, 409 and 504 may be"
            " billed twice.",
        ),
    ] = list(DEFAULT_STATUSES)
    first_byte_timeout: Annotated[
        float | None,
        Field(
            ge=0.1,
            le=600,
            description="Seconds after which a key whose upstream says nothing is abandoned; what"
            " it goes on to do is billed.",
        ),
    ] = None


class Failover(msgspec.Struct, frozen=True):
    """As the data path reads it."""

    max_attempts: int
    statuses: frozenset[int]
    first_byte_timeout: float | None

    @classmethod
    def of(cls, stored: dict[str, Any] | None) -> Self | None:
        """What a project's row says."""
        if stored is None:
            return None
        return cls(
            stored["max_attempts"],
            frozenset(stored.get("statuses", DEFAULT_STATUSES)),
            stored.get("first_byte_timeout"),
        )
