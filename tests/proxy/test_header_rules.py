"""Which field lines cross: what does, what never does, and that nothing else changes."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.header_rules import (
    for_downstream,
    for_upstream,
    trailers_for_downstream,
    trailers_for_upstream,
)
from proxy.headers import RawHeaders

HOP_BY_HOP = (
    "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection",
    "TE", "Transfer-Encoding", "Upgrade",
)  # fmt: skip
#: The public contract's list.
NOT_UPSTREAM = (
    *HOP_BY_HOP, "Authorization", "x-api-key", "api-key", "Expect", "Host", "Cookie", "Forwarded",
    "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Anything", "X-Real-IP",
    "True-Client-IP", "CF-Connecting-IP", "CF-Ray", "CF-IPCountry", "X-Request-Start", "Via",
    "x-goog-api-key", "X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256",
    "Ocp-Apim-Subscription-Key", "OpenAI-Organization", "OpenAI-Project", "x-goog-user-project",
    "anthropic-workspace-id", "X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override",
    "X-Original-URL", "X-Rewrite-URL", "X-LLM-Proxy-Tags",
    # A server that keeps fields as CGI does cannot tell these from the ones with a hyphen.
    "Content_Length", "Transfer_Encoding", "Content_Type", "Content_Encoding", "X_Forwarded_For",
    "X_HTTP-Method_Override", "X_Original_Url", "X_Api_Key", "x_llm_proxy_hops",
)  # fmt: skip
NOT_DOWNSTREAM = (*HOP_BY_HOP, "Set-Cookie", "Set-Cookie2", "X-LLM-Proxy-Request-Id")
#: Names that look like one of them.
CROSSING = (
    "Accept", "Accept-Encoding", "Content-Length", "Content-Type", "Content-Encoding", "Date",
    "anthropic-version", "OpenAI-Beta", "X-Forwarded", "X-Forward-For", "CFX", "X-CF-Ray",
    "Cookies", "X-Cookie", "Viaduct", "Hosts", "X-Host", "X-Authorization", "Te-x",
    "Upgrade-Insecure-Requests", "X-Real-IP-2", "Origin", "User-Agent", "Traceparent",
    "Server-Timing", "Trailer", "Content_Length_X", "X_Team",
)  # fmt: skip


def lines(*names: str, value: bytes = b"v") -> RawHeaders:
    return [(name.encode(), value) for name in names]


def cases_of(name: str) -> list[str]:
    return [name, name.lower(), name.upper(), name.swapcase()]


@pytest.mark.parametrize("name", NOT_UPSTREAM)
def test_what_does_not_go_upstream(name: str) -> None:
    around = lines("A", "B")
    for case in cases_of(name):
        assert for_upstream([around[0], *lines(case), around[1]]) == around
        assert trailers_for_upstream([*lines(case), *around]) == around


@pytest.mark.parametrize("name", NOT_DOWNSTREAM)
def test_what_does_not_come_back(name: str) -> None:
    around = lines("A", "B")
    for case in cases_of(name):
        assert for_downstream([around[0], *lines(case), around[1]]) == around
        assert trailers_for_downstream([*lines(case), *around]) == around


@pytest.mark.parametrize("name", CROSSING)
def test_what_crosses_both_ways(name: str) -> None:
    for case in cases_of(name):
        assert for_upstream(lines(case)) == for_downstream(lines(case)) == lines(case)


def test_what_private_names_mean_to_a_client_is_not_hidden_from_it() -> None:
    back = lines("Via", "X-Forwarded-For", "CF-Ray", "Cookie", "Host", "x-api-key")
    assert for_downstream(back) == back


@pytest.mark.parametrize(
    ("connection", "dropped"),
    [
        ([b"X-Mine"], {b"X-Mine"}),
        ([b"close, x-mine"], {b"X-Mine"}),
        ([b"keep-alive", b" \tX-MINE\t , x-other"], {b"X-Mine", b"X-Other"}),
        ([b"x-mine", b"x-other"], {b"X-Mine", b"X-Other"}),
        ([b"keep-alive"], set()),
        ([b"Close"], set()),
        ([b""], set()),
        ([b",,"], set()),
        ([b"x-mine-not"], set()),
        # Without it, nobody would know where the body ends.
        ([b"Content-Length, x-mine"], {b"X-Mine"}),
        ([b"content-length"], set()),
    ],
)
def test_fields_that_connection_names_do_not_cross(
    connection: list[bytes], dropped: set[bytes]
) -> None:
    others = lines("X-Mine", "Content-Length", "X-Other", "X-Mine")
    headers = [*others, *[(b"cOnnection", value) for value in connection]]
    expected = [field for field in others if field[0] not in dropped]
    assert for_upstream(headers) == for_downstream(headers) == expected


@pytest.mark.parametrize(
    "name", ["Content-Length", "Content-Type", "Content-Encoding", "Content-Range", "Trailer"]
)
def test_what_a_trailer_comes_too_late_for(name: str) -> None:
    assert trailers_for_upstream(lines(name.upper(), "A")) == lines("A")
    assert trailers_for_downstream(lines(name, "A")) == lines("A")


NAMES = st.sampled_from([*NOT_UPSTREAM, *NOT_DOWNSTREAM, *CROSSING]).flatmap(
    lambda name: st.sampled_from(cases_of(name))
) | st.text("abcX-", min_size=1, max_size=9)
HEADERS = st.lists(
    st.tuples(
        NAMES.map(str.encode),
        st.binary(max_size=9) | st.sampled_from([b"close", b"Content-Length", b"x-a, date"]),
    ),
    max_size=12,
)


@given(HEADERS)
@settings(max_examples=300, deadline=None)
def test_hygiene_only_ever_leaves_out(headers: RawHeaders) -> None:
    for clean in (for_upstream, for_downstream):
        crossed = clean(headers)
        left = iter(headers)
        # Order, case, values and duplicates stay.
        assert all(field in left for field in crossed)
        assert clean(crossed) == crossed
        lengths = [field for field in headers if field[0].lower() == b"content-length"]
        assert [field for field in crossed if field[0].lower() == b"content-length"] == lengths
    private = re.compile(
        rb"cf-.*|x-forwarded-.*|cookie|via|host|authorization|(x-)?api-key", re.DOTALL
    )
    assert not [name for name, _ in for_upstream(headers) if private.fullmatch(name.lower())]
