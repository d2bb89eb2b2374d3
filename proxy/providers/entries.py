"""What a file says of providers, and what is made of it.

Built-in files and PROVIDERS_FILE have the same form, and are read here.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NamedTuple, TypeVar

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from config import parse_v1_prefix
from models.endpoint_rules import METHODS, parse_path, shape
from proxy.providers import forms
from proxy.providers.endpoints import Dialect, Endpoint, Off
from proxy.providers.error_shapes import ErrorShape
from proxy.providers.provider import CostUnit, Probe, Provider

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
T = TypeVar("T")
R = TypeVar("R")


class Problem(NamedTuple):
    """A key of a file, what is wrong with it, and what is allowed there."""

    key: str
    reason: str
    allowed: str


class BadFile(Exception):
    """A file cannot be used; `problems` are all of them."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(str(problems))
        self.problems = problems


def _form(parse: Callable[[T], R]) -> AfterValidator:
    def validate(value: T) -> R:
        try:
            return parse(value)
        except ValueError as exc:
            # Without Pydantic's own words in front.
            raise PydanticCustomError("form", "{said}", {"said": str(exc)}) from exc

    return AfterValidator(validate)


def _one_of(*names: str) -> AfterValidator:
    def parse(value: str) -> str:
        if value not in names:
            raise ValueError("is none of them")
        return value

    return _form(parse)


def _built_in(name: str, info: ValidationInfo) -> str:
    names: Collection[str] = (info.context or {}).get("built_in", ())
    if name not in names:
        said = f"no built-in provider has this name; there are {', '.join(sorted(names))}"
        raise PydanticCustomError("form", "{said}", {"said": said})
    return name


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True, defer_build=True)


class _Endpoint(_Strict):
    method: Annotated[str, _one_of(*METHODS)]
    path: Annotated[str, _form(parse_path)]
    usage: Dialect | None = None
    default_model: str = ""
    isolated: bool = False

    def endpoint(self, known: Sequence[Endpoint]) -> Endpoint:
        """What it allows. One that says nothing of its usage is read as a `known` one of its path,
        and any other POST in whatever dialect its answer has: to be read in none must be said."""
        if self.usage is not None:
            return self._endpoint(self.usage, self.default_model)
        mine = shape(self.path)
        for one in known:
            if one.method in ("*", self.method) and shape(one.pattern) == mine:
                model = self.default_model or one.default_model
                return self._endpoint(one.dialect, model)
        usage: Dialect = "generic" if self.method == "POST" else "none"
        return self._endpoint(usage, self.default_model)

    def _endpoint(self, usage: Dialect, default_model: str) -> Endpoint:
        return Endpoint(self.method, self.path, usage, default_model, self.isolated)


class Entry(_Strict):
    """One table `[providers.NAME]`."""

    like: Annotated[str, AfterValidator(_built_in)] | None = None
    base_url: Annotated[str, _form(forms.parse_base)] | None = None
    v1_prefix: Annotated[str, _form(parse_v1_prefix)] | None = None
    auth: Annotated[str, _form(forms.parse_auth)] | None = Field(
        None, validation_alias=AliasChoices("auth", "credential")
    )
    error_shape: ErrorShape | None = None
    prices: str | None = None
    headers: Annotated[dict[str, str], _form(forms.parse_headers)] | None = None
    keep_client_headers: list[Annotated[str, _form(forms.parse_kept_name)]] | None = None
    test: Annotated[str, _form(forms.parse_test)] | None = None
    blames_key: list[str] | None = None
    meter_streams: bool | None = None
    cost: Annotated[str, _form(forms.parse_cost)] | None = None
    cost_unit: CostUnit | None = None
    service: str | None = None
    token_uris: list[str] | None = None
    scopes: list[str] | None = None
    endpoints: Annotated[list[_Endpoint], Field(min_length=1)] | None = None
    also_allow: list[_Endpoint] = []
    off: dict[Annotated[str, _form(forms.parse_off)], str] | None = None


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("not a name of a provider")
    return name


class _File(_Strict):
    providers: dict[Annotated[str, _form(_named)], Entry]


def read(path: Path, built_in: Collection[str]) -> dict[str, Entry]:
    """The entries of a file, by name. `built_in` are the names that one may be like.

    Raises BadFile with every problem.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
        return _File.model_validate(said, context={"built_in": built_in}).providers
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise BadFile(Problem("the file", str(exc), "TOML, see docs/providers.md")) from exc
    except ValidationError as exc:
        errors = exc.errors(include_input=False, include_url=False)
        raise BadFile(*map(_problem, errors)) from exc


def _problem(error: ErrorDetails) -> Problem:
    where = [str(part) for part in error["loc"] if part != "[key]"]
    key = ".".join(where)
    if error["type"] == "extra_forbidden":
        return Problem(key, "no such key", _keys_beside(where))
    parts = ("auth" if part == "credential" else part for part in reversed(where))
    named = next((part for part in parts if part in forms.ALLOWED), "providers")
    allowed, example = forms.ALLOWED[named]
    return Problem(key, error["msg"], f"{allowed}, such as {example}")


def _keys_beside(where: Sequence[str]) -> str:
    """What may stand where an unknown key does, with the one that is most like it first."""
    model: type[BaseModel] = _File
    if len(where) > 1:
        model = _Endpoint if {"endpoints", "also_allow"} & set(where[2:-1]) else Entry
    names = sorted(model.model_fields)
    alike = difflib.get_close_matches(where[-1], names, n=1)
    meant = f", probably {alike[0]}" if alike else ""
    return f"{', '.join(names)}{meant}"


def missing(name: str, entry: Entry) -> Iterator[Problem]:
    """What an entry lacks that is neither of a built-in provider nor like one."""
    for key in ("base_url", "auth", "error_shape", "endpoints"):
        if getattr(entry, key) is None:
            allowed, example = forms.ALLOWED[key]
            where = f"providers.{name}.{key}"
            yield Problem(where, "must be given", f"{allowed}, such as {example}")


def merged(
    name: str, entry: Entry, base: Provider | None, known: Sequence[Endpoint] = ()
) -> Provider:
    """A provider like `base` but for what the entry says.

    `known` are endpoints whose usage one of the same path has that says nothing of it.
    """
    default = base or _BLANK
    alike = (*default.endpoints, *known)
    endpoints = default.endpoints
    if entry.endpoints is not None:
        endpoints = tuple(one.endpoint(alike) for one in entry.endpoints)
    headers = dict(default.headers) | (entry.headers or {})
    return Provider(
        name=name,
        base_url=_said(entry.base_url, default.base_url),
        auth=_said(entry.auth, default.auth),
        error_shape=_said(entry.error_shape, default.error_shape),
        endpoints=endpoints + tuple(one.endpoint(alike) for one in entry.also_allow),
        v1_prefix=_said(entry.v1_prefix, default.v1_prefix),
        prices=_said(entry.prices, default.prices),
        headers=tuple(headers.items()),
        keep_client_headers=frozenset(
            _said(entry.keep_client_headers, default.keep_client_headers)
        ),
        test=_probe(entry.test) or default.test,
        blames_key=frozenset(_said(entry.blames_key, default.blames_key)),
        meter_streams=_said(entry.meter_streams, default.meter_streams),
        cost=_said(entry.cost, default.cost),
        cost_unit=_said(entry.cost_unit, default.cost_unit),
        service=_said(entry.service, default.service),
        token_uris=tuple(_said(entry.token_uris, default.token_uris)),
        scopes=tuple(_said(entry.scopes, default.scopes)),
        off=_off(entry, default),
    )


def _off(entry: Entry, default: Provider) -> tuple[Off, ...]:
    if entry.off is not None:
        return tuple(Off(*forms.off_line(line), reason) for line, reason in entry.off.items())
    # Of another list it says nothing.
    return default.off if entry.endpoints is None else ()


def _said(own: Any, default: Any) -> Any:
    return default if own is None else own


def _probe(said: Any) -> Probe | None:
    return said if isinstance(said, Probe) else None


_BLANK: Final = Provider(name="", base_url="", auth="bearer", error_shape="openai", endpoints=())
