"""The request log: one row per request that was let in. Prompts and answers are not stored."""

from typing import Any, Final

from tortoise import Model, fields

#: What an upstream states where it used anything.
_STATED: Final = (
    "prompt_tokens", "completion_tokens", "cache_write_tokens", "cache_write_1h_tokens",
    "audio_input_tokens", "audio_output_tokens", "image_input_tokens", "image_output_tokens",
    "web_searches", "audio_seconds",
)  # fmt: skip


def was_refused(status: int, outcome: str) -> bool:
    """Whether an answer that states no usage used nothing.

    A 502 or 504 may come of a request that an upstream behind it has served, and what a middleware
    has kept from the client had been served.
    """
    return status >= 400 and status not in (502, 504) and outcome != "middleware_failed"


class RequestLog(Model):
    """A ledger entry, as a row. Its id is the request's id and in order of time.

    Every filter of the list has an index that ends in the id, so that a page newest-first is
    read in order; a range of time is a range of ids (`ids.first_id_at`). Those of status, outcome
    and endpoint are partial, so that a usual row is in one of them (`queries.request_kinds`).
    """

    id = fields.UUIDField(primary_key=True)
    at = fields.DatetimeField()
    project_id = fields.UUIDField()
    token_id = fields.UUIDField()
    provider = fields.CharField(max_length=64)
    endpoint = fields.CharField(max_length=200)
    method = fields.CharField(max_length=16)
    model = fields.CharField(max_length=200)
    status = fields.SmallIntField()
    outcome = fields.CharField(max_length=24)
    usage = fields.CharField(max_length=8)
    prompt_tokens = fields.BigIntField(null=True)
    completion_tokens = fields.BigIntField(null=True)
    cached_tokens = fields.BigIntField(null=True)
    reasoning_tokens = fields.BigIntField(null=True)
    cost_nanos = fields.BigIntField(null=True)
    bytes_in = fields.BigIntField()
    bytes_out = fields.BigIntField()
    ttfb_us = fields.BigIntField(null=True)
    duration_us = fields.BigIntField()
    overhead_us = fields.BigIntField()
    cache_write_tokens = fields.BigIntField(null=True)
    cache_write_1h_tokens = fields.BigIntField(null=True)
    audio_input_tokens = fields.BigIntField(null=True)
    audio_output_tokens = fields.BigIntField(null=True)
    image_input_tokens = fields.BigIntField(null=True)
    image_output_tokens = fields.BigIntField(null=True)
    web_searches = fields.BigIntField(null=True)
    audio_seconds = fields.BigIntField(null=True)
    service_tier = fields.CharField(max_length=32, null=True)
    # Where the answer names another model than the request.
    answer_model = fields.CharField(max_length=200, null=True)
    cost_source = fields.CharField(max_length=64, null=True)
    upstream_code = fields.CharField(max_length=64, null=True)
    # The account that answered; and each attempt, where there were several.
    key_id = fields.UUIDField(null=True)
    attempts = fields.JSONField[list[dict[str, Any]] | None](null=True)
    # What its budgets were charged: `used`, `held` or `none`; NULL where it has none.
    charge = fields.CharField(max_length=4, null=True)
    # Of a request that was let in, and then answered by the proxy itself.
    refusal_code = fields.CharField(max_length=64, null=True)
    # What it was tagged with, by key; whoever writes it puts it into `request_tag` for the filter.
    tags = fields.JSONField[dict[str, str] | None](null=True)
    end_user = fields.CharField(max_length=128, null=True)
    # `hit`: answered out of the cache; `miss`: looked for there. What a kept answer had cost.
    cache = fields.CharField(max_length=8, default="", db_default="")
    saved_nanos = fields.BigIntField(null=True)

    @property
    def used_nothing(self) -> bool:
        """As `Entry.used_nothing`, whose words this row keeps: no usage is not unknown usage."""
        if any(getattr(self, name) is not None for name in _STATED):
            return False
        return self.usage == "exact" or was_refused(self.status, self.outcome)

    @property
    def cached(self) -> bool:
        """Whether its answer was a kept one."""
        return self.cache == "hit"

    class Meta:
        table = "request_log"
        indexes = (
            ("project_id", "id"),
            ("token_id", "id"),
            ("model", "id"),
        )
