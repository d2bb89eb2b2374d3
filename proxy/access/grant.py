"""What one token may do, and with which keys: derived once of what the database says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Final

from models.bindings import Upstreams
from models.endpoint_rules import EndpointList
from models.failover import Failover
from models.grants import GrantRecord
from models.patterns import Pattern, patterns
from proxy.access.budgets import Budgeted, budgets_of, refuse
from proxy.access.policies import Policies, own_claims
from proxy.access.targets import targets_of
from proxy.cache.space import CacheSpace, space_of
from proxy.limits.store import Claim
from proxy.providers.by_hand import ByHand, by_hand
from proxy.providers.field_rules import FieldRules, rules_of
from proxy.providers.provider import Provider
from proxy.upstream.target import Target
from proxy.upstream_auth.presenting import UpstreamAuth

if TYPE_CHECKING:
    from proxy.decided import Decided
    from proxy.downstream import Likeness
    from proxy.fair_share import Running

PLAIN: Final = UpstreamAuth()


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Grant:
    """A `GrantRecord` and everything derived from it that is the same for each request."""

    record: GrantRecord
    provider: Provider | None
    known: Mapping[str, Provider]
    """All that are configured, for what is said of another's path."""
    fields: FieldRules | None
    """What the provider says of header fields, where it says anything."""
    other_fields: tuple[tuple[str, FieldRules | None], ...]
    """The same of the providers that keys have for themselves, by name."""
    is_allowed: bool
    """Whether UPSTREAM_ORIGINS lets the project have its address, or a key its own."""
    targets: tuple[Target, ...]
    """The accounts whose keys were entered for that address, in the token's order of preference."""
    signs_body: bool
    """Whether one of them signs the bodies of requests, which then have to be there whole."""
    renames: bool
    """Whether one of them calls a model otherwise than clients do."""
    chooses: bool
    """Whether `accounts` has a say in where a request goes, and as what."""
    failover: Failover | None
    """What happens where an account fails; None: nothing."""
    fails_over: bool
    """Whether that is something, and there is another account."""
    isolates: bool
    """Whether a request may name only some objects of the accounts."""
    remembers: bool
    """Whether it has to be known which objects answers create: who made them, or at which key."""
    claims: tuple[Claim, ...]
    budgets: tuple[Budgeted, ...]
    is_limited: bool
    """Whether there is any of both."""
    cache: CacheSpace | None
    """Which kept answers its requests may be answered with; None: the project keeps none."""
    meters: bool
    """Whether one of them may refuse a request, so that what it may cost has to be known."""
    policies: Policies | None
    models: tuple[Pattern, ...]
    """Lists of patterns, the token's and the project's; a model must match one of each."""
    endpoints: EndpointList | None
    """The token's list."""
    by_hand: ByHand | None
    """What the project makes of its provider's list; None where it leaves that as it is."""
    origins: Pattern | None
    restricts_source: bool
    """Whether some addresses or origins alone may use it."""
    expires_at: float
    """Unix seconds; infinity where neither the token nor this secret of it ends."""
    in_force_until: float
    """The same; minus infinity where the token is revoked, or its project inactive or deleted."""
    tags: Mapping[str, str] | None
    """What each request is tagged with, whatever it says."""
    facets: tuple[object, ...]
    """All of it that a request's plan depends on (`proxy.plans`)."""
    token_text: str
    project_text: str
    """Both ids as the ledger has them, since each request's entry names them."""
    number: int
    """No other grant's but those that are narrowed from it, whatever was forgotten meanwhile."""
    goes_alike: bool
    """Whether requests that are alike go to the same account, with no more than their lines that
    cross for everyone and its key."""
    decided: dict[Likeness | None, Decided] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    """What was decided of usual requests, for those that are alike (`proxy.decided`)."""
    running: list[Running] = field(init=False, repr=False, compare=False, default_factory=list)
    """Where its requests are counted, from the first one on (`proxy.fair_share`)."""

    @classmethod
    def of(
        cls,
        record: GrantRecord,
        providers: Mapping[str, Provider],
        upstreams: Upstreams,
        auth: UpstreamAuth = PLAIN,
    ) -> Grant:
        """Derive a grant from what the database says. Raises ValueError for a bad base URL."""
        base = providers.get(record.provider)
        rules = record.project_allowed_endpoints, record.extra_endpoints
        hand = None if base is None else by_hand(base, *rules)
        provider = base if hand is None else hand.provider
        place = record.provider, record.base_url
        targets = targets_of(record, providers, upstreams, auth)
        claims, budgets = own_claims(record), budgets_of(record)
        renames = any(target.models for target in targets)
        others = {one.name: one for target in targets if (one := target.provider) is not None}
        chooses = renames or bool(others) or len(targets) > 1
        fields = None if provider is None else rules_of(provider, providers.values())
        cache = space_of(record, targets)
        signs_body = any(target.signs_body for target in targets)
        fails_over = record.failover is not None and len(targets) > 1
        remembers = record.isolation != "none" or len(targets) > 1 or record.others_know
        policies = Policies.of(record)
        expires_at = min(record.expires_at or _NEVER, record.secret_expires_at or _NEVER)
        in_force = record.revoked_at is None and record.project_is_active
        models = patterns(record.allowed_models, record.project_allowed_models)
        return cls(
            record=record,
            provider=provider,
            known=providers,
            fields=fields,
            other_fields=tuple(
                (name, rules_of(one, providers.values())) for name, one in others.items()
            ),
            is_allowed=bool(targets) or upstreams.allows(*place),
            targets=targets,
            signs_body=signs_body,
            renames=renames,
            chooses=chooses,
            failover=record.failover,
            fails_over=fails_over,
            isolates=record.isolation != "none",
            remembers=remembers,
            claims=claims,
            budgets=budgets,
            is_limited=bool(claims or budgets),
            cache=cache,
            meters=refuse(budgets),
            policies=policies,
            models=models,
            endpoints=EndpointList.of(record.allowed_endpoints),
            by_hand=hand,
            origins=Pattern.of(record.allowed_origins),
            restricts_source=(record.allowed_ips, record.allowed_origins) != (None, None),
            expires_at=expires_at,
            in_force_until=expires_at if in_force and not record.project_is_deleted else -_NEVER,
            tags=record.tags,
            facets=(
                record.provider if hand is None else hand,
                bool(models),
                refuse(budgets),
                record.unmetered,
                signs_body,
                renames,
                fails_over,
                remembers,
                record.isolation != "none",
                record.path_project,
                record.path_location,
                policies,
                record.end_user_from_body,
                record.cache is not None,
            ),
            token_text=str(record.token_id),
            project_text=str(record.project_id),
            number=next(_numbers),
            goes_alike=not (chooses or fields)
            and all(target.presenter is None for target in targets),
        )


_NEVER: Final = float("inf")
_numbers: Final = count()
