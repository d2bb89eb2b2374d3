"""A form that was overtaken: what it is about was changed, from another tab, since it was opened.

The form carries a digest of each field as it was when it was opened (`OPENED`). On the way back the
fields that are stored otherwise by now are told; what was typed stays, and a field that nobody
touched here takes the new value over. The form that is shown then carries new digests, so that
saving it once more is saving it all the same.
"""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from admin.forms.form import F, Filled, Form

#: The hidden field. A form that is posted without it, as by a script, is not compared.
OPENED: Final = "opened"
_LONGEST: Final = 200


def opened(kind: type[Form], form: Filled[F]) -> Filled[F]:
    """The form as it is opened now: with the digests of its fields."""
    digests = (f"{name}={_digest(form.value(name))}" for name in _fields(kind))
    return replace(form, values={**form.values, OPENED: " ".join(digests)})


def overtaken(
    kind: type[Form],
    typed: Filled[F],
    stored: Filled[F],
    *,
    meant: Mapping[str, str] | None = None,
    beside: Mapping[str, str] | None = None,
) -> Filled[F] | None:
    """The form to show once more; None where nothing was changed meanwhile that it would undo.

    `meant` is what was typed where the field alone does not say it, `beside` the field at which
    another one's change is told.
    """
    before = dict(pair.partition("=")[::2] for pair in typed.value(OPENED).split())
    values, notes = dict(typed.values), dict[str, str]()
    for name in _fields(kind):
        ours = _digest({**typed.values, **(meant or {})}.get(name, ""))
        theirs = _digest(stored.value(name))
        if name not in before or theirs in (before[name], ours):
            continue
        place = (beside or {}).get(name, name)
        notes[place] = _told(stored.value(name), is_kept=ours != before[name])
        if ours == before[name]:
            values[name] = stored.value(name)
    if not notes:
        return None
    values[OPENED] = opened(kind, stored).value(OPENED)
    return Filled(values, {}, None, notes)


def _told(stored: str, *, is_kept: bool) -> str:
    text = stored if len(stored) <= _LONGEST else f"{stored[:_LONGEST]}…"
    now = f"changed to “{text}”" if text else "emptied"
    if is_kept:
        return f"Meanwhile {now}. What you typed stands here, and replaces that when it is saved."
    return f"Meanwhile {now}, which stands here now."


def _fields(kind: type[Form]) -> list[str]:
    return sorted(kind.model_fields.keys() - kind.SECRETS)


def _digest(text: str) -> str:
    # A browser sends lines with a carriage return each, and boxes in the order of the page.
    lines = sorted(line.strip() for line in text.splitlines() if line.strip())
    return blake2b("\n".join(lines).encode(), digest_size=8).hexdigest()
