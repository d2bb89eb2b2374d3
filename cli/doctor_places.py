"""What `doctor` says of the keys of projects: whether they may be sent there, and are taken."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Final

from cli.findings import Finding, fine, warning
from models import KeyState, Project, UpstreamKey
from models.bindings import Upstreams, place_of

_SHOWN: Final = 5


async def places(upstreams: Upstreams) -> AsyncIterator[Finding]:
    """Projects whose address is not allowed, whose keys were entered for another one, or whose
    upstream refuses them."""
    living = Project.filter(deleted_at__isnull=True).order_by("id")
    refused = [
        project.name
        async for project in living
        if not upstreams.allows(project.provider, project.base_url)
    ]
    if refused:
        yield warning("upstream keys", f"UPSTREAM_ORIGINS leaves out: {named(refused)}")
    left = dict.fromkeys(
        [
            key.project.name
            async for key in UpstreamKey.all().select_related("project").order_by("id")
            if not upstreams.fits(
                key.bound_to, *place_of(key, key.project.provider, key.project.base_url)
            )
        ]
    )
    if left:
        yield warning(
            "upstream keys",
            f"entered for another address, so not used: of {named(left)}."
            " Run: llm-proxy project update NAME --api-key-env KEY",
        )
    suspended = await KeyState.filter(suspended_at__isnull=False).values_list("key_id", flat=True)
    blamed = dict.fromkeys(
        [
            key.project.name
            async for key in UpstreamKey.filter(id__in=list(suspended), is_active=True)
            .select_related("project")
            .order_by("id")
        ]
    )
    if blamed:
        yield warning(
            "upstream keys",
            f"suspended, since the upstream refuses them: of {named(blamed)}."
            " See: llm-proxy key list --project NAME",
        )
    if not refused and not left and not blamed:
        yield fine("upstream keys", "each may be sent where its project leads")


async def leading_to(own: Mapping[str, str]) -> dict[str, list[str]]:
    """Base URLs that keys in use lead to, each with the names of their projects. `own` are those of
    providers that have one."""
    found: defaultdict[str, dict[str, None]] = defaultdict(dict)
    keys = UpstreamKey.filter(
        is_active=True, project__is_active=True, project__deleted_at__isnull=True
    )
    async for key in keys.select_related("project").order_by("id"):
        place = place_of(key, key.project.provider, key.project.base_url)
        base_url = place.base_url or own.get(place.provider)
        if base_url is not None:
            found[base_url][key.project.name] = None
    return {base_url: list(names) for base_url, names in found.items()}


def named(names: Iterable[str]) -> str:
    """The first few of them, and how many more there are."""
    first, more = list(names)[:_SHOWN], len(list(names)) - _SHOWN
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
