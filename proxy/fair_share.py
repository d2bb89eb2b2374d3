"""How many of a worker's requests one token, and all tokens of one project, may have at once.

They count from the token's check to the end of the answer, also while they wait for their bodies:
limits are decided only after the body, so until then nothing else would bound a token that sends
hundreds of bodies a byte at a time.
"""

from __future__ import annotations

from typing import NamedTuple

from proxy import errors
from proxy.access.grants import Grant


class Shares(NamedTuple):
    """Of all requests at once, from 0 to 1."""

    token: float = 1.0
    project: float = 1.0


class FairShare:
    """Counts the requests of each token and project. `most` is how many there can be in all."""

    def __init__(self, most: int, shares: Shares) -> None:
        self._of_token = _part(most, shares.token)
        self._of_project = _part(most, shares.project)
        # By the text of the id, which knows its hash; no Counter, whose look-up of what is not
        # there, and whose deletion, cost a microsecond each.
        self._running: dict[str, int] = {}

    def enter(self, grant: Grant) -> None:
        """Count one more. Raises RateLimitExceeded where token or project have their share."""
        running, token, project = self._running, grant.token_text, grant.project_text
        of_token, of_project = running.get(token, 0), running.get(project, 0)
        if of_token >= self._of_token:
            raise _exceeded("token", self._of_token)
        if of_project >= self._of_project:
            raise _exceeded("project", self._of_project)
        running[token] = of_token + 1
        running[project] = of_project + 1

    def leave(self, grant: Grant) -> None:
        """A counted request has ended."""
        running, token, project = self._running, grant.token_text, grant.project_text
        if of_token := running[token] - 1:
            running[token] = of_token
        else:
            del running[token]
        if of_project := running[project] - 1:
            running[project] = of_project
        else:
            del running[project]

    def __len__(self) -> int:
        return len(self._running)


def _part(most: int, share: float) -> int:
    # 0.29 * 100 is a little less than 29 in floating point.
    return max(1, int(most * share + 1e-6)) if share < 1 else most + 1


def _exceeded(whose: str, share: int) -> errors.RateLimitExceeded:
    return errors.RateLimitExceeded(
        f"{share} requests of this {whose} run at once, which is its share.", retry_after=1.0
    )
