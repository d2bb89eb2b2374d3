"""Tokens as people call them: by id, name, hint, or how an id begins."""

import re
from contextlib import suppress
from typing import Final
from uuid import UUID

from tortoise.expressions import Q

from models import secrets
from models.tokens import Token

#: As the columns have them.
_LONGEST_NAME: Final = 200
_LONGEST_HINT: Final = 16


async def called(named: str, *, most: int) -> list[Token]:
    """The tokens with this id, else with this name, else with this hint, else with an id that
    begins so; newest first, `most` of them. Of several of one name the one that lives is meant.
    """
    with suppress(ValueError):
        # Without dashes, too.
        return await Token.filter(id=UUID(named))
    hint = named.replace("...", "…")
    if hint.startswith("…"):
        hint = secrets.TOKEN_PREFIX + hint
    candidates = (
        Q(name=named) if 0 < len(named) <= _LONGEST_NAME else None,
        Q(hint=hint) if len(hint) <= _LONGEST_HINT else None,
        _begins_with(named),
    )
    for matching in filter(None, candidates):
        rows = await Token.filter(matching).order_by("-id").limit(most)
        living = [row for row in rows if row.revoked_at is None and row.name == named]
        if rows:
            return living if len(living) == 1 else rows
    return []


def _begins_with(prefix: str) -> Q | None:
    """Ids that begin with these digits: a range, since UUIDs are no text on PostgreSQL."""
    digits = prefix.replace("-", "").lower()
    if not re.fullmatch(r"[0-9a-f]{4,31}", digits):
        return None
    return Q(id__gte=UUID(digits.ljust(32, "0")), id__lte=UUID(digits.ljust(32, "f")))
