"""The token among the credentials that a request presents, sans-io.

Clients of each provider have a field of their own for a key, and a token may come in any of them. A
machine with another tool's key in its environment sends that as well: what is not of our form is
never looked at where something else is.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from proxy import errors
from proxy.header_lines import HeaderLines
from proxy.header_rules import CREDENTIALS
from proxy.headers import RawHeaders

_BEARER: Final = b"bearer "
_SIGNED: Final = b"aws4-hmac-sha256 "
_KEY_ID: Final = re.compile(rb"(?:^|[ ,])Credential=([^/, ]++)")
_OUR_FORM: Final = re.compile(rb"llmp_[0-9A-Za-z]{46}")
_IN_QUERY: Final = re.compile(_OUR_FORM.pattern + rb"(?![0-9A-Za-z])")
TOKEN_START: Final = b"llmp_"
#: Of the parameters in which some APIs take a key, the field to send it in.
_FIELD_FOR: Final = {
    b"key": "x-goog-api-key: <token>",
    b"x-goog-api-key": "x-goog-api-key: <token>",
    b"api-key": "api-key: <token>",
    b"x-amz-credential": "Authorization: AWS4-HMAC-SHA256 Credential=<token>/…",
}
_USUAL_FIELD: Final = "Authorization: Bearer <token>"


def presented(lines: HeaderLines) -> bytes:
    """The secret, from whichever field carries it: of several, the one of our form.

    Raises MissingToken, InvalidToken, or InvalidRequest where two tokens differ.
    """
    first = lines.first
    if (
        lines.has_repeated
        or b"x-api-key" in first
        or b"api-key" in first
        or b"x-goog-api-key" in first
    ):
        found = _of_several(lines.fields)
    else:
        value = first.get(b"authorization")
        found = b"" if value is None else _of_authorization(value)
    if found is None:
        raise errors.InvalidToken(
            "The Authorization header is not of the form 'Bearer <token>', nor signed as AWS's are."
        )
    if not found:
        raise errors.MissingToken(
            "No token was presented. Send it as 'Authorization: Bearer llmp_…'."
        )
    return found


def _of_several(headers: RawHeaders) -> bytes | None:
    found = [
        _of_authorization(value) if lowered == b"authorization" else value
        for name, value in headers
        if (lowered := name.lower()) in CREDENTIALS
    ]
    tokens = {secret for secret in found if secret and _OUR_FORM.fullmatch(secret)}
    if len(tokens) > 1:
        raise errors.InvalidRequest("Two different tokens were presented.")
    if tokens:
        return tokens.pop()
    return next(filter(None, found), None if None in found else b"")


def _of_authorization(value: bytes) -> bytes | None:
    """The secret in a value of `Authorization`; None of a scheme that carries no token."""
    if value[:7].lower() == _BEARER:
        return value[7:].strip(b" ")
    if value[: len(_SIGNED)].lower() == _SIGNED:
        # The signature is by a secret that the token's holder made up: there is none to check.
        match = _KEY_ID.search(value, len(_SIGNED) - 1)
        return None if match is None else match[1]
    return b"" if value.lower() in (b"", b"bearer") else None


def may_hold_token(target: bytes) -> bool:
    """Whether the target may hold a token, in whichever spelling: nearly none does."""
    return TOKEN_START in target or (b"%" in target and TOKEN_START in unquote_to_bytes(target))


def refuse_in_query(target: bytes) -> None:
    """Raise MissingToken where the query holds a token: it would go upstream, and stands in the
    logs of whatever is on the way. Neither is told what it was."""
    query = unquote_to_bytes(target.partition(b"?")[2])
    found = _IN_QUERY.search(query)
    if found is not None:
        parameter = query[: found.start()].rpartition(b"&")[2].partition(b"=")[0]
        field = _FIELD_FOR.get(parameter.lower(), _USUAL_FIELD)
        raise errors.MissingToken(
            f"A token does not belong into the query, where logs keep it. Send it as '{field}'."
        )
