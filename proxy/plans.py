"""What is decided about a request by its first line, its kind of body and its token's rules alone.

The same few come again and again, so that each is worked out once.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from proxy.access.authorization import authorize
from proxy.access.budgets import refuse
from proxy.access.grant import Grant
from proxy.access.policies import GrantedPolicy
from proxy.body.model_rule import coding_of, declared_plainly
from proxy.body.wanted import Wanted, wanted
from proxy.cacheable import Keeps, kept_of
from proxy.downstream import RequestHead
from proxy.headers import is_json_type, type_of
from proxy.objects.rules import Rule, rule_of
from proxy.providers.endpoints import Route


class Plan(msgspec.Struct, frozen=True, gc=False):
    """The route that a request takes, and what has to be known of its body."""

    route: Route
    wanted: Wanted
    is_usual: bool
    """Whether no more is to be known of a small body than its model, for the entry, and whether it
    asks for the usage of its stream."""
    objects: Rule | None = None
    """What it has to do with objects, where those are remembered; else that of an answer which may
    show a response in the background finished."""
    policies: tuple[GrantedPolicy, ...] = ()
    """Those that count it, as far as their models allow."""
    is_bounded: bool = False
    """Whether all that is wanted of a small body is one model beyond doubt, and what it may
    cost."""
    keeps: Keeps | None = None
    """What its answer may be kept as, where its project keeps any; None: it is not kept."""


#: All that a plan depends on, of the head and of the grant (its `facets`): what is missing here is
#: decided by the rules of whoever has asked for the same before.
_Key: TypeAlias = tuple[str, bytes, bytes | None, bool, tuple[object, ...]]
#: Clients choose the paths: this many are remembered, and none that is longer, or has a query,
#: which may hold a secret.
_REMEMBERED_MAX: Final = 512
_TEXT_MAX_BYTES: Final = 256


#: Forms of whose fields none names an object.
_UPLOADS: Final = ("file", "upload")
_AUDIO: Final = "/audio/"


class Plans:
    """Those of one worker."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[_Key, Plan] = {}

    def of(self, grant: Grant, head: RequestHead) -> Plan:
        """The plan of a request. Raises a refusal where it takes no route."""
        first = head.lines.first
        key = (
            head.method,
            head.target,
            first.get(b"content-type"),
            head.content_length == 0,
            grant.facets,
        )
        known = self._known.get(key)
        if known is not None and grant.endpoints is None and b"content-encoding" not in first:
            return known
        return self._make(grant, head, key)

    def _make(self, grant: Grant, head: RequestHead, key: _Key) -> Plan:
        provider, route = authorize(grant, head)
        policies = () if grant.policies is None else grant.policies.at(head, route)
        by_model = any(policy.models is not None for policy in policies)
        metered = grant.meters or any(refuse(policy.budgets) for policy in policies)
        want = wanted(head, grant, provider, route, by_model=by_model, metered=metered)
        rule: Rule | None = rule_of(route, head.method)
        if rule is not None and not grant.remembers and not rule.shows_response:
            rule = None
        if (
            grant.remembers
            and rule is not None
            and rule.names
            and head.has_body
            and _may_name(grant, head, route)
        ):
            coding = coding_of(head.headers) or b""
            want = msgspec.structs.replace(want, names=True, coding=coding)
        keeps = None if grant.cache is None else kept_of(route, head)
        if keeps is not None and not want.reads:
            # Where it is small, all of it, since all of it is in its key.
            want = msgspec.structs.replace(want, again=True)
        refuses = grant.record.unmetered == "refuse"
        usual = want.model and not (want.rule or want.certainty or want.coding or want.in_path)
        restricts = bool(grant.models) or refuses or rule is not None
        bounded = want.meters and want.model and not (want.coding or want.renames or want.signed)
        plan = Plan(
            route,
            want,
            usual and not restricts,
            rule,
            policies,
            bounded and not restricts and declared_plainly(key[2]),
            keeps,
        )
        if (
            grant.endpoints is None
            and b"content-encoding" not in head.lines.first
            and b"?" not in head.target
            and len(head.method) + len(head.target) + len(key[2] or b"") <= _TEXT_MAX_BYTES
        ):
            if len(self._known) >= _REMEMBERED_MAX:
                self._known.clear()
            self._known[key] = plan
        return plan


def _may_name(grant: Grant, head: RequestHead, route: Route) -> bool:
    """Whether ids are looked for in a body: in JSON, and where objects are isolated in whatever an
    upstream may take for it, and in the fields of forms but for those that name none."""
    declared = type_of(head.lines.first.get(b"content-type"))
    if not grant.isolates:
        return is_json_type(declared)
    if not declared.startswith(b"multipart/"):
        return True
    return rule_of(route, head.method).kind not in _UPLOADS and _AUDIO not in route.pattern
