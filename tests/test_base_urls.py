"""Where an upstream is, from its base URL."""

import pytest

from config import BaseUrl, split_base_url


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://api.openai.com", BaseUrl("https", "api.openai.com", 443, "api.openai.com", "")),
        ("http://H.ex:8080/a/b/", BaseUrl("http", "h.ex", 8080, "H.ex:8080", "/a/b")),
        ("http://[FD00::1]/x", BaseUrl("http", "fd00::1", 80, "[FD00::1]", "/x")),
        (
            "https://b\u00fccher.example",
            BaseUrl("https", "xn--bcher-kva.example", 443, "xn--bcher-kva.example", ""),
        ),
    ],
)
def test_a_base_url_taken_apart(url: str, base: BaseUrl) -> None:
    assert split_base_url(url) == base


def test_what_is_no_url_is_an_error_that_a_caller_can_catch() -> None:
    for url in ("http://h:70000", "http://[::1", "http://" + "\u00e9" * 70 + ".example"):
        with pytest.raises(ValueError, match=r"[Pp]ort|IPv6|label"):
            split_base_url(url)
