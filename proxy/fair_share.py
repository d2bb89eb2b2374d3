"""How many of a worker's requests one token, and all tokens of one project, may have at once.

They count from the token's check to the end of the answer, also while they wait for their bodies:
limits are decided only after the body, so until then nothing else would bound a token that sends
hundreds of bodies a byte at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias
from weakref import WeakValueDictionary

from proxy import errors
from proxy.access.grant import Grant


class Shares(NamedTuple):
    """Of all requests at once, from 0 to 1."""

    token: float = 1.0
    project: float = 1.0


class Running:
    """How many requests of one token, or of one project, there are."""

    __slots__ = ("__weakref__", "count")

    def __init__(self) -> None:
        self.count = 0


#: Of a token, and of its project: where a request of theirs counts.
Counted: TypeAlias = Sequence[Running]


class FairShare:
    """Counts the requests of each token and project. `most` is how many there can be in all."""

    def __init__(self, most: int, shares: Shares) -> None:
        self._of_token = _part(most, shares.token)
        self._of_project = _part(most, shares.project)
        #: By their ids, for as long as a request or a grant refers to it: a token's next grant
        #: counts on from its last one.
        self._running: WeakValueDictionary[str, Running] = WeakValueDictionary()

    def enter(self, grant: Grant) -> Counted:
        """Count one more, until it `leave`s. Raises RateLimitExceeded where token or project have
        their share."""
        counted = grant.running or self._counted(grant)
        token, project = counted
        if token.count >= self._of_token:
            raise _exceeded("token", self._of_token)
        if project.count >= self._of_project:
            raise _exceeded("project", self._of_project)
        token.count += 1
        project.count += 1
        return counted

    def _counted(self, grant: Grant) -> Counted:
        grant.running.extend(
            self._running.setdefault(owner, Running())
            for owner in (grant.token_text, grant.project_text)
        )
        return grant.running

    def __len__(self) -> int:
        return sum(running.count > 0 for running in self._running.values())


def leave(counted: Counted) -> None:
    """A request that counted there has ended."""
    token, project = counted
    token.count -= 1
    project.count -= 1


def _part(most: int, share: float) -> int:
    # 0.29 * 100 is a little less than 29 in floating point.
    return max(1, int(most * share + 1e-6)) if share < 1 else most + 1


def _exceeded(whose: str, share: int) -> errors.RateLimitExceeded:
    return errors.RateLimitExceeded(
        f"{share} requests of this {whose} run at once, which is its share.", retry_after=1.0
    )
