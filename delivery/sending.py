"""What an attempt to deliver came to, and what senders have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from delivery.items import Item
from delivery.posting import Answer
from models.text import clean_text

#: Of what a receiver says, in bytes and in characters that people are shown.
_READ: Final = 1000
_QUOTED: Final = 200
#: Statuses of which the same may be answered otherwise later.
_PASSING: Final = (408, 429)

Verdict: TypeAlias = Literal["taken", "again", "refused", "gone"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: `taken`; `again` later; `refused`, this and for good; `gone`: nothing is
    to be sent any more."""

    verdict: Verdict
    why: str = ""
    """A sentence for people, without secrets."""
    status: int | None = None
    retry_after: float | None = None
    """Seconds, where the receiver says them."""
    rejected: int = 0
    """Of those that were taken: how many the receiver did not want."""


class Sender(Protocol):
    """Sends items to one destination."""

    @property
    def batch(self) -> int:
        """How many it sends at once, at most."""
        ...

    async def send(self, items: Sequence[Item]) -> Outcome:
        """Try once. Raises nothing for a receiver that fails."""
        ...


def judge(answer: Answer, hidden: Sequence[str]) -> Outcome:
    """What a receiver's answer means; what is `hidden` is not quoted."""
    status = answer.status
    if 200 <= status < 300:
        return Outcome("taken", status=status)
    said = quoted(answer.body, hidden)
    why = f"The receiver answered {status}{f': {said}' if said else '.'}"
    if status == 410:
        return Outcome("gone", why, status)
    if status in _PASSING or status >= 500:
        return Outcome("again", why, status, answer.retry_after)
    if status < 400:
        return Outcome(
            "again", f"The receiver answered {status}; redirects are not followed.", status
        )
    return Outcome("refused", why, status)


def quoted(body: bytes, hidden: Sequence[str]) -> str:
    """What people are shown of an answer. Some receivers quote the secret that they refuse."""
    text = body[:_READ].decode("utf-8", "replace")
    for secret in hidden:
        text = text.replace(secret, "(secret)")
    return clean_text(text.strip(), limit=_QUOTED)
