"""A test request on behalf of a token, and what came of it in words.

Nobody knows a token's secret. For the test it has a second one for a minute, and what is asked with
it passes the data plane as any client's request does.
"""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any, Final, NamedTuple

from admin.components.offers import Offer
from admin.components.snippets import body_of
from models import Token
from models.audit import Actor
from models.refusal_words import REASONS, Place
from models.text import clean_text
from web.token_test import Answered, Sent, TokenAsking

_LONGEST: Final = 200
#: What is to be done about the upstream's own answers, and where.
_UPSTREAM: Final[dict[int, tuple[str, Place]]] = {
    400: ("Try another model", "log"),
    401: ("Test the project's key", "keys"),
    403: ("Test the project's key", "keys"),
    404: ("Try another model, or see the project's address", "project"),
    429: ("Try again later, or add a key", "keys"),
}


class Outcome(NamedTuple):
    """In words, with what mends it and where that is; '' where nothing has to be."""

    works: bool
    message: str
    mend: str = ""
    link: str = ""


async def tried(
    token: Token, offer: Offer, asking: TokenAsking, *, by: Actor, address: str
) -> Outcome:
    """What comes of a test request for `offer`. Raises TokenRevoked."""
    body = json.dumps(body_of(offer), ensure_ascii=False).encode()
    # A kept answer would say nothing about the provider, and a test's is not to be given again.
    fields = [("cache-control", "no-store")]
    if offer.api == "messages":
        fields.append(("anthropic-version", "2023-06-01"))
    secret = await token.lend_secret(by=by, path=offer.path, model=offer.model)
    began = perf_counter()
    try:
        answered = await asking(Sent(secret, offer.path, tuple(fields), body, address))
    except TimeoutError:
        return Outcome(False, "There was no answer within 30 seconds.", *_see(token, "log"))
    finally:
        await token.take_back(secret)
    return _told(answered, token, offer, address, perf_counter() - began)


def _told(answered: Answered, token: Token, offer: Offer, address: str, seconds: float) -> Outcome:
    took = f"{seconds * 1000:,.0f} ms"
    parsed = _json(answered.body)
    if not answered.is_whole or not answered.status:
        return Outcome(False, f"The answer broke off after {took}.", *_see(token, "log"))
    if answered.status < 300:
        said = parsed.get("model")
        model = clean_text(said, limit=_LONGEST) if isinstance(said, str) else offer.model
        return Outcome(True, f"It works: {answered.status} from {model} in {took}.")
    error = parsed.get("error")
    found = error if isinstance(error, dict) else parsed
    words = clean_text(str(found.get("message") or ""), limit=_LONGEST)
    told = [found.get(name) for name in ("code", "type", "status")]
    code = next((one for one in told if isinstance(one, str) and one in REASONS), None)
    if code is None:
        mend, place = _UPSTREAM.get(answered.status, ("See the request", "log"))
        message = f"The upstream answered {answered.status} after {took}. {words}"
        return Outcome(False, message.strip(), mend, _link(token, place))
    reason = REASONS[code]
    if code == "ip_not_allowed":
        words = f"The test came from yours, {address}; from its own addresses the token may work."
    message = f"Refused: {answered.status} {code}. {reason.says}. {words}"
    return Outcome(False, message.strip(), reason.mend, _link(token, reason.place))


def _see(token: Token, place: Place) -> tuple[str, str]:
    return "See the request", _link(token, place)


def _link(token: Token, place: Place) -> str:
    if place == "token" or (place == "endpoints" and token.allowed_endpoints is not None):
        return f"/admin/tokens/{token.id}/edit"
    if place == "new token":
        return f"/admin/tokens/new?project={token.project_id}"
    if place == "log":
        return f"/admin/requests?token={token.id}"
    page = f"/admin/projects/{token.project_id}"
    return f"{page}/endpoints" if place == "endpoints" else page


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}
