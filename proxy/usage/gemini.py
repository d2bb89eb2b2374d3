"""Gemini's usage, in Google's API and in Vertex AI, sans-io.

`usageMetadata` stands in any chunk of a stream, and states totals: the last one counts. The prompt
there has the cached tokens in it, and not what tools found; the completion has no thoughts in it
(field descriptions of the `google-genai` package).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from proxy.decoding.json_reading import Unreadable
from proxy.usage.accumulator import UsageAccumulator
from proxy.usage.json_documents import Shape
from proxy.usage.own_dialect import (
    Counts,
    Members,
    OwnDialect,
    decode_members,
    decode_texts,
    present,
    report,
    small,
    text_in,
)
from proxy.usage.reported import (
    COUNT_MAX,
    CachedDetails,
    CompletionDetails,
    PromptDetails,
    Reported,
)
from proxy.usage.sought import Sought

#: Choices whose ends are told apart.
_CANDIDATES_MAX: Final = 256
#: The two that say nothing, as a text and as a number.
_UNSAID: Final = (None, "", "FINISH_REASON_UNSPECIFIED", 0)


class Gemini(OwnDialect):
    """Answers of `generateContent` and its stream, and of `embedContent`."""

    shape = Shape(
        (b"usageMetadata", b"modelVersion", b"error"),
        b"candidates",
        (b"index", b"finishReason", b"groundingMetadata"),
    )
    sought = (
        Sought(b'"usageMetadata"'),
        Sought(b'"finishReason"'),
        Sought(b'"groundingMetadata"'),
        Sought(b"error"),
    )

    __slots__ = ("_open", "_searches", "_tools")

    def __init__(self, read: UsageAccumulator) -> None:
        super().__init__(read)
        #: The choices that were seen, and whether each has not said why it ended.
        self._open: dict[int, bool] = {}
        self._searches = 0
        #: What costs something beside the tokens that are counted.
        self._tools: set[str] = set()

    def document(self, text: bytes) -> None:
        try:
            said = decode_members(text)
        except Unreadable:
            return
        read = self.read
        if (error := present(said, "error")) is not None:
            self.fail(error)
        read.model = text_in(said, "modelVersion") or read.model
        if (candidates := present(said, "candidates")) is not None:
            self._take_candidates(candidates)
        finished = bool(self._open) and not any(self._open.values())
        read.terminal = read.terminal or finished
        read.finished = read.terminal
        if (usage := present(said, "usageMetadata")) is not None:
            try:
                said_of_usage, has_video = reported(usage)
                if has_video:
                    self._tools.add("video")
                read.restate(said_of_usage, final=read.terminal)
            except Unreadable:
                read.restate(report(("prompt", "completion")), final=False)
        elif finished and read.any:
            read.final = True
        read.tools = self._tools or None

    def listed(self, text: bytes) -> None:
        with suppress(Unreadable):
            self._take_candidate(decode_members(text))

    def _take_candidates(self, text: bytes) -> None:
        with suppress(Unreadable):
            for candidate in decode_texts(text)[:_CANDIDATES_MAX]:
                self._take_candidate(decode_members(candidate))

    def _take_candidate(self, said: Members) -> None:
        place = small(bytes(said.get("index", b"0")))
        if not isinstance(place, int) or not 0 <= place < _CANDIDATES_MAX:
            place = 0
        reason = small(bytes(said.get("finishReason", b"null")))
        ended = isinstance(reason, str | int) and reason not in _UNSAID
        self._open[place] = self._open.get(place, True) and not ended
        if (grounding := present(said, "groundingMetadata")) is not None:
            self._take_grounding(grounding)

    def _take_grounding(self, grounding: bytes) -> None:
        """Searches are charged beside the tokens, and so is a look at Google's maps."""
        value = small(grounding)
        if not isinstance(value, dict):
            self._tools.add("grounding")
        else:
            queries = value.get("webSearchQueries")
            found = len(queries) if isinstance(queries, list) else 0
            # A stream repeats them.
            self._searches = max(self._searches, found, 1 if value.get("searchEntryPoint") else 0)
            chunks = value.get("groundingChunks")
            for chunk in chunks if isinstance(chunks, list) else []:
                if isinstance(chunk, dict) and ("maps" in chunk or "retrievedContext" in chunk):
                    self._tools.add("grounding")
        self.read.web_searches = self._searches or None


_VIDEO: Final = "VIDEO"
_INPUT: Final = {"AUDIO": "audio_input", "IMAGE": "image_input", _VIDEO: "image_input"}
_OUTPUT: Final = {"AUDIO": "audio_output", "IMAGE": "image_output", _VIDEO: "image_output"}
_CACHED: Final = {"AUDIO": "cached_audio", "IMAGE": "cached_image"}


def reported(text: bytes) -> tuple[Reported, bool]:
    """A `usageMetadata` object in OpenAI's names, and whether it counts moving pictures.

    Raises Unreadable for what is no object.
    """
    said = Counts(text)
    tools = said.count("toolUsePromptTokenCount", "prompt")
    prompt = _sum(said.count("promptTokenCount", "prompt"), tools)
    thoughts = said.count("thoughtsTokenCount", "reasoning")
    answered = said.count("candidatesTokenCount", "completion")
    if answered is None:
        # So it is called beside embeddings and in live sessions.
        answered = said.count("responseTokenCount", "completion")
    if "reasoning" in said.lost:
        said.lost.add("completion")
    into = _parts(said, ("promptTokensDetails", "promptTokenDetails"), _INPUT)
    more = _parts(said, ("toolUsePromptTokensDetails",), _INPUT)
    out = _parts(said, ("candidatesTokensDetails", "responseTokensDetails"), _OUTPUT)
    cached = _parts(said, ("cacheTokensDetails",), _CACHED)
    has_video = bool(into.get(_VIDEO) or more.get(_VIDEO) or out.get(_VIDEO))
    found = report(
        said.lost,
        prompt_tokens=prompt,
        completion_tokens=_sum(answered, thoughts),
        prompt_tokens_details=PromptDetails(
            cached_tokens=said.count("cachedContentTokenCount", "cached"),
            audio_tokens=_sum(into.get("AUDIO"), more.get("AUDIO")),
            image_tokens=_sum(into.get("IMAGE"), more.get("IMAGE")),
            cached_tokens_details=CachedDetails(cached.get("AUDIO"), cached.get("IMAGE")),
        ),
        completion_tokens_details=CompletionDetails(thoughts, out.get("AUDIO"), out.get("IMAGE")),
        service_tier=said.word("trafficType") or said.word("serviceTier"),
    )
    return found, has_video


def _parts(said: Counts, names: tuple[str, ...], means: dict[str, str]) -> dict[str, int]:
    for name in names:
        if found := said.parts(name, "modality", "tokenCount", means):
            return found
    return {}


def _sum(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one + other, COUNT_MAX)
