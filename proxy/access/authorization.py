"""Authorization: address, origin, endpoint and method, model; and the upstream and key to use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import unquote_to_bytes

from proxy import errors
from proxy.access.addresses import AddressList
from proxy.access.grant import Grant
from proxy.downstream import RequestHead
from proxy.providers.by_hand import on_list
from proxy.providers.endpoints import Methods, Route
from proxy.providers.near_misses import meant, shown
from proxy.providers.provider import Provider
from proxy.upstream.target import Target

#: Of the page that a token is shown, without a query.
TOKEN_PAGE: Final = b"/v1/llm-proxy/token"


def check_source(
    grant: Grant, head: RequestHead, client_address: Callable[[RequestHead], str]
) -> None:
    """Refuse an address or a browser origin that the token or its project does not name."""
    allowed = grant.record.allowed_ips
    if allowed is not None and client_address(head) not in AddressList.of(allowed):
        raise errors.AddressNotAllowed("The token is not allowed from this address.")
    if grant.origins is not None:
        check_origin(grant, head)


def authorize(grant: Grant, head: RequestHead) -> tuple[Provider, Route]:
    """The route that the request takes. Raises a refusal where it takes none."""
    provider = grant.provider
    if provider is None:
        raise errors.EndpointNotAllowed(
            f"{head.method} {shown(head.target.partition(b'?')[0])} cannot be served: "
            f"the project's provider {grant.record.provider} is not configured here."
        )
    route = _route(grant, provider, head)
    if route.project_segment:
        _check_place(grant, route, head)
    return provider, route


def narrowed(grant: Grant, route: Route, head: RequestHead) -> Grant:
    """The grant with those of its accounts that serve the request: one of another provider than the
    project's serves what that provider allows as well, and tells the usage of in the same way.

    Raises EndpointNotAllowed where it has accounts and none of them does.
    """
    path = head.target.partition(b"?")[0]
    targets = tuple(
        target
        for target in grant.targets
        if target.provider is None or _serves(target.provider, route, head.method, path)
    )
    if grant.targets and not targets:
        raise errors.EndpointNotAllowed(
            f"{head.method} {shown(path)} is no allowed endpoint of any provider for which the"
            " project has a key."
        )
    return grant if len(targets) == len(grant.targets) else replace(grant, targets=targets)


def _serves(provider: Provider, route: Route, method: str, path: bytes) -> bool:
    methods = provider.match(path)
    found = methods.get(method) or (methods.get("GET") if method == "HEAD" else None)
    return found is not None and found.dialect == route.dialect


def check_origin(grant: Grant, head: RequestHead) -> str | None:
    """The request's `Origin`, where the project lists origins. Raises OriginNotAllowed.

    None without an `Origin` field: only browsers send it, so only they are restricted by the list.
    """
    if grant.origins is None:
        return None
    origin = head.lines.value(b"origin")
    if origin is None:
        return None
    text = origin.decode("latin-1")
    if not grant.origins.allows(text):
        raise errors.OriginNotAllowed("The project does not allow this origin.")
    return text


def _route(grant: Grant, provider: Provider, head: RequestHead) -> Route:
    path = head.target.partition(b"?")[0]
    if path.endswith((b"/", b"%2F", b"%2f")):
        raise errors.InvalidRequest("The path has an empty segment.")
    methods = provider.match(path)
    isolated = not grant.isolates and any(route.isolated for route in methods.values())
    if isolated:
        methods = {method: route for method, route in methods.items() if not route.isolated}
    is_whole = grant.by_hand is None and grant.endpoints is None
    if is_whole and (route := methods.get(head.method)) is not None:
        return route
    if not methods:
        if path == TOKEN_PAGE:
            # Of a POST, which is too usual to be looked at where other methods are answered.
            raise only_shown(head.method)
        hint = meant(path, head.method, provider, grant.known, partial(_served, grant, provider))
        if isolated:
            hint = " It is one where the project isolates objects."
        raise errors.EndpointNotAllowed(
            f"{head.method} {shown(path)} is no allowed endpoint of the provider "
            f"{provider.name}.{hint}"
        )
    allowed = _narrowed(grant, provider, methods, head.method, path)
    if head.method in allowed:
        return methods[head.method]
    if "GET" in allowed and "HEAD" not in allowed:
        # RFC 9110 9.3.2: the same without the content.
        allowed.append("HEAD")
    if head.method != "HEAD" or "GET" not in allowed:
        listed = ", ".join(sorted(allowed))
        by = _refused_by(grant, methods, head.method, path)
        raise errors.MethodNotAllowed(
            f"{head.method} {shown(path)} is not allowed {by}of the provider {provider.name}; "
            f"allowed there: {listed}.",
            lines=b"allow: %b\r\n" % listed.encode("ascii"),
        )
    return methods["GET"]


def only_shown(method: str) -> errors.MethodNotAllowed:
    """The refusal of a method that the page of a token does not have."""
    return errors.MethodNotAllowed(
        f"{method} {TOKEN_PAGE.decode()} is not allowed; allowed there: GET, HEAD.",
        lines=b"allow: GET, HEAD\r\n",
    )


def _refused_by(grant: Grant, methods: Methods, asked: str, path: bytes) -> str:
    """Whose list takes a method away that the provider has."""
    if asked not in methods and not (asked == "HEAD" and "GET" in methods):
        return ""
    left = methods if grant.by_hand is None else grant.by_hand.allowed(methods, path)
    return "by the token " if asked in left else "by the project "


def _narrowed(
    grant: Grant, provider: Provider, methods: Methods, asked: str, path: bytes
) -> list[str]:
    """Those of the provider's methods that the project and the token allow.

    Raises EndpointNotAllowed where there is none, and says whose list it is.
    """
    left = methods if grant.by_hand is None else grant.by_hand.allowed(methods, path)
    allowed = _of_token(grant, provider, left, path)
    if not allowed:
        whose = "token" if left else "project"
        raise errors.EndpointNotAllowed(
            f"The {whose} does not allow {asked} {shown(path)} of the provider "
            f"{grant.record.provider}."
        )
    return allowed


def _of_token(grant: Grant, provider: Provider, methods: Methods, path: bytes) -> list[str]:
    if grant.endpoints is None:
        return list(methods)
    return list(on_list(grant.endpoints, provider, methods, path))


def _served(grant: Grant, provider: Provider, path: bytes) -> list[str]:
    """The methods that a path has for the token."""
    methods = {
        method: route
        for method, route in provider.match(path).items()
        if grant.isolates or not route.isolated
    }
    left = methods if grant.by_hand is None else grant.by_hand.allowed(methods, path)
    return _of_token(grant, provider, left, path)


def _check_place(grant: Grant, route: Route, head: RequestHead) -> None:
    """Refuse a cloud's project or location that is not the one which the project names."""
    segments = head.target.partition(b"?")[0].split(b"/")
    for named, wanted, at in (
        ("project", grant.record.path_project, route.project_segment),
        ("location", grant.record.path_location, route.location_segment),
    ):
        if wanted is None or not at:
            continue
        given = unquote_to_bytes(segments[at]).decode("utf-8", "replace")
        if given != wanted:
            raise errors.ModelNotAllowed(
                f"The {named} {given[:100]!r} in the path is not allowed.", param=named
            )


def check_model(grant: Grant, model: str) -> None:
    """Refuse a model that one of the allow lists does not name."""
    for pattern in grant.models:
        if not pattern.allows(model):
            named = repr(model[:100])
            refusal = errors.ModelNotAllowed(f"The model {named} is not allowed.", param="model")
            refusal.model = model
            raise refusal


def target_for(grant: Grant) -> Target:
    """The account that the next attempt of a request goes to: the token's first.

    Raises UpstreamUnreachable where UPSTREAM_ORIGINS does not list its address, NoUpstreamKey where
    no active key was entered for it. Neither message names the address: clients must not learn it.
    """
    if not grant.is_allowed:
        raise errors.UpstreamUnreachable(
            "The operator does not allow the upstream that the project names."
        )
    if not grant.targets:
        unfit = ", as its keys were entered for another address" if grant.record.keys else ""
        raise errors.NoUpstreamKey(f"The project has no active upstream key{unfit}.")
    return grant.targets[0]
