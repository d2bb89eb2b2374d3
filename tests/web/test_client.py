"""A request's forwarding fields are believed if a trusted proxy sent it, and ignored otherwise."""

from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any

import pytest
from sanic.compat import Header

from web import client

PROXIES = (ip_network("10.0.0.0/8"),)


def a_request(peer: str | None, **fields: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    conn_info = None if peer is None else SimpleNamespace(client_ip=peer)
    return SimpleNamespace(headers=Header({"host": "proxy:8080", **named}), conn_info=conn_info)


SAID = {
    "x_forwarded_for": "192.0.2.7",
    "x_forwarded_host": "llm.example.com, inner",
    "x_forwarded_proto": "https, http",
}


def test_a_trusted_proxy_says_who_the_client_is() -> None:
    request = a_request("10.0.0.7", **SAID)
    assert client.address_of(request, PROXIES) == "192.0.2.7"
    assert client.host_of(request, PROXIES) == "llm.example.com"
    assert client.is_secure(request, PROXIES)


@pytest.mark.parametrize("trusted", [(), PROXIES])
@pytest.mark.parametrize("peer", ["198.51.100.1", "a socket", None])
def test_nobody_else_does(peer: str | None, trusted: Any) -> None:
    request = a_request(peer, **SAID)
    assert client.address_of(request, trusted) == (peer or "")
    assert client.host_of(request, trusted) == "proxy:8080"
    assert not client.is_secure(request, trusted)


@pytest.mark.parametrize("name", ["", "a b", "x/y", "evil.example@x", "a:b", "é"])
def test_a_host_that_is_none_is_not_taken(name: str) -> None:
    request = a_request("10.0.0.7", x_forwarded_host=name)
    assert client.host_of(request, PROXIES) == "proxy:8080"


@pytest.mark.parametrize("scheme", ["", "http", "http, https", "wss"])
def test_another_scheme_is_not_secure(scheme: str) -> None:
    assert not client.is_secure(a_request("10.0.0.7", x_forwarded_proto=scheme), PROXIES)
