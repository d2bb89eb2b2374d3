"""Requests that stay with the token's own account, whether it rests or not, sans-io.

Files, batches, stored responses and what else an upstream keeps are known to one account alone. A
request that names or lists them would fail at any other, or be shown another account's; and what
is uploaded to another could not be found later.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from proxy.objects.rules import NAMES_NONE
from proxy.providers.endpoints import Route

#: Members of bodies that name one, at any depth; what is found in a text costs a retry, no more.
_MEMBERS: Final = re.compile(
    rb'"(?:previous_response_id|conversation|container|container_id|file_id|file_ids|file'
    rb"|input_file_id|training_file|image_file_id|vector_store_ids|vector_store_id|prompt_id"
    rb'|file_uri|fileUri|cachedContent|cached_content|batch_id)"'
)
#: Reports no usage: it makes, reads or removes what an account keeps, or lists models.
_KEEPING: Final = ("none", "batches")


@lru_cache(maxsize=1024)
def _stays(pattern: str, dialect: str, method: str) -> bool:
    segments = pattern.split("/")
    bare = [segment.partition(":")[0] for segment in segments]
    if "*" in bare or any(name[:1] == "{" and name not in NAMES_NONE for name in bare):
        return True
    if "{model}" in bare or bare[-1] == "models":
        return False
    return dialect in _KEEPING or method not in ("POST", "PUT")


def stays(route: Route, method: str, body: Sequence[bytes]) -> bool:
    """Whether it is for the token's own account only. `body` is at most a megabyte."""
    if _stays(route.pattern, route.dialect, method):
        return True
    if not body:
        return False
    whole = body[0] if len(body) == 1 else b"".join(body)
    return _MEMBERS.search(whole) is not None
