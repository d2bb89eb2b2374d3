"""The request log. Prompts and answers are not in it."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self, cast
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator

from manage.schemas.queries import Number, OwnedQuery, Switch
from manage.schemas.schema import Schema, fields_of
from manage.schemas.usage import NANOS
from models import Refusal, RequestLog
from models.entry import Charge, UsageQuality
from models.labels import TagText
from models.queries.request_lists import ListedOutcome
from models.rules import SearchText, field_error

_US_IN_MS: Final = 1000


class RequestQuery(OwnedQuery):
    """Which requests to list."""

    status: Annotated[Number, Field(ge=0, le=999)] | None = None
    outcome: Annotated[
        ListedOutcome | None,
        Field(description="`refused` lists what the proxy answered itself: the newest 10,000."),
    ] = None
    refusal_code: Annotated[
        SearchText | None, Field(description="With `outcome=refused` alone.")
    ] = None

    upstream_code: Annotated[
        SearchText | None, Field(description="The upstream's own `error.code` or `type`, in full.")
    ] = None

    tag: TagText | None = None
    end_user: SearchText | None = None

    cached: Annotated[
        Switch | None, Field(description="Whether they were answered out of the cache.")
    ] = None

    @field_validator("upstream_code", "tag", "end_user", "cached")
    @classmethod
    def _is_of_answers(cls, given: Any, info: ValidationInfo) -> Any:
        if given is not None and info.data.get("outcome") == "refused":
            raise field_error("What the proxy refused has none.")
        return given

    @field_validator("refusal_code")
    @classmethod
    def _is_of_refusals(cls, code: str | None, info: ValidationInfo) -> str | None:
        if code is not None and info.data.get("outcome") != "refused":
            raise field_error("This needs outcome=refused.")
        return code


class AttemptView(Schema):
    """One try of a request with one key: what its upstream answered, or why it did not."""

    key_id: UUID
    status: int | None = None
    error: str | None = None
    ms: int


class RequestView(Schema):
    """One request that was let in, or refused."""

    id: UUID
    at: datetime
    project_id: Annotated[
        UUID | None, Field(description="Null where it was refused before its token was known.")
    ]
    token_id: UUID | None
    provider: str
    endpoint: str
    method: str
    model: Annotated[str, Field(description="Empty where none was named.")]
    status: Annotated[int, Field(description="What the client was sent; 0 for nothing.")]
    outcome: str
    usage: Literal["exact", "unknown"]
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    reasoning_tokens: int | None
    cost_usd: float | None
    bytes_in: int
    bytes_out: int
    ttfb_ms: float | None
    duration_ms: float
    overhead_ms: Annotated[float | None, Field(description="Null where it was refused.")]
    cache_write_tokens: Annotated[
        int | None, Field(description="Part of the prompt; those for an hour included.")
    ]
    cache_write_1h_tokens: int | None
    audio_input_tokens: Annotated[int | None, Field(description="Part of the prompt.")]
    audio_output_tokens: Annotated[int | None, Field(description="Part of the completion.")]
    image_input_tokens: Annotated[int | None, Field(description="Part of the prompt.")]
    image_output_tokens: Annotated[int | None, Field(description="Part of the completion.")]
    web_searches: int | None
    audio_seconds: int | None
    service_tier: Annotated[str | None, Field(description="The one that the answer names.")]
    answer_model: Annotated[
        str | None, Field(description="Where the answer names another than `model`.")
    ]
    cost_source: str | None
    upstream_code: Annotated[str | None, Field(description="The upstream's own code of an error.")]
    key_id: Annotated[UUID | None, Field(description="The upstream key that was asked last.")]
    attempts: Annotated[
        list[AttemptView] | None, Field(description="Each try, where there were several.")
    ]
    charge: Annotated[
        Charge | None,
        Field(description="What its budgets were charged; null where it has none."),
    ]
    refusal_code: Annotated[
        str | None, Field(description="Why the proxy answered it itself, where it did.")
    ]
    tags: Annotated[
        dict[str, str] | None, Field(description="The token's own and those of its field.")
    ]
    end_user: Annotated[str | None, Field(description="Whom it was made for, as it says.")]
    cached: Annotated[
        bool,
        Field(
            description="Whether it was answered out of the cache, or by the answer that"
            " another request of the same kind was waiting for."
        ),
    ]
    saved_usd: Annotated[
        float | None,
        Field(description="What the kept answer had cost; null where it is none, or not known."),
    ]

    @classmethod
    def of_refusal(cls, row: Refusal) -> Self:
        """`row` as it is shown: it used nothing."""
        given: dict[str, Any] = dict.fromkeys(_NOT_OF_REFUSALS) | {"cached": False}
        return cls(
            **given | fields_of(cls, row, *_NOT_OF_REFUSALS, *_SAID_OF_REFUSALS),
            outcome="refused",
            usage="exact",
            duration_ms=row.duration_us / _US_IN_MS,
            refusal_code=row.code,
        )

    @classmethod
    def of(cls, row: RequestLog) -> Self:
        """`row` as it is shown."""
        return cls(
            id=row.id,
            at=row.at,
            project_id=row.project_id,
            token_id=row.token_id,
            provider=row.provider,
            endpoint=row.endpoint,
            method=row.method,
            model=row.model,
            status=row.status,
            outcome=row.outcome,
            usage=cast(UsageQuality, row.usage),
            prompt_tokens=row.prompt_tokens,
            completion_tokens=row.completion_tokens,
            cached_tokens=row.cached_tokens,
            reasoning_tokens=row.reasoning_tokens,
            cost_usd=None if row.cost_nanos is None else row.cost_nanos / NANOS,
            bytes_in=row.bytes_in,
            bytes_out=row.bytes_out,
            ttfb_ms=None if row.ttfb_us is None else row.ttfb_us / _US_IN_MS,
            duration_ms=row.duration_us / _US_IN_MS,
            overhead_ms=row.overhead_us / _US_IN_MS,
            cache_write_tokens=row.cache_write_tokens,
            cache_write_1h_tokens=row.cache_write_1h_tokens,
            audio_input_tokens=row.audio_input_tokens,
            audio_output_tokens=row.audio_output_tokens,
            image_input_tokens=row.image_input_tokens,
            image_output_tokens=row.image_output_tokens,
            web_searches=row.web_searches,
            audio_seconds=row.audio_seconds,
            service_tier=row.service_tier,
            answer_model=row.answer_model,
            cost_source=row.cost_source,
            upstream_code=row.upstream_code,
            key_id=row.key_id,
            attempts=None if row.attempts is None else [_attempt(one) for one in row.attempts],
            charge=cast(Charge | None, row.charge),
            refusal_code=row.refusal_code,
            tags=row.tags,
            end_user=row.end_user,
            cached=row.cached,
            saved_usd=None if row.saved_nanos is None else row.saved_nanos / NANOS,
        )


#: What is said of a refusal in another way than its row has it.
_SAID_OF_REFUSALS: Final = ("outcome", "usage", "duration_ms", "refusal_code")
#: What a refusal has none of.
_NOT_OF_REFUSALS: Final = tuple(
    name
    for name in RequestView.model_fields
    if name not in (*Refusal._meta.db_fields, *_SAID_OF_REFUSALS)
)


def _attempt(stored: dict[str, Any]) -> AttemptView:
    return AttemptView(
        key_id=UUID(stored["key_id"]),
        status=stored.get("status"),
        error=stored.get("error"),
        ms=stored["ms"],
    )
