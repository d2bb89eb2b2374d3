"""How many of a worker's requests one token, and all tokens of one project, may have at once.

They count from the token's check to the end of the answer, also while they wait for their bodies:
limits are decided only after the body, so until then nothing else would bound a token that sends
hundreds of bodies a byte at a time.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from proxy import errors
from proxy.grants import Grant


class Shares(NamedTuple):
    """Of all requests at once, from 0 to 1."""

    token: float = 1.0
    project: float = 1.0


class FairShare:
    """Counts the requests of each token and project. `most` is how many there can be in all."""

    def __init__(self, most: int, shares: Shares) -> None:
        self._of_token = _part(most, shares.token)
        self._of_project = _part(most, shares.project)
        # By the number in the UUID, which has a cheaper hash.
        self._running: Counter[int] = Counter()

    def enter(self, grant: Grant) -> None:
        """Count one more. Raises RateLimitExceeded where the token has its share."""
        running = self._running
        token, project = grant.record.token_id.int, grant.record.project_id.int
        if running[token] >= self._of_token:
            raise _exceeded("token", self._of_token)
        if running[project] >= self._of_project:
            raise _exceeded("project", self._of_project)
        running[token] += 1
        running[project] += 1

    def leave(self, grant: Grant) -> None:
        """One that was counted is over."""
        running = self._running
        for owner in (grant.record.token_id.int, grant.record.project_id.int):
            if running[owner] > 1:
                running[owner] -= 1
            else:
                del running[owner]

    def __len__(self) -> int:
        return len(self._running)


def _part(most: int, share: float) -> int:
    # The least bit more: 0.29 * 100 is a little less than 29.
    return max(1, int(most * share + 1e-6)) if share < 1 else most + 1


def _exceeded(whose: str, share: int) -> errors.RateLimitExceeded:
    return errors.RateLimitExceeded(
        f"{share} requests of this {whose} run at once, which is its share.", retry_after=1.0
    )
