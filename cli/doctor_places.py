"""What `doctor` says of the places that projects lead to: whether their keys may be sent there."""

from collections.abc import AsyncIterator, Iterable
from typing import Final

from cli.findings import Finding, fine, warning
from models import Project, UpstreamKey
from models.bindings import Upstreams

_SHOWN: Final = 5


async def places(upstreams: Upstreams) -> AsyncIterator[Finding]:
    """Projects whose address is not allowed, and those whose keys were entered for another one."""
    living = Project.filter(deleted_at__isnull=True).order_by("id")
    refused = [
        project.name
        async for project in living
        if not upstreams.allows(project.provider, project.base_url)
    ]
    if refused:
        yield warning("upstream keys", f"UPSTREAM_ORIGINS leaves out: {_named(refused)}")
    left = dict.fromkeys(
        [
            key.project.name
            async for key in UpstreamKey.all().select_related("project").order_by("id")
            if not upstreams.fits(
                key.bound_to, key.project.provider, key.base_url or key.project.base_url
            )
        ]
    )
    if left:
        yield warning(
            "upstream keys",
            f"entered for another address, so not used: of {_named(left)}."
            " Run: llm-proxy project update NAME --api-key-env KEY",
        )
    if not refused and not left:
        yield fine("upstream keys", "each may be sent where its project leads")


def _named(names: Iterable[str]) -> str:
    first, more = list(names)[:_SHOWN], len(list(names)) - _SHOWN
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
