"""Grants as the data plane would have them from the database."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID, uuid4

from models.bindings import Upstreams
from models.grants import GrantRecord, KeyMaterial
from proxy.access.grant import Grant
from proxy.downstream import RequestHead
from proxy.exchange import Exchange
from proxy.header_lines import HeaderLines
from proxy.headers import RawHeaders
from proxy.providers.catalog import BUILT_IN

#: Where the built-in providers are, with nothing configured.
OPENAI: Final = BUILT_IN["openai"]
ANTHROPIC: Final = BUILT_IN["anthropic"]
UPSTREAMS: Final = Upstreams(
    {name: one.own_base_url for name, one in BUILT_IN.items() if one.own_base_url is not None}
)


def a_record(**changes: Any) -> GrantRecord:
    """An unlimited token of an active project."""
    nothing: dict[str, Any] = dict.fromkeys(GrantRecord.__struct_fields__)
    known: dict[str, Any] = {
        "token_id": uuid4(),
        "quota_epoch": 0,
        "quota_base": 0,
        "project_id": uuid4(),
        "project_is_active": True,
        "project_is_deleted": False,
        "provider": "openai",
        "unmetered": "allow",
        "isolation": "none",
        "end_user_from_body": False,
        "cache_epoch": 0,
        "keys": (a_key(),),
        "budgets": (),
        "policies": (),
        "project_budgets": (),
        "project_policies": (),
        "extra_endpoints": (),
    }
    return GrantRecord(**(nothing | known | changes))


def a_key(
    weight: int = 1,
    key_id: UUID | None = None,
    bound_to: str | None = "provider:openai",
    secret: str = "sk-upstream",
    **more: Any,
) -> KeyMaterial:
    """An upstream key."""
    return KeyMaterial(key_id or uuid4(), secret, weight, bound_to, **more)


def a_grant(**changes: Any) -> Grant:
    """What the data plane makes of such a record."""
    return Grant.of(a_record(**changes), BUILT_IN, UPSTREAMS)


def a_request(method: str = "GET", target: str = "/v1/models", *fields: str) -> RequestHead:
    """A request's head, as the front door hands it on."""
    headers: RawHeaders = []
    for field in fields:
        name, _, value = field.partition(": ")
        headers.append((name.encode("latin-1"), value.encode("latin-1")))
    lines = HeaderLines.of(headers)
    return RequestHead(method, target.encode("ascii"), "1.1", lines, 0, "192.0.2.1")


def an_exchange(head: RequestHead) -> Exchange:
    """One that has just begun."""
    return Exchange(head, head.method)
