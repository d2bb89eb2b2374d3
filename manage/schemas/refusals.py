"""Refusals: sums of their counters."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field

from manage.schemas.queries import OwnedQuery
from manage.schemas.schema import Schema
from models.reports.refusal_report import GROUP_COLUMN, GroupBy, RefusalQuery, RefusalRow
from models.reports.time_ranges import Bucket
from models.reports.usage_report import span_of
from models.rules import SearchText


class RefusalFilter(OwnedQuery):
    """What to add up, and by what. `from` is 30 days ago unless given, `to` is now."""

    code: SearchText | None = None
    bucket: Bucket = "total"
    group_by: GroupBy | None = None

    def query(self) -> RefusalQuery:
        """What was asked for, as the report takes it."""
        start, end = span_of(self.start, self.end)
        return RefusalQuery(
            start=start,
            end=end,
            bucket=self.bucket,
            group_by=self.group_by,
            project_id=self.project_id,
            token_id=self.token_id,
            model=self.model,
            code=self.code,
        )


class RefusalSumView(Schema):
    """The refusals of one bucket and group. Of the group fields, the one grouped by is there."""

    bucket: Annotated[
        datetime, Field(description="First moment of the bucket; of the range, for `total`.")
    ]
    code: Annotated[str, Field(description="As in docs/errors.md.")] | None = None
    project_id: Annotated[UUID | None, Field(description="Null where the token was not known.")] = (
        None
    )
    token_id: Annotated[UUID | None, Field(description="Null where it was not known.")] = None
    model: Annotated[str, Field(description="Empty where none was known.")] | None = None
    refusals: int

    @classmethod
    def of(cls, row: RefusalRow, group_by: GroupBy | None) -> Self:
        """`row` as it is shown."""
        group: dict[str, Any] = {GROUP_COLUMN[group_by]: row.group} if group_by else {}
        return cls(bucket=row.bucket, refusals=row.refusals, **group)
