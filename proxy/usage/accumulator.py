"""The usage of one answer, collected report by report, and whether it is exact.

"Exact or unknown" is decided here and nowhere else: `UsageAccumulator.exact` of what has been
read, `recorded` for the journal entry. Nothing is ever estimated.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from proxy.usage.reported import Reported


class Usage(NamedTuple):
    """What one answer used, as its upstream reported it. The entry's field is `<name>_tokens`.

    `prompt` includes what was read from a cache and written to one, `completion` includes
    reasoning; audio and image tokens are parts of them. Of the first four an absent one is 0 (only
    `prompt` beside a completion is then unknown), of the others None. One that was there and could
    not be read is None, and named in `lost`: its price is not known then.
    """

    prompt: int | None
    completion: int | None
    cached: int | None
    reasoning: int | None
    #: Those for an hour included.
    cache_write: int | None = None
    cache_write_1h: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    image_input: int | None = None
    image_output: int | None = None
    web_searches: int | None = None
    audio_seconds: int | None = None
    #: The one that the answer names.
    service_tier: str | None = None
    # For the price alone, and in no entry: cached tokens that are audio, Anthropic's two factors,
    # and the fields of this tuple that could not be read.
    cached_audio: int | None = None
    speed: str | None = None
    inference_geo: str | None = None
    lost: frozenset[str] = frozenset()
    cached_image: int | None = None
    #: Hosted tools that were used and that no field counts.
    tools: frozenset[str] = frozenset()


class UsageAccumulator:
    """What has been reported so far. Later reports replace earlier ones, field by field.

    `final`: no later report will change the numbers. Anthropic reports the prompt first and the
    completion as it grows, and some servers report with every event, so one report is not enough.
    `awaits_completion`: only the prompt has been reported (Anthropic's `message_start`).
    `failed`: the upstream said in its answer that it failed.
    """

    __slots__ = (
        "_cache_read", "_cache_written", "_cached", "_completion", "_input", "_prompt",
        "_reasoning", "awaits_completion", "failed", "final", "model",
    )  # fmt: skip

    def __init__(self) -> None:
        self.model: str | None = None
        self.final = self.failed = self.awaits_completion = False
        #: `prompt_tokens`, which includes the tokens read from a cache.
        self._prompt: int | None = None
        #: `input_tokens`, which at Anthropic leaves the cache out.
        self._input: int | None = None
        self._cache_read: int | None = None
        self._cache_written: int | None = None
        self._cached: int | None = None
        self._completion: int | None = None
        self._reasoning: int | None = None

    @property
    def usage(self) -> Usage | None:
        """What was reported, or None where nothing was."""
        prompt = self._prompt
        if prompt is None and self._input is not None:
            prompt = self._input + (self._cache_read or 0) + (self._cache_written or 0)
        if prompt is None and self._completion is None:
            return None
        cached = self._cached if self._cache_read is None else self._cache_read
        return Usage(prompt or 0, self._completion or 0, cached or 0, self._reasoning or 0)

    @property
    def exact(self) -> bool:
        """Whether `usage` is what the whole answer used."""
        return self.final and not self.failed

    def end(self) -> None:
        """The answer ended cleanly: what was reported is final, unless more was announced."""
        if not self.awaits_completion:
            self.final = self.usage is not None

    def update(self, model: str | None, reported: Reported | None, *, final: bool) -> None:
        """Apply one report. `final`: the upstream sends its final numbers in this place."""
        self.model = model or self.model
        if reported is None:
            return
        prompt_details = reported.prompt_tokens_details or reported.input_tokens_details
        details = reported.completion_tokens_details or reported.output_tokens_details
        self._prompt = _valid(reported.prompt_tokens, self._prompt)
        self._input = _valid(reported.input_tokens, self._input)
        self._cache_read = _valid(reported.cache_read_input_tokens, self._cache_read)
        self._cache_written = _valid(reported.cache_creation_input_tokens, self._cache_written)
        if prompt_details is not None:
            self._cached = _valid(prompt_details.cached_tokens, self._cached)
        completion = _valid(reported.output_tokens, self._completion)
        self._completion = _valid(reported.completion_tokens, completion)
        if details is not None:
            self._reasoning = _valid(details.reasoning_tokens, self._reasoning)
        if final and self.usage is not None:
            self.final = True
            self.awaits_completion = False


def _valid(count: int | None, otherwise: int | None) -> int | None:
    """`count` if it is plausible: a negative number or 10**30 is no usage."""
    return count if count is not None and 0 <= count < 1 << 53 else otherwise


def recorded(
    accumulated: UsageAccumulator | None, *, counted: bool
) -> tuple[Literal["exact", "unknown"], Usage | None]:
    """What a journal entry says of usage: whether it is exact, and the tokens as far as known.

    `counted` is False for a request that uses no tokens by its nature (a GET, an endpoint without
    a dialect): its usage is exactly nothing. A counted answer that was not read, was cut before
    its final report, or failed is unknown; tokens that were reported before that are kept.
    """
    if not counted:
        return "exact", None
    if accumulated is None:
        return "unknown", None
    return "exact" if accumulated.exact else "unknown", accumulated.usage
