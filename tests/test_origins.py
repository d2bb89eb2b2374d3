"""Origins: which are the same place, and whether a browser's page is one of ours."""

import pytest

from config.origins import is_origin_of, origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://API.example.com./v2", "https://api.example.com:443"),
        ("http://api.example.com", "http://api.example.com:80"),
        ("http://[::1]:8000/", "http://[::1]:8000"),
        ("https://bücher.example", "https://xn--bcher-kva.example:443"),
    ],
)
def test_an_origin_has_one_spelling(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("https://proxy.example", "proxy.example", True),
        ("https://proxy.example", "Proxy.example:443", True),
        ("http://proxy.example:80", "proxy.example", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("https://proxy.example:80", "proxy.example", False),
        ("https://proxy.example:8443", "proxy.example", False),
        ("https://proxy.example.evil.example", "proxy.example", False),
        ("https://evil.example", "proxy.example", False),
        ("null", "proxy.example", False),
        ("", "", False),
        ("http://[", "[", False),
    ],
)
def test_a_page_is_ours_where_its_origin_names_our_host(origin: str, host: str, same: bool) -> None:
    assert is_origin_of(origin, host) is same
