"""Providers as an installation has them: the built-in ones, with what PROVIDERS_FILE says.

    [providers.openai]                  # a built-in one, changed
    meter_streams = false
    also_allow = [{ method = "POST", path = "/v1/fine_tuning/*" }]

    [providers.local]                   # a new one, like a built-in one but for what is said
    like = "openai"
    base_url = "http://127.0.0.1:11434"

A new provider that is like no other says `base_url`, `credential`, `error_shape` and `endpoints`.
`usage` of an endpoint is how its answers report it: as a built-in endpoint of the same path, else
`generic` for a POST. `usage = "none"` is for one that creates nothing.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from config import ConfigError, Settings, parse_base_url
from models.bindings import Upstreams
from proxy.providers.provider import (
    BUILT_IN,
    CostUnit,
    CredentialStyle,
    Dialect,
    Endpoint,
    ErrorShape,
    Provider,
)

_NAME: Final = r"^[a-z0-9][a-z0-9_-]{0,63}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Endpoint(_Strict):
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[
        str, Field(pattern=r"^/v1(/([A-Za-z0-9._~!$&'()+,;=:@-]+|\{[a-z_]+\}))+(/\*)?$")
    ]
    usage: Dialect | None = None

    def endpoint(self, known: Sequence[Endpoint]) -> Endpoint:
        """What it allows. One that says nothing of its usage is read as a `known` one of its path,
        and any other POST in whatever dialect its answer has: to be read in none must be said."""
        if self.usage is not None:
            return Endpoint(self.method, self.path, self.usage)
        for one in known:
            if _shape(one.pattern) == _shape(self.path) and one.method in ("*", self.method):
                return Endpoint(self.method, self.path, one.dialect, one.default_model)
        return Endpoint(self.method, self.path, "generic" if self.method == "POST" else "none")


def _shape(pattern: str) -> str:
    """A pattern without what it calls its segments."""
    return re.sub(r"\{[^}]*\}", "{}", pattern)


def _built_in(name: str) -> str:
    if name not in BUILT_IN:
        # Pydantic's own words for one of a few.
        raise PydanticCustomError("literal_error", f"Input should be {_BUILT_IN_NAMES}")
    return name


_BUILT_IN_ENDPOINTS: Final = tuple(
    endpoint for provider in BUILT_IN.values() for endpoint in provider.endpoints
)
_BUILT_IN_NAMES: Final = " or ".join(repr(name) for name in BUILT_IN)


class _Provider(_Strict):
    like: Annotated[str, AfterValidator(_built_in)] | None = None
    base_url: Annotated[str, AfterValidator(parse_base_url)] | None = None
    credential: CredentialStyle | None = None
    error_shape: ErrorShape | None = None
    endpoints: Annotated[list[_Endpoint], Field(min_length=1)] | None = None
    also_allow: list[_Endpoint] = []
    meter_streams: bool | None = None
    cost: Annotated[str, Field(pattern=r"^usage(\.[A-Za-z0-9_]{1,64}){1,4}$")] | None = None
    cost_unit: CostUnit | None = None


class _File(_Strict):
    providers: dict[Annotated[str, Field(pattern=_NAME)], _Provider]


def configured(settings: Settings) -> Mapping[str, Provider]:
    """All providers, by name. Raises config.ConfigError with every problem of the file."""
    known = dict(BUILT_IN)
    known["openai"] = replace(known["openai"], base_url=settings.openai_base_url)
    if settings.providers_file is not None:
        known |= _read(settings.providers_file, known)
    if settings.meter_streams:
        return known
    return {name: replace(provider, meter_streams=False) for name, provider in known.items()}


def upstreams(settings: Settings, providers: Mapping[str, Provider]) -> Upstreams:
    """Where keys may be sent, as `settings` say; `providers` are what `configured` made of them."""
    built_in = {name: provider.base_url for name, provider in BUILT_IN.items()}
    own = {name: provider.base_url for name, provider in providers.items()}
    named = frozenset(name for name, base_url in own.items() if built_in.get(name) != base_url)
    return Upstreams(own, named, frozenset(settings.upstream_origins))


def _read(path: Path, known: Mapping[str, Provider]) -> dict[str, Provider]:
    try:
        file = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ConfigError((_problem(path, "the file", str(exc)),)) from exc
    except ValidationError as exc:
        raise ConfigError(
            tuple(
                _problem(path, ".".join(map(str, error["loc"])), error["msg"])
                for error in exc.errors(include_input=False, include_url=False)
            )
        ) from exc
    made: dict[str, Provider] = {}
    problems: list[str] = []
    for name, said in file.providers.items():
        missing = _missing(name, said, known)
        problems += [_problem(path, f"providers.{name}.{key}", "must be given") for key in missing]
        if not missing:
            made[name] = _merged(name, said, known)
    if problems:
        raise ConfigError(tuple(problems))
    return made


def _problem(path: Path, key: str, reason: str) -> str:
    return f"PROVIDERS_FILE: {path}: {key}: {reason}. Allowed: see docs/configuration.md."


def _missing(name: str, said: _Provider, known: Mapping[str, Provider]) -> list[str]:
    """What a provider must say that is neither built in nor like one that is."""
    if name in known or said.like is not None:
        return []
    required = ("base_url", "credential", "error_shape", "endpoints")
    return [key for key in required if getattr(said, key) is None]


def _merged(name: str, said: _Provider, known: Mapping[str, Provider]) -> Provider:
    base = known.get(said.like or name)
    alike = (*(base.endpoints if base is not None else ()), *_BUILT_IN_ENDPOINTS)
    endpoints = (
        tuple(one.endpoint(alike) for one in said.endpoints)
        if said.endpoints is not None
        else base.endpoints
        if base is not None
        else ()
    )
    default = base or _BLANK
    return Provider(
        name=name,
        base_url=said.base_url or default.base_url,
        credential=said.credential or default.credential,
        error_shape=said.error_shape or default.error_shape,
        endpoints=endpoints + tuple(one.endpoint(alike) for one in said.also_allow),
        meter_streams=default.meter_streams if said.meter_streams is None else said.meter_streams,
        cost=said.cost or default.cost,
        cost_unit=said.cost_unit or default.cost_unit,
    )


_BLANK: Final = Provider(
    name="", base_url="", credential="bearer", error_shape="openai", endpoints=()
)
