"""Which of a project's upstream keys a token uses: weighted, and always the same one for a token.

Files, batches and stored responses belong to one upstream account, so a token must keep its key;
with rendezvous hashing, adding or removing a key moves only that key's share of the tokens
(Thaler and Ravishankar 1998; weights as in Schindelhauer and Schomaker 2005).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from uuid import UUID

from models.grants import KeyMaterial


def ranked(keys: Iterable[KeyMaterial], token_id: UUID) -> list[KeyMaterial]:
    """The keys in this token's order of preference: it uses the first one that is fit.

    Those of the lowest priority come first.
    """
    return sorted(keys, key=lambda key: (key.priority, -_score(key, token_id)))


def _score(key: KeyMaterial, token_id: UUID) -> float:
    hashed = hashlib.blake2b(key.id.bytes + token_id.bytes, digest_size=8).digest()
    # Into (0, 1), both ends excluded, so that the logarithm is finite and negative.
    uniform = (int.from_bytes(hashed, "big") + 0.5) / 2**64
    return -key.weight / math.log(uniform)
