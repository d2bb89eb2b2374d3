"""Encryption of upstream keys, and the rotation of what encrypts them."""

import os

import pytest

from models.crypto import KeyRing, fingerprint
from models.errors import CorruptCiphertext, UnknownEncryptionKey
from models.ids import new_id

OLD, NEW = os.urandom(32), os.urandom(32)


def test_what_was_encrypted_with_an_older_key_decrypts_and_the_newest_encrypts() -> None:
    row = new_id()
    text = KeyRing([OLD]).encrypt("sk-secret", row)
    ring = KeyRing([NEW, OLD])
    assert ring.decrypt(text, row) == "sk-secret"
    assert ring.encrypt("sk-secret", row).split(":")[1] == fingerprint(NEW)


def test_a_key_that_is_gone_is_named_in_the_error() -> None:
    row = new_id()
    text = KeyRing([OLD]).encrypt("sk-secret", row)
    with pytest.raises(UnknownEncryptionKey, match=fingerprint(OLD)):
        KeyRing([NEW]).decrypt(text, row)


def test_a_ciphertext_does_not_decrypt_in_another_row() -> None:
    ring = KeyRing([NEW])
    with pytest.raises(CorruptCiphertext):
        ring.decrypt(ring.encrypt("sk-secret", new_id()), new_id())


@pytest.mark.parametrize("spoil", ["", "v1", "v2:x:y", "cut", "bent", "not base64"])
def test_spoilt_texts_are_corrupt(spoil: str) -> None:
    row, ring = new_id(), KeyRing([NEW])
    text = ring.encrypt("sk-secret", row)
    head, _, body = text.rpartition(":")
    spoilt = {
        "cut": text[:-8],
        "bent": f"{head}:{'B' if body[0] != 'B' else 'C'}{body[1:]}",
        "not base64": f"{head}:***",
    }.get(spoil, spoil)
    with pytest.raises((CorruptCiphertext, UnknownEncryptionKey)):
        ring.decrypt(spoilt, row)


def test_equal_keys_have_unequal_ciphertexts() -> None:
    row, ring = new_id(), KeyRing([NEW])
    assert ring.encrypt("sk-secret", row) != ring.encrypt("sk-secret", row)


@pytest.mark.parametrize("keys", [[], [b"short"]])
def test_a_ring_needs_keys_of_32_bytes(keys: list[bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        KeyRing(keys)
