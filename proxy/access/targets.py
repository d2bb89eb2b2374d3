"""The accounts of a grant: where each key goes, and how, in the token's order of preference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from models.bindings import Upstreams, place_of
from models.grants import GrantRecord, KeyMaterial
from proxy.access.key_selection import ranked
from proxy.providers.provider import Provider
from proxy.upstream.target import Target, address_of
from proxy.upstream_auth.presenting import UpstreamAuth


def targets_of(
    record: GrantRecord, providers: Mapping[str, Provider], upstreams: Upstreams, auth: UpstreamAuth
) -> tuple[Target, ...]:
    """Those whose keys may go where they would."""
    return tuple(
        target
        for key in ranked(record.keys, record.token_id)
        if (target := target_of(key, record, providers, upstreams, auth)) is not None
    )


class Project(Protocol):
    """What a project says of where its keys go."""

    @property
    def provider(self) -> str: ...

    @property
    def base_url(self) -> str | None:
        """None: as the provider says."""
        ...

    @property
    def v1_prefix(self) -> str | None:
        """What stands upstream in place of `/v1`; None: as the provider says."""
        ...


def target_of(
    key: KeyMaterial,
    project: Project,
    providers: Mapping[str, Provider],
    upstreams: Upstreams,
    auth: UpstreamAuth,
) -> Target | None:
    """Where a key goes, and how. Raises ValueError for a bad base URL.

    None where it goes nowhere: it was entered for another place, the operator does not allow that
    address, its provider is not configured here or answers errors in another form than the
    project's, or has to be given a base URL.
    """
    place = place_of(key, project.provider, project.base_url)
    provider, ours = providers.get(place.provider), providers.get(project.provider)
    if provider is None or ours is None or provider.error_shape != ours.error_shape:
        return None
    if not upstreams.allows(*place) or not upstreams.fits(key.bound_to, *place):
        return None
    base_url = place.base_url or provider.own_base_url
    if base_url is None:
        return None
    said = (key.v1_prefix, project.v1_prefix if key.provider is None else None, provider.v1_prefix)
    v1_prefix = next(prefix for prefix in said if prefix is not None)
    address = address_of(base_url, v1_prefix)
    target = auth.target(provider, address, key_id=key.id, secret=key.secret, auth=key.auth)
    return target._replace(
        provider=None if provider is ours else provider, models=key.model_map or None
    )
