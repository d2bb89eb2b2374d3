"""The models that a request names, for tokens and projects that may use only some.

They must be known beyond doubt, whichever parser the upstream has: parsers differ on repeated
members, some fold case, some take what another label calls text. A body in which another reader
could find another model is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal

import msgspec

from proxy.body.kept_body import KeptBody
from proxy.body.multipart import Part
from proxy.body.request_body import AT_ONCE_BYTES, Field, JsonReader, whole
from proxy.decoding.content_coding import is_known
from proxy.decoding.json_reading import Unreadable, decode_any, decoder
from proxy.errors import InvalidRequest
from proxy.headers import RawHeaders, values_of
from proxy.turns import PART_BYTES

#: The longest name of a model, in bytes of UTF-8.
NAME_MAX_BYTES: Final = 1024
#: With every character escaped.
_RAW_NAME_MAX_BYTES: Final = 8 * NAME_MAX_BYTES
_VALUE_MAX_BYTES: Final = 64 * 1024
#: Tools, and their text, in which a model is looked for.
TOOLS_MAX: Final = 1024
TOOLS_MAX_BYTES: Final = 512 * 1024
#: A batch of requests, whose texts are in it.
REQUESTS_MAX_BYTES: Final = 4 * 1024 * 1024
#: One inside another, with all of its prompt.
_REQUEST_MAX_BYTES: Final = 20 * 1024 * 1024

_FORM: Final = b"multipart/form-data;"
#: Labels under which servers take JSON: those of JSON, those of nothing in particular, and none.
_MAY_HOLD_JSON: Final = re.compile(
    rb"(?:application/json|text/json|text/plain|application/octet-stream"
    rb"|[a-z0-9!#$&^_.-]{1,100}/[a-z0-9!#$&^_.-]{1,100}\+json)"
    # Other charsets, UTF-7 to name one, make other text of the same bytes.
    rb"(?:[ \t]{0,8};[ \t]{0,8}charset=\"?(?:utf-?8|us-ascii|iso-8859-1)\"?)?",
    re.IGNORECASE,
)
_decode_tools: Final[Callable[[bytes], list[msgspec.Raw]]] = decoder(list[msgspec.Raw])


def coding_of(headers: RawHeaders) -> bytes | None:
    """How the body is compressed, b"" where it is not; None where that cannot be undone here."""
    codings = [
        coding
        for value in values_of(headers, b"content-encoding")
        if (coding := value.strip(b" \t").lower()) != b"identity"
    ]
    if not codings:
        return b""
    return codings[0] if len(codings) == 1 and is_known(codings[0]) else None


def declared_form(headers: RawHeaders) -> Literal["json", "form"]:
    """In which of the two forms the body comes. Raises InvalidRequest for any other."""
    types = [value.strip(b" \t") for value in values_of(headers, b"content-type")]
    coding = coding_of(headers)
    if coding is None:
        raise _doubt("The body is compressed in a way in which its model cannot be read.")
    if not types:
        return "json"
    if len(types) == 1 and types[0][: len(_FORM)].lower() == _FORM and not coding:
        return "form"
    if len(types) == 1 and _MAY_HOLD_JSON.fullmatch(types[0]):
        return "json"
    raise _doubt("The body must be JSON or a multipart form, so that its model can be read.")


def declared_plainly(label: bytes | None) -> bool:
    """Whether a body that has this one label, and no coding, is JSON."""
    return label is not None and _MAY_HOLD_JSON.fullmatch(label.strip(b" \t")) is not None


def _doubt(message: str) -> InvalidRequest:
    return InvalidRequest(message, param="model")


def named_by_path(name: str) -> str:
    """The model that a path names, where it can be one. Raises InvalidRequest.

    A server that resolves dots and slashes after decoding them would find another model there.
    """
    if any(part in ("", ".", "..") for part in name.replace("\\", "/").split("/")):
        raise _doubt("The path must name a model, without empty or dot segments.")
    return known_name(name)


def named_by_json(
    reader: JsonReader, default: str = "", *, in_path: bool = False, may_be_name: bool = False
) -> Iterator[str | None]:
    """Every model that the body names, `model` first; None where a turn may be taken in between.

    A body that names none has the endpoint's `default`, where there is one. `in_path`: the path
    names a model, so that the body need not; what it names counts all the same. `may_be_name`: one
    without `model` names it in `name`.

    Raises InvalidRequest where there is any doubt.
    """
    fields = reader.fields()
    if not reader.followed or not reader.is_object() or not reader.is_json():
        raise _doubt("The request must name a model in a JSON body.")
    member = "model"
    named = [field for field in fields if field.key is None or field.means(member)]
    if may_be_name and not named:
        member = "name"
        named = [field for field in fields if field.means(member)]
    may_lack = bool(default) or in_path
    once = [member.encode()]
    if [field.raw_key for field in named] not in (once, [] if may_lack else once):
        raise _doubt("The request must name its model exactly once.")
    if named or not in_path:
        model = _value(reader, named[0]) if named else default
        if not isinstance(model, str) or not model:
            raise _doubt("The request must name a model in a JSON body.")
        yield known_name(model)
    for field in fields:
        key = (field.key or "").casefold()
        if in_path and (inside := _INSIDE.get(key.replace("_", ""))) is not None:
            yield from inside(reader, field)
        elif key == "tools":
            yield from _of_tools(reader, field)
        elif key == "route":
            # OpenRouter's: whether `models` are tried one by one.
            if _value(reader, field) not in (None, "fallback"):
                raise _doubt("The request's route may name models that are not known.")
        elif ("model" in key and key != "model") or "fallback" in key:
            yield None
            yield from _names(key, _value(reader, field))


def name_in(raw: bytes) -> str:
    """The name that a JSON value is; '' where it is none. Raises Unreadable."""
    value: Any = decode_any(raw) if len(raw) <= _RAW_NAME_MAX_BYTES else None
    return value if isinstance(value, str) and len(value) <= NAME_MAX_BYTES else ""


def known_name(model: str) -> str:
    """The name, where it can be one. Raises InvalidRequest."""
    if len(model) > NAME_MAX_BYTES or len(model.encode("utf-8", "replace")) > NAME_MAX_BYTES:
        raise _doubt(f"The model's name is longer than {NAME_MAX_BYTES} bytes.")
    return model


def _value(reader: JsonReader, field: Field) -> Any:
    try:
        return reader.value(field, _VALUE_MAX_BYTES)
    except Unreadable:
        raise _doubt(f"The member {field.key!r} is too long to be looked into.") from None


def _names(key: str, value: Any) -> Iterator[str]:
    """Models in a member such as OpenRouter's `models` or LiteLLM's `fallbacks`."""
    for one in value if isinstance(value, list) else [value]:
        name = one.get("model") if isinstance(one, dict) and one.keys() <= {"model"} else one
        if isinstance(name, str):
            yield known_name(name)
        elif name is not None and not isinstance(name, bool | int | float):
            raise _doubt(f"The member {key!r} names models in a form that is not known.")


def _of_tools(reader: JsonReader, field: Field) -> Iterator[str | None]:
    """Models that tools name, as OpenAI's image tool and Anthropic's advisor do."""
    return _of_list(reader, field, TOOLS_MAX_BYTES)


def _of_requests(reader: JsonReader, field: Field) -> Iterator[str | None]:
    """Models of the requests in a batch, as in Gemini's `batchEmbedContents`."""
    return _of_list(reader, field, REQUESTS_MAX_BYTES)


def _of_request(reader: JsonReader, field: Field) -> Iterator[str | None]:
    """The model of a whole request inside this one, as Gemini's `countTokens` takes it."""
    raw = reader.raw(field, _REQUEST_MAX_BYTES)
    if raw is None:
        raise _doubt(f"The member {field.key!r} is too long to be looked into.")
    if raw == b"null":
        return
    kept, inner = KeptBody(raw), JsonReader(strict=False)
    for part in kept.parts(PART_BYTES):
        # It holds a whole prompt.
        yield None
        inner.feed(part)
    inner.end(kept)
    if not inner.is_object() or not inner.followed:
        raise _doubt(f"The member {field.key!r} has a form that is not known.")
    for one in inner.fields():
        if one.key is None or one.means("model"):
            yield from _names("generateContentRequest", _value(inner, one))


def _of_free_form(reader: JsonReader, field: Field) -> Iterator[str | None]:
    """Models in what Bedrock's Converse hands to the model as it is."""
    raw = reader.raw(field, TOOLS_MAX_BYTES)
    if raw is None:
        raise _doubt(f"The member {field.key!r} is too long to be looked into.")
    if raw == b"null" or not (b"model" in raw.lower() or b"\\u" in raw):
        return
    inner = whole(KeptBody(raw))
    if not inner.is_object() or not inner.followed:
        raise _doubt(f"The member {field.key!r} has a form that is not known.")
    for one in inner.fields():
        if one.means("tools"):
            yield from _of_tools(inner, one)
        elif one.key is None or "model" in one.key.casefold():
            yield from _names("additionalModelRequestFields", _value(inner, one))


def _of_config(reader: JsonReader, field: Field) -> Iterator[str | None]:
    """Vertex's `routingConfig`, which lets another model answer than the path names."""
    raw = reader.raw(field, TOOLS_MAX_BYTES)
    if raw is None:
        raise _doubt(f"The member {field.key!r} is too long to be looked into.")
    if b"outing" in raw or b"\\u" in raw:
        yield None
        inner = whole(KeptBody(raw))
        for one in inner.fields():
            if one.key is None or one.key.casefold().replace("_", "") == "routingconfig":
                raise _doubt("The request's routing may choose models that are not known.")


def _of_nothing(_reader: JsonReader, _field: Field) -> Iterator[str | None]:
    """Of a member that is called so and names no model."""
    return iter(())


#: Members that are looked into where the path names the model, in lower case, without underscores.
_INSIDE: Final[Mapping[str, Callable[[JsonReader, Field], Iterator[str | None]]]] = {
    "requests": _of_requests,
    "generatecontentrequest": _of_request,
    "additionalmodelrequestfields": _of_free_form,
    "additionalmodelresponsefieldpaths": _of_nothing,
    "generationconfig": _of_config,
    # Vertex's: what looks through prompts and answers.
    "modelarmorconfig": _of_nothing,
}


def _of_list(reader: JsonReader, field: Field, bound: int) -> Iterator[str | None]:
    raw = reader.raw(field, bound)
    if raw is None:
        raise _doubt(f"The request's {field.key} are too long to be looked into.")
    try:
        tools = _decode_tools(raw) if raw != b"null" else []
    except Unreadable:
        raise _doubt(f"The request's {field.key} are not a list.") from None
    if len(tools) > TOOLS_MAX:
        raise _doubt(f"The request has too many {field.key} to be looked into.")
    for tool in tools:
        text = bytes(tool)
        if b"model" in text.lower() or b"\\u" in text:
            yield None
            yield from _of_tool(text)


def _of_tool(text: bytes) -> Iterator[str]:
    if len(text) > AT_ONCE_BYTES:
        raise _doubt("A part of the request that may name a model is too long to be looked into.")
    reader = whole(KeptBody(text))
    if not reader.followed:
        raise _doubt("A part of the request that may name a model has too many members.")
    for one in reader.fields():
        if one.key is None or one.means("model"):
            yield from _names("tools", _value(reader, one))


def named_by_form(parts: list[Part], *, in_path: bool = False) -> str:
    """The value of the one field named `model`; '' where the path names it and the form does not.

    Raises InvalidRequest where there is any doubt.
    """
    named = [part for part in parts if _means_model(part.name)]
    if in_path and not named:
        return ""
    if len(named) != 1:
        raise _doubt("The form must name its model exactly once.")
    model = named[0]
    if model.is_file:
        raise _doubt("The form's model is a file.")
    if model.size > len(model.value):
        raise _doubt(f"The model's name is longer than {NAME_MAX_BYTES} bytes.")
    try:
        return model.value.decode("ascii")
    except UnicodeDecodeError:
        raise _doubt("The form's model is not ASCII.") from None


def named_plainly(parts: list[Part]) -> str:
    """The model that these parts of a form name, for the entry; '' where they name none."""
    for part in parts:
        if part.name == b"model" and not part.is_file and part.size == len(part.value):
            return part.value.decode("ascii", "ignore")
    return ""


def _means_model(name: bytes) -> bool:
    if name == b"model":
        return True
    folded = name.decode("utf-8", "replace").casefold()
    if "model" in folded or "fallback" in folded:
        raise _doubt("A field of the form is named almost like model.")
    return False
