"""The usage of one answer, collected report by report, and whether it is exact.

"Exact or unknown" is decided here and nowhere else: `UsageAccumulator.exact` of what has been
read, `recorded` for the journal entry. Nothing is ever estimated.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import msgspec

from proxy.decoding.json_reading import Unreadable, decoder
from proxy.usage.reported import (
    CacheCreation,
    CachedDetails,
    CompletionDetails,
    OddlyReported,
    PromptDetails,
    Reported,
    XaiTools,
)


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
    # For the price alone, and in no entry: cached tokens that are audio or images, Anthropic's two
    # factors, the fields of this tuple that could not be read, and hosted tools that were used and
    # that no field counts.
    cached_audio: int | None = None
    cached_image: int | None = None
    speed: str | None = None
    inference_geo: str | None = None
    lost: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()


#: A usage as a plain tuple, in the order of its fields: of that it takes half the steps to make one
#: and to look at its numbers.
Used: TypeAlias = tuple[
    int | None, int | None, int | None, int | None, int | None, int | None, int | None, int | None,
    int | None, int | None, int | None, int | None, str | None, int | None, int | None, str | None,
    str | None, frozenset[str], frozenset[str],
]  # fmt: skip
#: Of an answer that says nothing of it: only what costs nothing by any measure has a price.
NOT_REPORTED: Final = Usage(None, None, None, None, lost=frozenset(("prompt", "completion")))
#: Longer reports are not kept as they came.
_RAW_MAX_BYTES: Final = 16 * 1024
_NOTHING: Final = frozenset[str]()
_FIRST_FIELDS: Final = ("prompt", "completion", "cached", "reasoning", "cache_write")
_NO_PROMPT_DETAILS: Final = PromptDetails()
_NO_COMPLETION_DETAILS: Final = CompletionDetails()
_NO_CACHE_CREATION: Final = CacheCreation()
_NO_CACHED_DETAILS: Final = CachedDetails()
#: Tools of xAI's and how they are called elsewhere; web searches are counted.
_XAI_TOOLS: Final = tuple(
    (name, name.removesuffix("_calls"))
    for name in XaiTools.__struct_fields__
    if name != "web_search_calls"
)


class _Document(msgspec.Struct):
    usage: msgspec.Raw = msgspec.Raw()


_decode_document: Final[Callable[[bytes], _Document]] = decoder(_Document)


class UsageAccumulator(msgspec.Struct, eq=False):
    """What has been reported so far. Later reports replace earlier ones, field by field.

    `final`: no later report will change the numbers. Anthropic reports the prompt first and the
    completion as it grows, and some servers report with every event, so one report is not enough.
    `awaits_completion`: only the prompt has been reported (Anthropic's `message_start`).
    `failed`: the upstream said in its answer that it failed; `code` is its own word for it, where
    it gave one. `terminal`: the event came that ends an answer of its kind. `finished`: a choice
    said why it ended.
    """

    model: str | None = None
    final: bool = False
    failed: bool = False
    awaits_completion: bool = False
    terminal: bool = False
    finished: bool = False
    #: Whether anything was reported that is charged.
    any: bool = False
    code: str = ""
    #: What an answer with an error status says, where it is JSON of no more than is looked into.
    refusal: bytes = b""
    #: The last report as it came, or the document that it stands in.
    reported_as: bytes | None = None
    document: bytes | None = None
    #: Whether a document that was too large for that has been found to be whole.
    scanned_whole: bool = False
    service_tier: str | None = None
    #: Hosted tools of which the answer shows that they were used, and searches among them.
    tools: set[str] | None = None
    web_searches: int | None = None
    _reported: Reported | None = None
    _lost: set[str] | None = None

    @property
    def usage(self) -> Usage | None:
        """What was reported, or None where nothing was."""
        said = self._reported
        return None if said is None or not self.any else _usage_of(said, self)

    @property
    def lost(self) -> frozenset[str]:
        """Fields of the usage that were reported and could not be read."""
        return frozenset(self._lost) if self._lost else _NOTHING

    @property
    def exact(self) -> bool:
        """Whether `usage` is what the whole answer used."""
        return self.final and not self.failed

    @property
    def is_document(self) -> bool:
        """Whether the answer was a JSON document, from its first bracket to its last."""
        return self.document is not None or self.scanned_whole

    def lose(self, name: str) -> None:
        """A field of the usage was reported outside of it, and cannot be read."""
        self._lost = self._lost or set()
        self._lost.add(name)

    @property
    def raw(self) -> bytes | None:
        """The last report as it came, for a cost that the upstream states in it."""
        if self.reported_as is None and self.document is not None:
            try:
                self.reported_as = bytes(_decode_document(self.document).usage)
            except Unreadable:
                return None
        raw = self.reported_as
        return raw if raw and len(raw) <= _RAW_MAX_BYTES else None

    def end(self) -> None:
        """The answer ended cleanly: what was reported is final, unless more was announced."""
        if not self.awaits_completion:
            self.final = self.any

    def update(self, model: str | None, reported: Reported | None, *, final: bool) -> None:
        """Apply one report. `final`: the upstream sends its final numbers in this place."""
        if model:
            self.model = model
        if reported is None:
            return
        if self._reported is None:
            self._reported = reported
        else:
            _merge(self._reported, reported)
        if reported.prompt_tokens is not None or _counts(reported):
            self.any = True
        if self._lost or type(reported) is OddlyReported:
            self._remember_lost(reported)
        if final and self.any:
            self.final = True
            self.awaits_completion = False

    def restate(self, reported: Reported, *, final: bool) -> None:
        """As `update`, where each report has all the numbers: nothing of an earlier one stands."""
        self._reported = self._lost = None
        self.update(None, reported, final=final)

    def _remember_lost(self, reported: Reported) -> None:
        lost = self._lost = self._lost or set()
        # What is reported again is known again.
        again = _usage_of(reported, None)
        lost.difference_update(
            name
            for name in tuple(lost)
            if (value := getattr(again, name)) or (value == 0 and name in ("prompt", "completion"))
        )
        if isinstance(reported, OddlyReported):
            lost |= reported.lost


def _counts(said: Reported) -> bool:
    return (
        said.prompt_tokens is not None
        or said.completion_tokens is not None
        or said.input_tokens is not None
        or said.output_tokens is not None
        or said.seconds is not None
    )


def _merge(earlier: Any, later: Any) -> None:
    """Take into `earlier` what `later` reports."""
    for name in later.__struct_fields__:
        value = getattr(later, name)
        if value is None or name == "lost":
            continue
        before = getattr(earlier, name)
        if before is not None and isinstance(value, msgspec.Struct):
            _merge(before, value)
        else:
            setattr(earlier, name, value)


def _first(*counts: int | None) -> int | None:
    """The first that was reported."""
    for count in counts:
        if count is not None:
            return count
    return None


def _usage_of(said: Reported, read: UsageAccumulator | None) -> Usage:
    """The numbers of a report; of `read` what stands elsewhere in the answer."""
    into = said.prompt_tokens_details or said.input_tokens_details or said.input_token_details
    into = into or _NO_PROMPT_DETAILS
    out = said.completion_tokens_details or said.output_tokens_details or said.output_token_details
    out = out or _NO_COMPLETION_DETAILS
    created = said.cache_creation or into.cache_creation_token_details or _NO_CACHE_CREATION
    written = said.cache_creation_input_tokens
    if written is None and (written := into.cache_write_tokens) is None:
        written = into.cache_creation_tokens
        if written is None and created is not _NO_CACHE_CREATION:
            written = _written(created)
    cached = said.cache_read_input_tokens
    if cached is None and (cached := into.cached_tokens) is None:
        cached = said.prompt_cache_hit_tokens
        if cached is None:
            cached = said.cached_tokens
    reasoning = out.reasoning_tokens
    if reasoning is None:
        reasoning = said.reasoning_tokens
    prompt = said.prompt_tokens
    if prompt is None:
        prompt = _prompt(said, into, written)
    completion = said.completion_tokens
    if reasoning or completion is None:
        completion = _completion(said, reasoning)
    by_second = False
    if completion is None:
        by_second = prompt is None
        completion = None if by_second else 0
    inside = into.cached_tokens_details or _NO_CACHED_DETAILS
    tier = searches = used = None
    if read is not None:
        tier, searches, used = read.service_tier, read.web_searches, read.tools
    tools = _NOTHING
    if (
        used is not None
        or said.server_tool_use is not None
        or said.server_side_tool_usage_details is not None
        or said.num_search_queries is not None
        or said.citation_tokens is not None
        or said.num_sources_used is not None
    ):
        searches, tools = _searches(said, searches), _tools(said, used)
    # In the order of the fields, and past `Usage.__new__`: by name it takes three times as long.
    fields = (
        prompt, completion,
        None if by_second else cached or 0, None if by_second else reasoning or 0,
        written, created.ephemeral_1h_input_tokens,
        into.audio_tokens, out.audio_tokens, into.image_tokens, out.image_tokens,
        searches, said.prompt_audio_seconds if said.seconds is None else said.seconds,
        said.service_tier or tier, inside.audio_tokens, inside.image_tokens,
        said.speed, said.inference_geo, _NOTHING, tools,
    )  # fmt: skip
    usage = tuple.__new__(Usage, fields)
    return usage if read is None or not read._lost else _without(usage, read.lost)


def _without(usage: Usage, lost: frozenset[str]) -> Usage:
    """Without what was reported and could not be read, of which something else may tell."""
    unknown: dict[str, Any] = {name: None for name in _FIRST_FIELDS if name in lost}
    return usage._replace(lost=lost, **unknown)


def _written(created: CacheCreation) -> int:
    """Tokens written to a cache, where no sum is reported: those of each kind together."""
    return (created.ephemeral_5m_input_tokens or 0) + (created.ephemeral_1h_input_tokens or 0)


def _prompt(said: Reported, into: PromptDetails, written: int | None) -> int | None:
    """The prompt of a report that has it as input."""
    if said.input_tokens is None:
        return None
    if into is not _NO_PROMPT_DETAILS:
        return said.input_tokens
    # Anthropic's, who leaves the cache out, and has no details.
    return said.input_tokens + (said.cache_read_input_tokens or 0) + (written or 0)


def _completion(said: Reported, reasoning: int | None) -> int | None:
    completion = said.completion_tokens
    if completion is None:
        completion = said.output_tokens
    if completion is None or not reasoning or said.prompt_tokens is None:
        return completion
    # At xAI reasoning is no part of the completion, as the total shows.
    is_apart = said.total_tokens == said.prompt_tokens + completion + reasoning
    return completion + reasoning if is_apart else completion


def _searches(said: Reported, elsewhere: int | None) -> int | None:
    tools, xai = said.server_tool_use, said.server_side_tool_usage_details
    return _first(
        None if tools is None else tools.web_search_requests,
        said.num_search_queries,
        None if xai is None else xai.web_search_calls,
        elsewhere,
    )


def _tools(said: Reported, elsewhere: set[str] | None) -> frozenset[str]:
    """Hosted tools that were used and are not counted by a field of their own."""
    used = set(elsewhere or ())
    if said.citation_tokens:
        used.add("citation_tokens")
    if said.num_sources_used:
        used.add("live_search")
    if (tools := said.server_tool_use) is not None and tools.code_execution_requests:
        used.add("code_execution")
    if (xai := said.server_side_tool_usage_details) is not None:
        used.update(tool for name, tool in _XAI_TOOLS if getattr(xai, name))
    return frozenset(used) if used else _NOTHING


def recorded(
    accumulated: UsageAccumulator | None, *, counted: bool, free: bool = False
) -> tuple[Literal["exact", "unknown"], Usage | None]:
    """What a journal entry says of usage: whether it is exact, and the tokens as far as known.

    `counted` is False for a request that uses no tokens by its nature (a GET, an endpoint without
    a dialect): its usage is exactly nothing. A counted answer that was not read, was cut before its
    final report, or failed is unknown; tokens that were reported before that are kept. One that was
    refused is unknown, too, and used nothing: `Entry.used_nothing`. Where the endpoint is `free`,
    an answer that reports nothing used nothing.
    """
    if not counted:
        return "exact", None
    if accumulated is None or (free and not accumulated.any):
        return "exact" if free else "unknown", None
    is_exact = accumulated.final and not accumulated.failed
    return "exact" if is_exact else "unknown", accumulated.usage
