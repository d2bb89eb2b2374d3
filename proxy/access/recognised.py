"""Credentials that have come before and whose grants are in memory: nothing of them is read twice.

A line that may hold a secret is remembered here alone, beside its grant, and goes with it.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from proxy.header_lines import HeaderLines, Line

G = TypeVar("G")


class Known(NamedTuple, Generic[G]):
    """What a credential stands for, and its secret's digest."""

    grant: G
    digest: str


class Recognised(Generic[G]):
    """By the value of `Authorization`; one for each secret, in the form in which it came last.

    `lines` has the header lines that hold them, as they were read, by their bytes. `known` is for
    those that were seen to be the only ones (`RequestHead.credential`), which others may look up.
    """

    __slots__ = ("_of_digest", "known", "lines")

    def __init__(self) -> None:
        self.lines: dict[bytes, Line] = {}
        self.known: dict[bytes, Known[G]] = {}
        self._of_digest: dict[str, tuple[bytes, bytes]] = {}

    def find(self, lines: HeaderLines) -> Known[G] | None:
        """What a request's only credential stands for, where it is known."""
        if _is_only_authorization(lines):
            return self.known.get(lines.first.get(b"authorization", b""))
        return None

    def add(self, lines: HeaderLines, grant: G, digest: str) -> None:
        """Remember the credential of a request that `find` did not know.

        Where there is another one, the secret may be that one's: then what `Authorization` says,
        another tool's key or nothing at all, stands for no token.
        """
        line = lines.line(b"authorization") if _is_only_authorization(lines) else None
        if line is not None and line.value and len(line.value) <= _VALUE_MAX_BYTES:
            self.forget(digest)
            text = line.name + b": " + line.value + b"\r"
            self.lines[text] = line
            self.known[line.value] = Known(grant, digest)
            self._of_digest[digest] = text, line.value

    def forget(self, digest: str) -> None:
        """The grant of this secret is gone."""
        if (kept := self._of_digest.pop(digest, None)) is not None:
            del self.lines[kept[0]], self.known[kept[1]]

    def clear(self) -> None:
        """All grants are gone."""
        self.lines.clear()
        self.known.clear()
        self._of_digest.clear()


def _is_only_authorization(lines: HeaderLines) -> bool:
    """Whether no other field may hold the secret."""
    first = lines.first
    return not (
        lines.has_repeated
        or b"x-api-key" in first
        or b"api-key" in first
        or b"x-goog-api-key" in first
    )


#: A token and its scheme are shorter.
_VALUE_MAX_BYTES = 256
