"""The format of secrets, and what may be shown of them."""

import string
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import secrets

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def test_checksum_is_the_crc32_of_all_before_it_in_base62() -> None:
    body = "llmp_" + "0" * 40
    value = crc32(body.encode())
    digits = [BASE62[value // 62**place % 62] for place in reversed(range(6))]
    assert secrets.checksum(body) == "".join(digits)
    assert secrets.is_well_formed(body + "".join(digits))


def test_checksum_vectors() -> None:
    """Written down, so that a change of the algorithm cannot pass unnoticed."""
    assert secrets.checksum("llmp_0000000000000000000000000000000000000000") == "4JIN1X"
    assert secrets.checksum("llmp_abcdefghijABCDEFGHIJ0123456789zyxwvutsrq") == "2QkSAk"


def test_small_checksums_are_padded_with_zeros() -> None:
    bodies = (f"llmp_{n:040d}" for n in range(100_000))
    small = next(body for body in bodies if crc32(body.encode()) < 62**5)
    assert secrets.checksum(small).startswith("0")
    assert len(secrets.checksum(small)) == 6
    assert secrets.is_well_formed(small + secrets.checksum(small))


def test_a_generated_secret_is_well_formed_as_text_and_as_bytes() -> None:
    secret = secrets.generate()
    assert len(secret) == 51
    assert secrets.is_well_formed(secret)
    assert secrets.is_well_formed(secret.encode())


@given(position=st.integers(5, 50), character=st.sampled_from(BASE62))
def test_one_wrong_character_is_noticed(position: int, character: str) -> None:
    secret = "llmp_" + "k3" * 20
    secret += secrets.checksum(secret)
    mutilated = secret[:position] + character + secret[position + 1 :]
    assert secrets.is_well_formed(mutilated) == (mutilated == secret)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "llmp_",
        "sk-proj-abc",
        "llmp_" + "é" * 46,
        "llmp_" + "-" * 46,
        b"\xff" * 51,
        "\ud800" * 51,
    ],
)
def test_other_strings_are_not_well_formed(secret: str | bytes) -> None:
    assert not secrets.is_well_formed(secret)


def test_nothing_may_follow_the_checksum() -> None:
    assert not secrets.is_well_formed(secrets.generate() + "\n")


def test_a_management_token_is_no_proxy_token() -> None:
    assert not secrets.is_well_formed(secrets.generate(secrets.MANAGEMENT_PREFIX))


def test_hints_show_the_prefix_and_the_last_four() -> None:
    secret = secrets.generate()
    assert secrets.hint(secret) == f"llmp_…{secret[-4:]}"


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("sk-proj-abcdefghijklmnop", "sk-…mnop"),
        ("sixteen-letters!", "six…ers!"),
        ("fifteen-letters", "…"),
        ("", "…"),
    ],
)
def test_short_upstream_keys_show_nothing(key: str, hint: str) -> None:
    assert secrets.upstream_key_hint(key) == hint


def test_constant_time_equal_takes_text_and_bytes() -> None:
    assert secrets.constant_time_equal("größe", "größe".encode())
    assert not secrets.constant_time_equal("a", "b")
