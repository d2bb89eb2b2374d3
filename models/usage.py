"""Counters: what was used, by minute (kept 48 hours) and by hour (kept for good).

Dashboards and usage reports read these and never the request log. Ids are plain columns rather
than foreign keys: history outlives what it is about.
"""

from typing import Final

from tortoise import Model, fields

#: Upper bounds of the histograms' buckets; one more bucket holds whatever is slower.
TTFB_BOUNDS_US: Final = (
    25_000,
    50_000,
    100_000,
    200_000,
    350_000,
    500_000,
    750_000,
    1_000_000,
    1_500_000,
    2_500_000,
    5_000_000,
    10_000_000,
    30_000_000,
    60_000_000,
)
OVERHEAD_BOUNDS_US: Final = (
    100,
    200,
    300,
    500,
    750,
    1_000,
    2_000,
    3_000,
    5_000,
    10_000,
    25_000,
    100_000,
    250_000,
    1_000_000,
)

#: What one row is about.
USAGE_KEY: Final = ("bucket", "project_id", "token_id", "provider", "model", "endpoint")


class UsageCounter(Model):
    """One row per bucket of time and `USAGE_KEY`, only ever added to."""

    id = fields.BigIntField(primary_key=True)
    # The bucket's first moment, UTC.
    bucket = fields.DatetimeField()
    project_id = fields.UUIDField()
    token_id = fields.UUIDField()
    provider = fields.CharField(max_length=64)
    # '' where none was named.
    model = fields.CharField(max_length=200)
    endpoint = fields.CharField(max_length=200)

    requests = fields.BigIntField(default=0)
    # Status 400 and above, or not complete.
    errors = fields.BigIntField(default=0)
    # Statuses 4xx; 5xx, and answers that failed or broke off upstream after another status.
    # Outcomes other than complete overlap with both. All are parts of `errors`.
    client_errors = fields.BigIntField(default=0)
    upstream_errors = fields.BigIntField(default=0)
    incomplete = fields.BigIntField(default=0)
    unknown_usage_requests = fields.BigIntField(default=0)
    # Of requests that used something: those without a cost, and those charged what was held.
    unpriced_requests = fields.BigIntField(default=0, db_default=0)
    charged_at_hold_requests = fields.BigIntField(default=0, db_default=0)
    # Requests that were looked for in the cache; what the answers that it had would have cost.
    cached_requests = fields.BigIntField(default=0, db_default=0)
    cache_misses = fields.BigIntField(default=0, db_default=0)
    saved_nanos = fields.BigIntField(default=0, db_default=0)
    prompt_tokens = fields.BigIntField(default=0)
    completion_tokens = fields.BigIntField(default=0)
    cached_tokens = fields.BigIntField(default=0)
    reasoning_tokens = fields.BigIntField(default=0)
    # Nano-dollars; NULL while no price was known for any of it.
    cost_nanos = fields.BigIntField(null=True)
    bytes_in = fields.BigIntField(default=0)
    bytes_out = fields.BigIntField(default=0)

    ttfb_0 = fields.BigIntField(default=0)
    ttfb_1 = fields.BigIntField(default=0)
    ttfb_2 = fields.BigIntField(default=0)
    ttfb_3 = fields.BigIntField(default=0)
    ttfb_4 = fields.BigIntField(default=0)
    ttfb_5 = fields.BigIntField(default=0)
    ttfb_6 = fields.BigIntField(default=0)
    ttfb_7 = fields.BigIntField(default=0)
    ttfb_8 = fields.BigIntField(default=0)
    ttfb_9 = fields.BigIntField(default=0)
    ttfb_10 = fields.BigIntField(default=0)
    ttfb_11 = fields.BigIntField(default=0)
    ttfb_12 = fields.BigIntField(default=0)
    ttfb_13 = fields.BigIntField(default=0)
    ttfb_14 = fields.BigIntField(default=0)

    overhead_0 = fields.BigIntField(default=0)
    overhead_1 = fields.BigIntField(default=0)
    overhead_2 = fields.BigIntField(default=0)
    overhead_3 = fields.BigIntField(default=0)
    overhead_4 = fields.BigIntField(default=0)
    overhead_5 = fields.BigIntField(default=0)
    overhead_6 = fields.BigIntField(default=0)
    overhead_7 = fields.BigIntField(default=0)
    overhead_8 = fields.BigIntField(default=0)
    overhead_9 = fields.BigIntField(default=0)
    overhead_10 = fields.BigIntField(default=0)
    overhead_11 = fields.BigIntField(default=0)
    overhead_12 = fields.BigIntField(default=0)
    overhead_13 = fields.BigIntField(default=0)
    overhead_14 = fields.BigIntField(default=0)

    class Meta:
        abstract = True


#: What one row of `UsageDimension` is about.
DIMENSION_KEY: Final = ("bucket", "dimension", "value", "project_id", "token_id", "model")


class UsageDimension(Model):
    """One row per hour and `DIMENSION_KEY`: what is grouped by neither token nor model.

    `dimension` is `key` for the upstream account, whose id is the `value`; `tag:team` for what
    requests were tagged `team` with, and `end_user` for whom they were made for.
    """

    id = fields.BigIntField(primary_key=True)
    bucket = fields.DatetimeField()
    dimension = fields.CharField(max_length=64)
    value = fields.CharField(max_length=128)
    project_id = fields.UUIDField()
    token_id = fields.UUIDField()
    model = fields.CharField(max_length=200)

    requests = fields.BigIntField(default=0)
    errors = fields.BigIntField(default=0)
    unknown_usage_requests = fields.BigIntField(default=0)
    unpriced_requests = fields.BigIntField(default=0)
    charged_at_hold_requests = fields.BigIntField(default=0)
    cached_requests = fields.BigIntField(default=0, db_default=0)
    cache_misses = fields.BigIntField(default=0, db_default=0)
    saved_nanos = fields.BigIntField(default=0, db_default=0)
    prompt_tokens = fields.BigIntField(default=0)
    completion_tokens = fields.BigIntField(default=0)
    cached_tokens = fields.BigIntField(default=0)
    reasoning_tokens = fields.BigIntField(default=0)
    cost_nanos = fields.BigIntField(null=True)

    class Meta:
        table = "usage_dimension"
        unique_together = (DIMENSION_KEY,)
        indexes = (
            ("project_id", "dimension", "bucket"),
            ("token_id", "dimension", "bucket"),
            # A page of values, in order, is read of the rows of these alone; not of those of keys.
            ("dimension", "value", "bucket"),
            ("project_id", "dimension", "value"),
        )


#: What one row of `UsageValue` is about.
VALUE_KEY: Final = ("project_id", "dimension", "value")


class UsageValue(Model):
    """A value of a tag or an end user that rows of `UsageDimension` may have: see `labels`."""

    id = fields.BigIntField(primary_key=True)
    project_id = fields.UUIDField()
    dimension = fields.CharField(max_length=64)
    value = fields.CharField(max_length=128)

    class Meta:
        table = "usage_value"
        unique_together = (VALUE_KEY,)


class UsageMinute(UsageCounter):
    """The last 48 hours."""

    class Meta:
        table = "usage_minute"
        unique_together = (USAGE_KEY,)
        indexes = (("project_id", "bucket"), ("token_id", "bucket"))


class UsageHour(UsageCounter):
    """Everything."""

    class Meta:
        table = "usage_hour"
        unique_together = (USAGE_KEY,)
        indexes = (("project_id", "bucket"), ("token_id", "bucket"))
