"""The accounts of a grant: where each key goes, and how, in the token's order of preference."""

from __future__ import annotations

from typing import Protocol

from models.bindings import Upstreams
from models.grants import GrantRecord, KeyMaterial
from proxy.access.key_selection import ranked
from proxy.providers.provider import Provider
from proxy.upstream.target import Target, address_of
from proxy.upstream_auth.presenting import UpstreamAuth


def targets_of(
    record: GrantRecord, provider: Provider, upstreams: Upstreams, auth: UpstreamAuth
) -> tuple[Target, ...]:
    """Those whose keys may go where they would."""
    fitting = [key for key in record.keys if may_go(key, record.provider, record, upstreams)]
    return tuple(
        target
        for key in ranked(fitting, record.token_id)
        if (target := target_of(key, provider, record, auth)) is not None
    )


def may_go(key: KeyMaterial, provider: str, place: Place, upstreams: Upstreams) -> bool:
    """Whether a key was entered for where it would go, and the operator allows that address."""
    base_url = key.base_url or place.base_url
    return upstreams.allows(provider, base_url) and upstreams.fits(key.bound_to, provider, base_url)


class Place(Protocol):
    """What a project says of where its keys go."""

    @property
    def base_url(self) -> str | None:
        """None: as the provider says."""
        ...

    @property
    def v1_prefix(self) -> str | None:
        """What stands upstream in place of `/v1`; None: as the provider says."""
        ...


def target_of(
    key: KeyMaterial, provider: Provider, place: Place, auth: UpstreamAuth
) -> Target | None:
    """Where a key goes, and how. Raises ValueError for a bad base URL.

    None where the provider's projects have to name a base URL, and this one does not.
    """
    base_url = key.base_url or place.base_url or provider.own_base_url
    if base_url is None:
        return None
    said = (key.v1_prefix, place.v1_prefix, provider.v1_prefix)
    v1_prefix = next(prefix for prefix in said if prefix is not None)
    address = address_of(base_url, v1_prefix)
    target = auth.target(provider, address, key_id=key.id, secret=key.secret, auth=key.auth)
    return target._replace(models=key.model_map) if key.model_map else target
