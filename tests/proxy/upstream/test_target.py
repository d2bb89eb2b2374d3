"""Where an attempt of a request goes."""

from uuid import uuid4

import pytest

from proxy.upstream.target import Address, Origin, Target, address_of


@pytest.mark.parametrize(
    ("url", "address"),
    [
        (
            "https://api.openai.com",
            Address(Origin("https", "api.openai.com", 443), b"api.openai.com", b""),
        ),
        ("http://h", Address(Origin("http", "h", 80), b"h", b"")),
        ("http://H.Ex:8080/", Address(Origin("http", "h.ex", 8080), b"H.Ex:8080", b"")),
        (
            "https://gateway/openai/deployments",
            Address(Origin("https", "gateway", 443), b"gateway", b"/openai/deployments"),
        ),
        ("http://[::1]:9", Address(Origin("http", "::1", 9), b"[::1]:9", b"")),
        ("http://[fd00::1]/x", Address(Origin("http", "fd00::1", 80), b"[fd00::1]", b"/x")),
    ],
)  # fmt: skip
def test_base_urls(url: str, address: Address) -> None:
    assert address_of(url) == address


def test_a_target_is_shown_without_its_key() -> None:
    shown = repr(Target(address_of("https://h.example"), b"x-api-key: sk-secret\r\n", uuid4()))
    assert "h.example" in shown
    assert "sk-secret" not in shown
