"""The identity that the server itself has in a cloud, by that cloud's own library.

Which files and URLs are read for it, the libraries find in the environment; a key never names them.
They are extras of the package, since they are large and few need them. Each call may take seconds
and runs in a thread of a few that are for this alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import lru_cache
from time import time
from typing import Any, Final

import msgspec

from models.credentials import AwsKey
from models.text import clean_text
from proxy.upstream_auth.exchanges import ExchangeFailed, Token

#: Seconds after which a key that says no end is read again.
_READ_AGAIN: Final = 900.0
_LONGEST_REASON: Final = 200
#: A library that waits for a metadata service which is not there holds up its thread, no other's.
_THREADS: Final = 4


async def aws(region: str) -> Token:
    """The access key of this server, with its region where `region` is ''.

    From the variables, the shared files, a web identity, the container or the instance.
    Raises ExchangeFailed.
    """
    return await _in_a_thread(lambda: _aws(region))


async def google(scopes: Sequence[str]) -> Token:
    """A token of Application Default Credentials. Raises ExchangeFailed."""
    return await _in_a_thread(lambda: _google(tuple(scopes)))


async def entra(scopes: Sequence[str]) -> Token:
    """A token of the environment's secret, certificate or federated file, or of the managed
    identity. Raises ExchangeFailed."""
    return await _in_a_thread(lambda: _entra(tuple(scopes)))


async def _in_a_thread(fetch: Callable[[], Token]) -> Token:
    return await asyncio.get_running_loop().run_in_executor(_threads(), _translated, fetch)


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="cloud-identity")


def _translated(fetch: Callable[[], Token]) -> Token:
    """The one seam between those libraries and us: whatever they raise means that there is none."""
    try:
        return fetch()
    except ExchangeFailed:
        raise
    except Exception as exc:
        said = clean_text(" ".join(str(exc).split()), limit=_LONGEST_REASON)
        raise ExchangeFailed(f"is not there: {type(exc).__name__}", f": {said}") from exc


def _missing(library: str, extra: str, exc: ImportError) -> ExchangeFailed:
    return ExchangeFailed(
        f"needs {library} (pip install 'llm-proxy[{extra}]'), which is not installed: {exc}"
    )


def _aws(region: str) -> Token:
    try:
        from botocore.session import get_session  # noqa: PLC0415  (an extra)
    except ImportError as exc:
        raise _missing("botocore", "aws", exc) from exc
    session = get_session()
    region = region or session.get_config_variable("region") or ""
    if not region:
        raise ExchangeFailed(
            'has no region: give one in the key, {"source": "environment", "region": "us-east-1"},'
            " or in AWS_DEFAULT_REGION"
        )
    found = session.get_credentials()
    if found is None:
        raise ExchangeFailed("is not there: botocore finds no credentials in its usual places")
    frozen = found.get_frozen_credentials()
    key = AwsKey(frozen.access_key, frozen.secret_key, region, frozen.token)
    ends = getattr(found, "_expiry_time", None)
    return Token(msgspec.json.encode(key).decode(), _end(ends))


def _google(scopes: tuple[str, ...]) -> Token:
    try:
        import google.auth  # noqa: PLC0415  (an extra)
        from google.auth.transport.requests import Request  # noqa: PLC0415
    except ImportError as exc:
        raise _missing("google-auth", "google", exc) from exc
    found, _ = google.auth.default(scopes=scopes)
    found.refresh(Request())  # type: ignore[no-untyped-call, unused-ignore]
    if not found.token:
        raise ExchangeFailed("gave no token")
    return Token(str(found.token), _end(found.expiry))


@lru_cache(maxsize=1)
def _azure() -> Any:
    from azure.identity import (  # noqa: PLC0415  (an extra)
        DefaultAzureCredential,
    )

    # What a person signed in to is no identity of a server.
    return DefaultAzureCredential(
        exclude_shared_token_cache_credential=True,
        exclude_cli_credential=True,
        exclude_developer_cli_credential=True,
        exclude_powershell_credential=True,
        exclude_interactive_browser_credential=True,
        exclude_visual_studio_code_credential=True,
    )


def _entra(scopes: tuple[str, ...]) -> Token:
    try:
        credential = _azure()
    except ImportError as exc:
        raise _missing("azure-identity", "azure", exc) from exc
    found = credential.get_token(*scopes)
    return Token(str(found.token), float(found.expires_on))


def _end(moment: datetime | None) -> float:
    """Unix seconds. Google's has no zone, and is in UTC."""
    if moment is None:
        return time() + _READ_AGAIN
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
