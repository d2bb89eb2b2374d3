"""Usage: sums of the counters."""

from datetime import datetime
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field

from manage.schemas.queries import OwnedQuery
from manage.schemas.schema import Schema
from models.reports.time_ranges import Bucket
from models.reports.usage_report import (
    GROUPS,
    TAG,
    GroupBy,
    UsageQuery,
    UsageRow,
    field_of,
    is_group,
    span_of,
)
from models.rules import field_error

NANOS: Final = 10**9


def _group(text: str) -> str:
    if not is_group(text):
        raise field_error(f"This is none of {', '.join(GROUPS)}, and no tag such as tag:team.")
    return text


Group = Annotated[
    str,
    AfterValidator(_group),
    Field(
        description="`project`, `token`, `model`, `endpoint`, `key`, `end_user`, or a tag by its"
        " key: `tag:team`. Keys, end users and tags are counted by the hour.",
        json_schema_extra={"pattern": rf"^(?:{'|'.join(GROUPS)}|tag:[a-z0-9_.-]{{1,32}})$"},
    ),
]


class UsageFilter(OwnedQuery):
    """What to add up, and by what. `from` is 30 days ago unless given, `to` is now."""

    bucket: Bucket = "total"
    group_by: Group | None = None

    def query(self) -> UsageQuery:
        """What was asked for, as the report takes it."""
        start, end = span_of(self.start, self.end)
        return UsageQuery(
            start=start,
            end=end,
            bucket=self.bucket,
            group_by=self.group_by,
            project_id=self.project_id,
            token_id=self.token_id,
            model=self.model,
        )


class UsageView(Schema):
    """The sums of one bucket and group. Of the group fields, the one grouped by is there.

    What is grouped by a tag has its value as `tag`, and in a field of the group's name: `tag:team`.
    """

    model_config = ConfigDict(extra="allow")

    bucket: Annotated[
        datetime, Field(description="First moment of the bucket; of the range, for `total`.")
    ]
    project_id: UUID | None = None
    token_id: UUID | None = None
    model: Annotated[str, Field(description="Empty where none was named.")] | None = None
    endpoint: str | None = None
    key_id: Annotated[UUID | None, Field(description="The upstream key; counted by the hour.")] = (
        None
    )
    end_user: Annotated[str, Field(description="Counted by the hour.")] | None = None
    tag: Annotated[str, Field(description="Its value; counted by the hour.")] | None = None
    requests: int
    errors: Annotated[int, Field(description="Status 400 and above, or not complete.")]
    unknown_usage_requests: int
    prompt_tokens: Annotated[int, Field(description="Cached ones included.")]
    completion_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    total_tokens: int
    cost_usd: Annotated[float, Field(description="Null while no price is known.")] | None
    unpriced_requests: Annotated[
        int, Field(description="Used something, and are not in `cost_usd`: no price is known.")
    ]
    charged_at_hold_requests: Annotated[
        int, Field(description="In `cost_usd` as what was held for them.")
    ]
    cached_requests: Annotated[
        int, Field(description="Answered out of the cache; they cost nothing.")
    ]
    cache_misses: Annotated[
        int, Field(description="Looked for in the cache, and asked upstream as it was not there.")
    ]
    saved_usd: Annotated[
        float, Field(description="What the answers out of the cache had cost, as far as known.")
    ]

    @classmethod
    def of(cls, row: UsageRow, group_by: GroupBy | None) -> Self:
        """`row` as it is shown."""
        group: dict[str, Any] = {field_of(group_by): row.group} if group_by else {}
        if group_by is not None and group_by.startswith(TAG):
            group["tag"] = row.group
        return cls(
            bucket=row.bucket,
            requests=row.requests,
            errors=row.errors,
            unknown_usage_requests=row.unknown_usage_requests,
            unpriced_requests=row.unpriced_requests,
            charged_at_hold_requests=row.charged_at_hold_requests,
            cached_requests=row.cached_requests,
            cache_misses=row.cache_misses,
            saved_usd=row.saved_nanos / NANOS,
            prompt_tokens=row.prompt_tokens,
            completion_tokens=row.completion_tokens,
            cached_tokens=row.cached_tokens,
            reasoning_tokens=row.reasoning_tokens,
            total_tokens=row.prompt_tokens + row.completion_tokens,
            cost_usd=None if row.cost_nanos is None else row.cost_nanos / NANOS,
            **group,
        )
