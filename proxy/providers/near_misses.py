"""What a client probably meant by a path that its provider does not have."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from typing import Final

from proxy.providers.provider import Provider

#: Longer paths are shown cut, and nothing is looked for.
SHOWN_MAX = 200
_NAMED_MAX = 3
#: A token of ours, or the beginning of one: what a client has put there by mistake is not repeated
#: where its own logs keep it.
_TOKEN: Final = re.compile(r"llmpm?(?:_|%5[fF])[0-9A-Za-z]++")


def shown(path: bytes) -> str:
    """A raw path as a message may have it."""
    text = _TOKEN.sub("…", path.decode("ascii", "replace"))
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"


def meant(
    path: bytes,
    method: str,
    provider: Provider | None,
    known: Mapping[str, Provider],
    served: Callable[[bytes], Container[str]] | None = None,
) -> str:
    """A sentence that begins with a space; '' where there is nothing to say.

    `provider` is the project's; None where no project is known. A path that it has is never nearly
    right, whatever its method. `served` are the methods of a path that the client may use; all
    that the provider has unless it is said otherwise.
    """
    if len(path) > SHOWN_MAX or (provider is not None and provider.match(path)):
        return ""
    candidates = list(_mended(path))
    if served is None and provider is not None:
        served = provider.match
    for candidate, mend in candidates:
        if served is not None and method in served(candidate):
            return f" {shown(candidate)} was probably meant: {mend}."
    whose = _whose(path, method, known)
    if whose:
        of = "" if provider is None else f", and the project's is {provider.name}"
        return f" It is an endpoint of {_listed(whose)}{of}."
    for candidate, mend in candidates:
        if provider is not None and provider.match(candidate):
            # The project's own, which has it by other methods, or does not allow it.
            continue
        whose = _whose(candidate, method, known)
        if whose:
            of = f", an endpoint of {_listed(whose)}," if provider is not None else ""
            return f" {shown(candidate)}{of} was probably meant: {mend}."
    return ""


def _whose(path: bytes, method: str, known: Mapping[str, Provider]) -> list[str]:
    found = [name for name, provider in known.items() if method in provider.match(path)]
    return found if len(found) <= _NAMED_MAX else [*found[:_NAMED_MAX], "others"]


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _mended(path: bytes) -> Iterator[tuple[bytes, str]]:
    """Paths that are like it, and what is to be changed about the client's base URL."""
    segments = path.split(b"/")[1:]
    if not segments:
        return
    for length in (1, 2):
        if segments[:length] == segments[length : 2 * length]:
            doubled = shown(b"/" + b"/".join(segments[:length]))
            rest = b"/" + b"/".join(segments[length:])
            yield rest, f"the client's base URL has {doubled}, which the client adds as well"
    yield b"/v1" + path, "the client's base URL has to end in /v1"
    if len(segments) > 1:
        lead, rest = shown(b"/" + segments[0]), b"/".join(segments[1:])
        yield b"/%b/v1/%b" % (segments[0], rest), f"the client's base URL has to end in {lead}/v1"
    if b"v1" in segments[1:-1]:
        at = segments.index(b"v1", 1)
        lead = shown(b"/" + b"/".join(segments[:at]))
        yield b"/" + b"/".join(segments[at:]), f"the client's base URL has to be without {lead}"
    if segments[0] == b"v1" and len(segments) > 1:
        yield path[3:], "the client's base URL has to be without /v1"
