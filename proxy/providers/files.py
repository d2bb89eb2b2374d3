"""Providers as an installation has them: the built-in ones, with what PROVIDERS_FILE says.

    [providers.openai]                  # a built-in one, changed
    meter_streams = false
    also_allow = [{ method = "POST", path = "/v1/fine_tuning/*" }]

    [providers.local]                   # a new one, like a built-in one but for what is said
    like = "openai"
    base_url = "http://127.0.0.1:11434"

A new provider that is like no other says `base_url`, `auth`, `error_shape` and `endpoints`.
`usage` of an endpoint is how its answers report it: as a built-in endpoint of the same path, else
`generic` for a POST. `usage = "none"` is for one that creates nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from config import ConfigError, Settings
from models.bindings import Upstreams
from proxy.providers.catalog import BUILT_IN
from proxy.providers.entries import BadFile, Problem, merged, missing, read
from proxy.providers.provider import Provider
from proxy.providers.roots import roots


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
    own = {
        name: provider.own_base_url
        for name, provider in providers.items()
        if provider.own_base_url is not None
    }
    named = frozenset(
        name
        for name, base_url in own.items()
        if name not in BUILT_IN or BUILT_IN[name].base_url != base_url
    )
    examples = {
        name: provider.example_base_url
        for name, provider in providers.items()
        if provider.own_base_url is None
    }
    return Upstreams(
        own,
        named,
        frozenset(settings.upstream_origins),
        providers,
        settings.upstream_ambient_credentials,
        examples,
        frozenset(roots(providers)),
    )


def _read(path: Path, known: Mapping[str, Provider]) -> dict[str, Provider]:
    try:
        said = read(path, known)
    except BadFile as exc:
        raise _refused(path, *exc.problems) from exc
    alike = tuple(endpoint for provider in known.values() for endpoint in provider.endpoints)
    made: dict[str, Provider] = {}
    problems: list[Problem] = []
    for name, entry in said.items():
        base = known.get(entry.like or name)
        lacking = [] if base is not None else list(missing(name, entry))
        problems += lacking
        if not lacking:
            made[name] = merged(name, entry, base, alike)
    if problems:
        raise _refused(path, *problems)
    return made


def _refused(path: Path, *problems: Problem) -> ConfigError:
    return ConfigError(
        tuple(
            f"PROVIDERS_FILE: {path}: {key}: {reason}. Allowed: {allowed}."
            for key, reason, allowed in problems
        )
    )
