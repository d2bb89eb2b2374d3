"""Policies of a token and its project, as the data path reads them: which of them count a request.

By endpoint they are chosen where a plan is made, by model once the body's models are known.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from models.budgets import Policy
from models.grants import GrantRecord
from models.patterns import Pattern
from proxy.access.budgets import Budgeted, budgets_on
from proxy.downstream import RequestHead
from proxy.limits.matching import match_text
from proxy.limits.store import Claim, claims_on, policy_key, project_key, token_key
from proxy.providers.endpoints import Route


class GrantedPolicy(msgspec.Struct, frozen=True, eq=False):
    """One policy, with what is the same of it for each request that it counts."""

    rule: Policy
    subject: str
    """The key of the token or project whose policy it is."""
    claims: tuple[Claim, ...]
    budgets: tuple[Budgeted, ...]
    endpoints: Pattern | None
    models: Pattern | None

    @classmethod
    def of(cls, subject: str, rule: Policy) -> GrantedPolicy:
        """What is derived from a rule of this token or project."""
        claims = claims_on(
            policy_key(subject, rule.name),
            quota=rule.max_requests,
            quota_base=rule.quota_base,
            quota_epoch=rule.quota_epoch,
            requests_per_minute=rule.requests_per_minute,
            max_parallel=rule.max_parallel_requests,
        )
        match = match_text(rule.endpoints, rule.models)
        budgets = budgets_on(subject, rule.budgets, policy=rule.name, match=match)
        patterns = Pattern.of(rule.endpoints), Pattern.of(rule.models)
        return cls(rule, subject, claims, budgets, *patterns)

    def is_at(self, methods: Iterable[str], paths: Iterable[str]) -> bool:
        """Whether it counts requests there, as far as their model allows."""
        endpoints = self.endpoints
        return endpoints is None or any(
            endpoints.allows(path)
            or any(endpoints.allows(f"{method} {path}") for method in methods)
            for path in paths
        )

    def counts(self, model: str) -> bool:
        """Whether it counts a request there that names this model."""
        return self.models is None or self.models.allows(model)


class Policies(msgspec.Struct, frozen=True, eq=False):
    """All of a token and its project; the same object for as long as its grant is cached."""

    granted: tuple[GrantedPolicy, ...]

    @classmethod
    def of(cls, record: GrantRecord) -> Policies | None:
        """None where there are none, as with most tokens."""
        token, project = token_key(record.token_id), project_key(record.project_id)
        granted = [GrantedPolicy.of(token, rule) for rule in record.policies]
        granted += [GrantedPolicy.of(project, rule) for rule in record.project_policies]
        return cls(tuple(granted)) if granted else None

    def at(self, head: RequestHead, route: Route) -> tuple[GrantedPolicy, ...]:
        """Those that count requests like this one, as far as their model allows.

        One that names models counts what they make, and nothing that is only asked about them.
        An entry is held against the path as it was sent and against the endpoint's own form of it,
        so that what a client may write in several ways is counted however it is written.
        """
        path = head.target.partition(b"?")[0].decode("ascii", "replace")
        # HEAD is answered wherever GET is, and asks for the same.
        methods = ("HEAD", "GET") if head.method == "HEAD" else (head.method,)
        return tuple(
            policy
            for policy in self.granted
            if (route.creates or policy.models is None)
            and policy.is_at(methods, (path, route.pattern))
        )


def own_claims(record: GrantRecord) -> tuple[Claim, ...]:
    """What every request of a token claims of it and of its project."""
    return claims_on(
        token_key(record.token_id),
        quota=record.max_requests,
        quota_base=record.quota_base,
        quota_epoch=record.quota_epoch,
        requests_per_minute=record.requests_per_minute,
        max_parallel=record.max_parallel_requests,
    ) + claims_on(
        project_key(record.project_id),
        requests_per_minute=record.project_requests_per_minute,
        max_parallel=record.project_max_parallel_requests,
    )


def claims_with(own: tuple[Claim, ...], policies: tuple[GrantedPolicy, ...]) -> tuple[Claim, ...]:
    """What a request claims in all: `own`, of its token and project, and of its policies."""
    taken = own
    for policy in policies:
        taken += policy.claims
    return taken


def budgets_with(
    own: tuple[Budgeted, ...], policies: tuple[GrantedPolicy, ...]
) -> tuple[Budgeted, ...]:
    """The budgets that count a request: `own`, of its token and project, and of its policies."""
    counting = own
    for policy in policies:
        counting += policy.budgets
    return counting
