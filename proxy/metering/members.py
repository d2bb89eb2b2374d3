"""Which member of a body says what, for each dialect.

A member that is named here is harmless, or is read. Any other may have the provider add to the
prompt what the body does not hold, and the whole context is what may be charged then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, TypeAlias

from proxy.body.kept_body import KeptBody
from proxy.body.plain_members import PlainMembers
from proxy.body.request_body import JsonReader, whole
from proxy.metering import caching, content
from proxy.metering.asks import PLAIN_MAX_BYTES, Asks, count_of, plain, words
from proxy.metering.content import folded

#: An object whose members are read one by one; a longer one is not looked into.
_OBJECT_MAX_BYTES: Final = 64 * 1024
#: What is looked into of all members together; `content` weighs each besides.
_MEMBERS_MAX_BYTES: Final = content.LOOKED_INTO_MAX

#: Values of one member that is repeated; the price of each is looked up.
_TERMS_MAX: Final = 4
#: Takes the text of a value, None where it is too long.
_Take: TypeAlias = Callable[[Asks, bytes | None], None]
_Table: TypeAlias = Mapping[str, _Take]


def _nothing(_asks: Asks, _raw: bytes | None) -> None:
    """A member that changes nothing."""


def _output(asks: Asks, raw: bytes | None) -> None:
    asks.output(plain(raw))


def _choices(asks: Asks, raw: bytes | None) -> None:
    asks.answers_of(plain(raw))


def _grows(asks: Asks, raw: bytes | None) -> None:
    """Something stored, or found by the provider, becomes a part of the prompt."""
    if raw not in (b"null", b"[]", b"{}", b'""', b"false"):
        content.strange(asks, "image")


#: Members of some servers that say how many answers there are.
_MORE_ANSWERS: Final = frozenset(
    ("numreturnsequences", "numsequences", "numcompletions", "numresponses", "numbeams",
     "usebeamsearch", "beamwidth", "samplecount", "numgenerations", "numoutputs")
)  # fmt: skip
_LENGTHS: Final = ("token", "predict", "length")


def _unknown(name: str, asks: Asks, raw: bytes | None) -> None:
    """A member that is not known here, and may be where it goes."""
    _grows(asks, raw)
    if raw in (b"null", b"false"):
        return
    if name in _MORE_ANSWERS:
        asks.unbounded = f"How many answers its {name[:64]!r} asks for is not known."
    elif any(word in name for word in _LENGTHS):
        asks.is_open = True


def _tier(asks: Asks, raw: bytes | None) -> None:
    value = plain(raw)
    # Bedrock's is an object.
    named = value.get("type") if isinstance(value, dict) else value
    if named is not None:
        asks.tiers |= words(named) or {"?"}
    if len(asks.tiers) > _TERMS_MAX:
        asks.unbounded = "It names too many service tiers."


def _speed(asks: Asks, raw: bytes | None) -> None:
    asks.speeds |= words(plain(raw))
    if len(asks.speeds) > _TERMS_MAX:
        asks.unbounded = "It names too many speeds."


def _latency(asks: Asks, raw: bytes | None) -> None:
    """Bedrock's optimized latency has a price of its own, as a speed has."""
    value = plain(raw)
    asks.speeds |= words(value.get("latency")) if isinstance(value, dict) else {"?"}


def _geo(asks: Asks, raw: bytes | None) -> None:
    asks.geos |= words(plain(raw))
    if len(asks.geos) > _TERMS_MAX:
        asks.unbounded = "It names too many places."


def _modalities(asks: Asks, raw: bytes | None) -> None:
    value = plain(raw)
    if value is not None and (isinstance(value, dict) or "audio" in words(value)):
        asks.speaks = True


def _speaks(asks: Asks, raw: bytes | None) -> None:
    asks.speaks = asks.speaks or raw != b"null"


def _predicted(asks: Asks, raw: bytes | None) -> None:
    asks.predicted = asks.predicted or raw != b"null"


def _searches(asks: Asks, raw: bytes | None) -> None:
    """One search before the answer, which finds what is added to the prompt."""
    if raw != b"null":
        content.strange(asks)
        asks.searches += 1


def _costs(asks: Asks, raw: bytes | None) -> None:
    """What the provider does for it is charged beside the tokens."""
    if raw not in (b"null", b"[]", b"{}", b"false"):
        content.strange(asks, "image")
        asks.unpriced = "It asks for something that is charged beside its tokens."


def _calls(asks: Asks, raw: bytes | None) -> None:
    count = count_of(plain(raw))
    if count is not None:
        asks.calls = max(asks.calls or 0, count)


def _inside(table: _Table, asks: Asks, raw: bytes | None) -> None:
    """An object that is a member's value."""
    if raw is None or len(raw) > _OBJECT_MAX_BYTES:
        content.strange(asks, "image")
        asks.is_open = True
        asks.unbounded = "Its settings are too long to be looked into."
    elif raw != b"null":
        members(asks, whole(KeptBody(raw)), table)


def _free_form(asks: Asks, raw: bytes | None) -> None:
    """What Bedrock hands to the model as it is may be any parameter of the model."""
    if raw not in (b"null", b"{}"):
        content.strange(asks, "image")
        asks.is_open = True


def plainly(asks: Asks, found: PlainMembers, table: _Table) -> None:
    """Read each member of an object that has none twice."""
    for key, text in found.items():
        take = table.get(key)
        if take is None:
            name = folded(key)
            take = table.get(name) or partial(_unknown, name)
        if take is not _nothing:
            is_short = len(text) <= PLAIN_MAX_BYTES or len(text) <= _longest(asks)
            _take(asks, take, text if is_short else None)


def _take(asks: Asks, take: _Take, text: bytes | None) -> None:
    asks.read += 0 if text is None else len(text)
    take(asks, text)


def _longest(asks: Asks) -> int:
    # Numbers and switches behind a large member are read all the same.
    return max(PLAIN_MAX_BYTES, _MEMBERS_MAX_BYTES - asks.read)


def members(asks: Asks, reader: JsonReader, table: _Table) -> None:
    """Read each member of an object, a repeated one as often as it stands there."""
    if not reader.followed or not reader.is_object():
        asks.unbounded = "Its body is no JSON object that can be read here."
        return
    for field in reader.fields():
        name = folded(field.key or "")
        take = table.get(name)
        if take is _nothing:
            continue
        _take(asks, take or partial(_unknown, name), reader.raw(field, _longest(asks)))


def _table(harmless: str, **readings: _Take) -> _Table:
    takes = {**dict.fromkeys(harmless.split(), _nothing), **readings}
    # As most clients spell them, too: what is found so need not be folded.
    return {**takes, **{folded(name): take for name, take in takes.items()}}


_SAMPLING: Final = (
    "model models stream stream_options temperature top_p top_k min_p stop seed random_seed user"
    " presence_penalty frequency_penalty repetition_penalty logit_bias logprobs top_logprobs"
    " metadata store safety_identifier prompt_cache_key prompt_cache_retention prompt_cache_options"
    " min_tokens ignore_eos"
)
_tools: Final[_Take] = content.tools
_anthropic_tools: Final[_Take] = partial(content.tools, instructed=True)

_CHAT: Final = _table(
    f"{_SAMPLING} tool_choice parallel_tool_calls response_format function_call functions"
    " reasoning_effort reasoning verbosity usage include_reasoning reasoning_format thinking"
    " enable_thinking safe_prompt prompt_mode disable_tool_validation stop_token_ids guided_json"
    " skip_special_tokens include_stop_str_in_output provider route cache_prompt transforms"
    " preset_fields moderation",
    messages=content.messages,
    tools=_tools,
    max_tokens=_output,
    max_completion_tokens=_output,
    max_new_tokens=_output,
    n_predict=_output,
    n=_choices,
    best_of=_choices,
    service_tier=_tier,
    modalities=_modalities,
    audio=_speaks,
    prediction=_predicted,
    web_search_options=_searches,
    plugins=_costs,
    search_parameters=_costs,
    prompt=content.prompts,
    suffix=_nothing,
)
_COMPLETIONS: Final = _table(
    f"{_SAMPLING} echo suffix prompt_id",
    prompt=content.prompts,
    max_tokens=_output,
    max_completion_tokens=_output,
    n_predict=_output,
    n=_choices,
    best_of=_choices,
    service_tier=_tier,
)
_RESPONSES: Final = _table(
    f"{_SAMPLING} instructions reasoning text tool_choice parallel_tool_calls include truncation"
    " background context_management client_metadata",
    input=content.messages,
    tools=_tools,
    max_output_tokens=_output,
    max_tool_calls=_calls,
    service_tier=_tier,
    modalities=_modalities,
)
_MESSAGES: Final = _table(
    f"{_SAMPLING} stop_sequences thinking tool_choice output_config output_format cache_control"
    " betas anthropic_version anthropic_beta context_management",
    messages=content.messages,
    system=content.content,
    tools=_anthropic_tools,
    max_tokens=_output,
    max_tokens_to_sample=_output,
    service_tier=_tier,
    speed=_speed,
    inference_geo=_geo,
)
_EMBEDDINGS: Final = _table(
    "model encoding_format dimensions user input_type truncate truncation output_dimension"
    " output_dtype embedding_types options keep_alive prompt_name normalize task",
    input=content.prompts,
    texts=content.prompts,
    prompt=content.prompts,
)
_GEMINI_TOOLS: Final = {"functiondeclarations": False, "urlcontext": True}
_GENERATION: Final = _table(
    "temperature top_p top_k stop_sequences seed presence_penalty frequency_penalty"
    " response_logprobs logprobs response_mime_type response_schema response_json_schema"
    " thinking_config media_resolution image_config enable_enhanced_civic_answers routing_config"
    " model_selection_config enable_affective_dialog audio_timestamp",
    max_output_tokens=_output,
    candidate_count=_choices,
    response_modalities=_modalities,
    speech_config=_speaks,
)
_gemini_contents: Final[_Take] = partial(
    content.keyed, inner="parts", known=content.PARTS_OF_GEMINI
)
_GEMINI: Final = _table(
    "model tool_config safety_settings labels store model_armor_config",
    contents=_gemini_contents,
    system_instruction=_gemini_contents,
    generation_config=partial(_inside, _GENERATION),
    tools=partial(content.keyed_tools, free=_GEMINI_TOOLS),
    service_tier=_tier,
)
_GEMINI_EMBEDDINGS: Final = _table(
    "model task_type title output_dimensionality auto_truncate embed_content_config",
    content=_gemini_contents,
    requests=partial(content.keyed, inner="content", known=frozenset(("parts", "role"))),
)
_INFERENCE: Final = _table(
    "temperature top_p top_k stop_sequences", max_tokens=_output, max_new_tokens=_output
)
_converse_contents: Final[_Take] = partial(content.keyed, inner="content", known=content.BLOCKS)


def _system_blocks(asks: Asks, raw: bytes | None) -> None:
    if raw is not None:
        content.keyed_parts(asks, raw, content.BLOCKS)


def _converse_tools(asks: Asks, raw: bytes | None) -> None:
    """`{"tools": [{"toolSpec": …}], "toolChoice": …}`; Nova's own tools are `systemTool`s."""
    asks.overhead = max(asks.overhead, content.INSTRUCTIONS)
    if raw is None or b"systemTool" in raw or b"\\u" in raw:
        _costs(asks, raw)


_CONVERSE: Final = _table(
    "additional_model_response_field_paths request_metadata guardrail_config output_config",
    messages=_converse_contents,
    system=_system_blocks,
    inference_config=partial(_inside, _INFERENCE),
    tool_config=_converse_tools,
    additional_model_request_fields=_free_form,
    performance_config=_latency,
    service_tier=_tier,
)
#: Vertex's older form: of vectors it is known, whatever else it makes is not.
_PREDICT: Final = _table(
    "",
    instances=content.instances,
    parameters=partial(_inside, _table("output_dimensionality auto_truncate")),
)
_OLLAMA: Final = _table(
    "model stream format keep_alive think raw context suffix system logprobs top_logprobs"
    " truncate dimensions",
    prompt=content.prompts,
    input=content.prompts,
    messages=content.messages,
    tools=_tools,
    options=partial(
        _inside,
        _table(
            f"{_SAMPLING} num_ctx num_keep num_batch num_gpu main_gpu use_mmap num_thread"
            " repeat_last_n repeat_penalty mirostat mirostat_tau mirostat_eta tfs_z typical_p",
            num_predict=_output,
        ),
    ),
)
_INVOKE: Final = _table(
    "prompt input_text temperature top_p stop stop_sequences schema_version anthropic_version",
    max_gen_len=_output,
    max_tokens=_output,
    max_completion_tokens=_output,
    messages=content.messages,
    text_generation_config=partial(
        _inside, _table("temperature top_p stop_sequences", max_token_count=_output)
    ),
    inference_config=partial(_inside, _INFERENCE),
    system=content.content,
    tools=_anthropic_tools,
)

_TABLES: Final[Mapping[str, _Table]] = {
    "chat": _CHAT,
    "completions": _COMPLETIONS,
    "responses": _RESPONSES,
    "messages": _MESSAGES,
    "embeddings": _EMBEDDINGS,
    "gemini": _GEMINI,
    "converse": _CONVERSE,
    "predict": _PREDICT,
    "ollama": _OLLAMA,
    "invoke": {**_MESSAGES, **_INVOKE},
    "cohere": _CHAT,
    # Of other endpoints it is known how the most common ones say it, and of a text its bytes.
    "generic": {
        **_RESPONSES,
        **_CHAT,
        **_table(
            "voice response_format size quality speed instructions",
            input=content.prompts,
            prompt=content.prompts,
        ),
    },
}
DIALECTS: Final = frozenset(_TABLES)


def of_json(
    dialect: str, pattern: str, reader: JsonReader | PlainMembers, body: KeptBody | bytes
) -> Asks:
    """What a JSON body asks for at an endpoint; `reader` has been fed all of it."""
    asks = Asks()
    table = _TABLES.get(dialect, _TABLES["generic"])
    if pattern.endswith(("mbedContent", "mbedContents")):
        table = _GEMINI_EMBEDDINGS
    asks.answers = not embeds(dialect, pattern)
    if isinstance(reader, JsonReader):
        members(asks, reader, table)
    else:
        plainly(asks, reader, table)
    if dialect == "predict" and asks.grows:
        asks.unbounded = asks.unbounded or "Only of vectors it is known what `predict` may use."
    caching.read(asks, body, dialect)
    asks.settle()
    return asks


def embeds(dialect: str, pattern: str) -> bool:
    """Whether an endpoint makes vectors, of whose prompt alone tokens are counted."""
    name = pattern.rpartition("/")[2].lower()
    return dialect in ("embeddings", "predict") or "embed" in name
