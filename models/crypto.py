"""Upstream keys at rest: AES-256-GCM with key identifiers, so that keys can be rotated.

A stored text reads `v1:<key id>:<base64 of nonce and ciphertext>`. The row's id is authenticated
with it, so a ciphertext moved to another row does not decrypt there.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.errors import CorruptCiphertext, UnknownEncryptionKey

_VERSION: Final = "v1"
_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


def fingerprint(key: bytes) -> str:
    """The identifier of a key, from which the key cannot be found out."""
    return hashlib.sha256(b"llm-proxy encryption key\x00" + key).hexdigest()[:12]


class KeyRing:
    """The keys of ENCRYPTION_KEY, newest first: encrypts with the newest, decrypts with any."""

    __slots__ = ("_ciphers", "newest")

    def __init__(self, keys: Sequence[bytes]) -> None:
        if not keys or any(len(key) != _KEY_BYTES for key in keys):
            raise ValueError("an encryption key ring needs one or more keys of 32 bytes")
        self.newest = fingerprint(keys[0])
        self._ciphers = {fingerprint(key): AESGCM(key) for key in keys}

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._ciphers

    def encrypt(self, plaintext: str, row_id: UUID) -> str:
        """The text to store for `plaintext` in the row `row_id`."""
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._ciphers[self.newest].encrypt(nonce, plaintext.encode(), row_id.bytes)
        return f"{_VERSION}:{self.newest}:{base64.b64encode(nonce + sealed).decode()}"

    def decrypt(self, text: str, row_id: UUID) -> str:
        """What `encrypt` was given. Raises UnknownEncryptionKey, CorruptCiphertext."""
        version, _, rest = text.partition(":")
        key_id, _, encoded = rest.partition(":")
        if version != _VERSION:
            raise CorruptCiphertext(f"row {row_id}: not a ciphertext of this application")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            raise UnknownEncryptionKey(f"row {row_id} was encrypted with the key {key_id}")
        try:
            sealed = base64.b64decode(encoded, validate=True)
            plaintext = cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], row_id.bytes)
        except (InvalidTag, binascii.Error, ValueError) as exc:
            raise CorruptCiphertext(f"row {row_id}: altered, cut or moved") from exc
        return plaintext.decode()
