"""A provider's list of endpoints as a project has it: a switch for each line."""

from collections.abc import Container, Iterable, Sequence
from typing import NamedTuple

from admin.components.endpoint_words import Words, by_area, words_of
from models.endpoint_rules import METHODS, EndpointList, entry_for, parse_path
from web.providers import Endpoint, Off


class Switch(NamedTuple):
    """One line of the list."""

    entry: str
    """What stands for it in a project's list."""
    method: str
    path: str
    words: Words
    is_on: bool
    opened_by: str
    """The pattern in the project's list that opens it whatever its switch says; '' for none."""
    partly_by: str
    """One that opens some of its methods alone."""


class Area(NamedTuple):
    """Lines that are about the same kind of thing."""

    title: str
    switches: list[Switch]

    @property
    def on(self) -> int:
        """How many are on."""
        return sum(one.is_on for one in self.switches)


class Parts(NamedTuple):
    """A project's list, taken apart."""

    lines: list[str]
    """Entries of the lines that it names one by one, in the list's order."""
    patterns: list[str]
    """What else it has."""


class Addition(NamedTuple):
    """An endpoint that the project adds, or may add."""

    line: str
    """As the page sends it back: method, path and usage."""
    method: str
    path: str
    words: Words
    is_on: bool
    cannot: str
    """Why it cannot be switched on here; '' where it can."""


def additions(lines: Iterable[str], kept: Container[str]) -> list[Addition]:
    """Those that the project has, or had when the page was opened."""
    found = []
    for line in lines:
        method, path, usage = line.split(" ")
        words = words_of(method, path, usage)
        found.append(Addition(line, method, path, words, line in kept, ""))
    return found


def offered(off: Sequence[Off], known: Iterable[str], roots: Container[str]) -> list[Addition]:
    """What its provider's list leaves out, with the reason, but for what is added already.

    `roots` are the first segments of paths that are served.
    """
    reasons = {one.pattern.removesuffix("/*"): one.reason for one in reversed(off)}
    taken = {tuple(line.split(" ")[:2]) for line in known}
    found = []
    for one in off:
        if (one.method, one.pattern) in taken:
            continue
        meant = one.reason.removeprefix("as ") if one.reason.startswith("as ") else ""
        said = reasons.get(meant.removesuffix("/*"), one.reason)
        words = Words("", f"{said[:1].upper()}{said[1:]}.", ())
        cannot = "" if _is_served(one.pattern, roots) else "Its path is not served here."
        line = f"{one.method} {one.pattern} generic"
        found.append(Addition(line, one.method, one.pattern, words, False, cannot))
    return found


def _is_served(path: str, roots: Container[str]) -> bool:
    try:
        return parse_path(path).split("/", 2)[1] in roots
    except ValueError:
        return False


def entries_of(endpoints: Iterable[Endpoint]) -> list[str]:
    """The entry of each line."""
    return [entry_for(one.method, one.pattern) for one in endpoints]


def apart(endpoints: Sequence[Endpoint], allowed: Sequence[str] | None) -> Parts:
    """A path without a method names each line of that path."""
    entries = entries_of(endpoints)
    if allowed is None:
        return Parts(entries, [])
    named: set[str] = set()
    patterns = []
    for entry in allowed:
        own = [
            line
            for one, line in zip(endpoints, entries, strict=True)
            if entry == line or ("*" not in entry and entry == one.pattern)
        ]
        named.update(own)
        if not own:
            patterns.append(entry)
    return Parts([entry for entry in entries if entry in named], patterns)


def together(endpoints: Sequence[Endpoint], parts: Parts) -> list[str] | None:
    """The list to be stored; None where it leaves the provider's as it is."""
    on = set(parts.lines)
    entries = entries_of(endpoints)
    if not parts.patterns and on >= set(entries):
        return None
    return [*(entry for entry in entries if entry in on), *parts.patterns]


def areas(endpoints: Sequence[Endpoint], on: Iterable[str], patterns: Sequence[str]) -> list[Area]:
    """Every line with its switch, by what it is about."""
    named = set(on)
    worded = [
        (one, words_of(one.method, one.pattern, one.dialect, isolated=one.isolated))
        for one in endpoints
    ]
    words = {id(one): said for one, said in worded}
    return [
        Area(title, [_switch(one, words[id(one)], named, patterns) for one in own])
        for title, own in by_area(worded)
    ]


def _switch(one: Endpoint, words: Words, on: set[str], patterns: Sequence[str]) -> Switch:
    entry = entry_for(one.method, one.pattern)
    method = "any" if one.method == "*" else one.method
    opened_by = next((by for by in patterns if _opens(by, one)), "")
    partly_by = next((by for by in patterns if _opens(by, one, *METHODS)), "")
    is_on = bool(opened_by) or entry in on
    return Switch(entry, method, one.pattern, words, is_on, opened_by, "" if is_on else partly_by)


def _opens(pattern: str, one: Endpoint, *methods: str) -> bool:
    """Whether it opens the line, by one of these methods where some are named."""
    listed = EndpointList.of([pattern])
    asked = methods if methods and one.method == "*" else (one.method,)
    return listed is not None and any(
        listed.allows(method, one.pattern, one.pattern) for method in asked
    )
