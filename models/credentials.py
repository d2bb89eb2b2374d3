"""What an upstream's key is made of: a string, or JSON of one of the kinds below.

A key is one text wherever it is stored or sent. One that begins with a brace is a credential of
several members, and is read here alone: at every door, before it is stored, and where the data
plane presents it. No message of this module holds a secret.
"""

import re
from typing import Any, Final, Literal, TypeAlias

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from models.secrets import upstream_key_hint

#: Of the whole text; a service account's file has some 2,400.
LONGEST: Final = 16_384
#: What stands for `{"source": "environment"}` where a hint of a key is shown.
ENVIRONMENT: Final = "environment"
#: Characters of a key's hint, as its column has them.
_HINT: Final = 16
_LEAST_RSA_BITS: Final = 2048

Family = Literal["aws-sigv4", "google", "entra"]


class BadCredential(ValueError):
    """The text is no credential that can be used; the message says what it lacks."""


class AwsKey(msgspec.Struct, frozen=True, omit_defaults=True):
    """An access key of AWS, of a user or (with a session token) of a role for some time."""

    access_key_id: str
    secret_access_key: str
    region: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"AwsKey(…{self.access_key_id[-4:]}, {self.region})"


class ServiceAccount(msgspec.Struct, frozen=True, omit_defaults=True, tag="service_account"):
    """What signs for a service account of Google; the rest of its file is left out."""

    client_email: str
    private_key: str
    token_uri: str = ""
    private_key_id: str = ""

    def __repr__(self) -> str:
        return f"ServiceAccount({self.client_email})"


class EntraClient(msgspec.Struct, frozen=True, omit_defaults=True):
    """An application of Microsoft Entra with a secret."""

    tenant_id: str
    client_id: str
    client_secret: str
    authority: str = ""

    def __repr__(self) -> str:
        return f"EntraClient({self.client_id} in {self.tenant_id})"


class FromEnvironment(msgspec.Struct, frozen=True, omit_defaults=True):
    """The identity that the server itself has, where the operator allows it to be used."""

    source: str = ENVIRONMENT
    region: str | None = None


Credential: TypeAlias = str | AwsKey | ServiceAccount | EntraClient | FromEnvironment

_EXAMPLES: Final = {
    "AWS": '{"access_key_id": "AKIA…", "secret_access_key": "…", "region": "us-east-1"}',
    "Google": "the file of a service account as the Google Cloud console gives it out",
    "Entra": '{"tenant_id": "…", "client_id": "…", "client_secret": "…"}',
    "environment": '{"source": "environment"}',
}
#: By what marks a kind: its name in words, the members that it must have, and those that it may.
_KINDS: Final = (
    (
        ("access_key_id", "secret_access_key"),
        "AWS",
        ("access_key_id", "secret_access_key", "region"),
        ("session_token",),
    ),
    (
        ("tenant_id", "client_secret"),
        "Entra",
        ("tenant_id", "client_id", "client_secret"),
        ("authority",),
    ),
    (("source",), "environment", ("source",), ("region",)),
)
_MARKS: Final = "`access_key_id` (AWS), `type` (Google), `tenant_id` (Entra) or `source`"

_VISIBLE: Final = re.compile(r"[!-~]+")
_REGION: Final = re.compile(r"[a-z0-9]++(-[a-z0-9]++)*+")
_ACCESS_KEY_ID: Final = re.compile(r"[A-Za-z0-9_]{4,128}")
_TENANT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,127}")
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,128}@[A-Za-z0-9.-]{1,128}")


def is_json(api_key: str) -> bool:
    """Whether a key is meant as JSON: no string that is a key begins with a brace."""
    return api_key.lstrip(" \t\r\n").startswith("{")


def read(api_key: str) -> Credential:
    """What a key is made of. Raises BadCredential for JSON that is none of the kinds."""
    if not is_json(api_key):
        return api_key
    if len(api_key) > LONGEST:
        raise BadCredential(f"The JSON is longer than {LONGEST:,} characters.")
    try:
        said = msgspec.json.decode(api_key)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        raise BadCredential(
            f"This begins like JSON and is none. A credential is a string, {_EXAMPLES['AWS']},"
            f" {_EXAMPLES['Entra']}, {_EXAMPLES['environment']} or {_EXAMPLES['Google']}."
        ) from None
    if "type" in said:
        return _service_account(said)
    for marks, kind, must, may in _KINDS:
        if any(mark in said for mark in marks):
            return _of_kind(said, kind, must, may)
    raise BadCredential(f"This JSON has none of {_MARKS}: no kind of credential is known by it.")


def checked(api_key: str) -> str:
    """The text to store of a key: of JSON only what is used of it, in one spelling.

    Raises BadCredential.
    """
    credential = read(api_key)
    if isinstance(credential, str):
        return credential
    if isinstance(credential, ServiceAccount):
        private_key(credential)
    return msgspec.json.encode(credential).decode()


def family(credential: Credential) -> Family | None:
    """How requests with it are authenticated; None where the provider or the key has to say."""
    if isinstance(credential, AwsKey):
        return "aws-sigv4"
    if isinstance(credential, ServiceAccount):
        return "google"
    return "entra" if isinstance(credential, EntraClient) else None


def secrets_of(credential: Credential) -> tuple[str, ...]:
    """The parts of it that must never be shown."""
    if isinstance(credential, str):
        return (credential,)
    if isinstance(credential, AwsKey):
        return tuple(filter(None, (credential.secret_access_key, credential.session_token)))
    if isinstance(credential, ServiceAccount):
        return (credential.private_key,)
    return (credential.client_secret,) if isinstance(credential, EntraClient) else ()


def secrets_in(api_key: str) -> tuple[str, ...]:
    """The same of a key as it is stored, whatever it is."""
    try:
        return secrets_of(read(api_key))
    except BadCredential:
        return (api_key,)


def hint_of(api_key: str) -> str:
    """What may be shown of a key: of JSON a part of its name, and nothing of its secret."""
    try:
        credential = read(api_key)
    except BadCredential:
        return "…"
    if isinstance(credential, str):
        return upstream_key_hint(credential)
    if isinstance(credential, AwsKey):
        return f"{credential.access_key_id[:4]}…{credential.access_key_id[-4:]}"
    if isinstance(credential, ServiceAccount):
        return _cut(credential.client_email)
    return f"…{credential.client_id[-8:]}" if isinstance(credential, EntraClient) else ENVIRONMENT


def private_key(account: ServiceAccount) -> RSAPrivateKey:
    """What the account signs with. Takes milliseconds. Raises BadCredential."""
    try:
        key = load_pem_private_key(account.private_key.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadCredential(
            "`private_key` is no PEM text of a private key without a password, such as"
            ' "-----BEGIN PRIVATE KEY-----\\nMIIE…\\n-----END PRIVATE KEY-----\\n".'
        ) from None
    if not isinstance(key, RSAPrivateKey) or key.key_size < _LEAST_RSA_BITS:
        raise BadCredential(f"`private_key` is no RSA key of {_LEAST_RSA_BITS} bits or more.")
    return key


def _cut(text: str) -> str:
    return text if len(text) <= _HINT else f"{text[: _HINT - 1]}…"


def _of_kind(
    said: dict[str, Any], kind: str, must: tuple[str, ...], may: tuple[str, ...]
) -> Credential:
    _check_members(said, kind, must, may)
    if kind == "AWS":
        _check(said, "access_key_id", _ACCESS_KEY_ID, "letters and digits such as AKIA…")
        _check(said, "secret_access_key", _VISIBLE, "visible ASCII characters")
        _check(said, "session_token", _VISIBLE, "visible ASCII characters")
        _check(said, "region", _REGION, "a region such as us-east-1")
        return AwsKey(**said)
    if kind == "Entra":
        _check(said, "tenant_id", _TENANT, "the id or the domain of a tenant")
        _check(said, "client_id", _TENANT, "the id of an application")
        _check(said, "client_secret", _VISIBLE, "visible ASCII characters")
        _check(said, "authority", _VISIBLE, "a URL")
        return EntraClient(**said)
    if said["source"] != ENVIRONMENT:
        raise BadCredential(f"`source` can only be: {_EXAMPLES['environment']}.")
    _check(said, "region", _REGION, "a region such as us-east-1")
    return FromEnvironment(**said)


def _check_members(
    said: dict[str, Any], kind: str, must: tuple[str, ...], may: tuple[str, ...]
) -> None:
    """What is missing, what is not known, and what is no text."""
    optional = f" (and may have {', '.join(f'`{name}`' for name in may)})" if may else ""
    whole = f"It is {_EXAMPLES[kind]}{optional}."
    what = "credential of the environment" if kind == "environment" else f"{kind} credential"
    for name in list(may):
        if said.get(name, "") is None:
            # A tool that writes each member writes null for one that it lacks.
            del said[name]
    if missing := [name for name in must if name not in said]:
        raise BadCredential(f"The {what} lacks {_listed(missing)}. {whole}")
    if unknown := [name for name in said if name not in must + may]:
        raise BadCredential(f"The {what} has no member {_listed(unknown[:5])}. {whole}")
    if odd := [name for name, value in said.items() if not isinstance(value, str) or not value]:
        raise BadCredential(f"In the {what} this is no text, or empty: {_listed(odd)}. {whole}")


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{re.sub(r'[^!-~]', '?', name[:60])}`" for name in names)


def _check(said: dict[str, Any], name: str, form: re.Pattern[str], what: str) -> None:
    value = said.get(name)
    if value is not None and form.fullmatch(value) is None:
        raise BadCredential(f"`{name}` must be {what}.")


def _service_account(said: dict[str, Any]) -> ServiceAccount:
    kind = said["type"]
    if kind != "service_account":
        shown = re.sub(r"[^!-~]", "?", str(kind)[:60])
        raise BadCredential(
            f'`type` is "{shown}": only the file of a "service_account" can be a key. Other kinds'
            " name files or URLs to fetch from; they are read where the server's environment names"
            f" them, for a key that is {_EXAMPLES['environment']}."
        )
    names = ("client_email", "private_key", "token_uri", "private_key_id")
    found = {name: said[name] for name in names if said.get(name) is not None}
    if missing := [name for name in names[:2] if name not in found]:
        raise BadCredential(
            f"The service account lacks {_listed(missing)}. A key of it is {_EXAMPLES['Google']}."
        )
    if odd := [name for name, value in found.items() if not isinstance(value, str) or not value]:
        raise BadCredential(f"In the service account this is no text, or empty: {_listed(odd)}.")
    _check(found, "client_email", _EMAIL, "an address such as name@project.iam.gserviceaccount.com")
    _check(found, "token_uri", _VISIBLE, "a URL")
    _check(found, "private_key_id", _VISIBLE, "visible ASCII characters")
    return ServiceAccount(**found)
