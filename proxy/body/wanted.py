"""What has to be known of a body, and what of its usage cannot be.

It depends on the route, on the rules and budgets of its token and project, and on how the body is
labelled: what the body says is not looked at here.
"""

from __future__ import annotations

from typing import Final

import msgspec

from proxy.access.grant import Grant
from proxy.body import model_rule
from proxy.body.request_body import Inspected
from proxy.downstream import RequestHead
from proxy.headers import RawHeaders, is_json_type, type_of, value_of
from proxy.providers.endpoints import Route
from proxy.providers.provider import Provider

_STREAMING: Final = ("chat", "completions")
#: What a body of these asks for costs nothing, or is in no body.
_UNREAD: Final = ("none", "free", "batches")
#: What they ask about is a list or a model's description: `model_lists` knows what of it may pass.
_LISTING: Final = ("GET", "HEAD")


class Wanted(msgspec.Struct, frozen=True, gc=False):
    """What has to be known of a body."""

    rule: bool
    """Its models, beyond doubt: only some are allowed, or have limits of their own."""
    asks: bool
    """Whether it streams without asking for its usage, so that we ask for it."""
    certainty: bool
    """That its usage can be counted: the project refuses what cannot be."""
    model: bool
    """Its model, for the entry, where the body is small."""
    coding: bytes = b""
    """How it is compressed; b"" where it is not."""
    in_path: str = ""
    """The model that the path names, so that the body need not; '' where it names none."""
    signed: bool = False
    """All of it, since an upstream of the token takes only what is signed."""
    meters: bool = False
    """What it may cost, for a budget that refuses: all that `rule` wants, and more of the same."""
    renames: bool = False
    """All of it, since an upstream of the token has another name for a model."""
    again: bool = False
    """Where it is small, all of it: its model is in the path, but another account may be asked."""
    names: bool = False
    """Which objects it names, that one account alone may know."""

    end_user: bool = False
    """Whom it is for, where it is read."""

    @property
    def whole(self) -> bool:
        """Whether all of it must be here before the request may go on."""
        needed = self.rule or self.asks or self.certainty or self.signed
        return needed or self.renames or self.names

    @property
    def reads(self) -> bool:
        """Whether it is read at all: a small one whole, a larger one only where it must be."""
        return self.whole or self.model or self.again or self.end_user


def wanted(
    head: RequestHead,
    grant: Grant,
    provider: Provider,
    route: Route,
    *,
    by_model: bool = False,
    metered: bool = False,
) -> Wanted:
    """What has to be known of the body of this request.

    `by_model` says that a policy which may count it does so for some models alone, `metered` that a
    budget may refuse it.
    """
    has_body, creates = head.has_body, route.creates
    streaming = route.dialect in _STREAMING
    json, coding = False, None
    names = creates or route.asks_about_model or route.may_name_it_again
    if has_body and names:
        first = head.lines.first
        json = is_json_type(type_of(first.get(b"content-type")))
        coding = b"" if b"content-encoding" not in first else model_rule.coding_of(head.headers)
    # Servers take JSON under whatever label; a form none of them takes here.
    readable = coding is not None and (json or not is_form(head.headers))
    refuses = grant.record.unmetered == "refuse"
    in_path = ""
    if route.model_segment and head.method not in _LISTING:
        in_path = route.model_in(head.target.partition(b"?")[0]) or ""
    # Its cost is bounded where it has one; a batch has one that nobody can know.
    meters = metered and head.method == "POST" and route.dialect not in _UNREAD
    names_model = json and readable and route.names_model
    return Wanted(
        # A policy that names models counts what they make, not what is asked about them.
        rule=((creates and (by_model or meters)) or (names and bool(grant.models)))
        and (has_body or head.method == "POST"),
        asks=streaming and readable and provider.meter_streams,
        certainty=refuses and readable and (streaming or route.dialect == "responses"),
        model=names_model and not in_path,
        coding=coding or b"",
        in_path=in_path,
        signed=has_body and grant.signs_body,
        meters=meters,
        renames=grant.renames and coding is not None and route.names_model,
        again=names_model and bool(in_path) and grant.fails_over,
        end_user=json and coding is not None and grant.record.end_user_from_body,
    )


def is_form(headers: RawHeaders) -> bool:
    """Whether a body is labelled as a form, well or not."""
    declared = value_of(headers, b"content-type")
    return declared is not None and declared[:10].lower() == b"multipart/"


def unmeterable(route: Route, head: RequestHead, said: Inspected, *, asked: bool) -> str | None:
    """Why the usage of this request cannot be counted; None where it can.

    `said` is what its body says, `asked` whether we ask for the usage of its stream.
    """
    if route.dialect == "batches":
        return "What a batch will use is reported nowhere that the proxy sees."
    if not head.has_body or route.dialect not in (*_STREAMING, "responses"):
        return None
    if not said.readable:
        return "Its body is not JSON that can be read here."
    if said.background:
        return "A background response reports its usage after its answer."
    if route.dialect == "responses":
        return None
    if said.doubtful:
        return "Whether it streams is not said plainly."
    if said.streams and not (said.asks_for_usage or asked):
        return "Its stream reports no usage."
    return None
