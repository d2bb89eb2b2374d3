"""The lists of OpenAI and Anthropic against what the installed Python SDKs call.

Whatever an SDK can call is allowed, or stands in the provider's file as off, with its reason. What
it calls is read from its source: each method names its path where it sends its request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

from proxy.providers.catalog import BUILT_IN
from proxy.providers.endpoints import Endpoint, Matcher

#: `self._post("/files"`, also with the path on its own line and within `path_template(`.
_CALL: Final = re.compile(
    r"self\._(get|post|put|patch|delete|get_api_list)\(\s*(?:path_template\(\s*)?f?\"([^\"]+)\""
)


def calls(package: str, before: str) -> Iterator[tuple[str, str]]:
    """Methods and paths that an SDK calls, with a name in place of each variable."""
    spec = find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    for file in (Path(spec.origin).parent / "resources").rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        for found in _CALL.finditer(source):
            method = found[1].upper()
            if method == "GET_API_LIST":
                # One that is not sent by GET says so before the next function begins.
                rest = source[found.end() :].partition("\n    def ")[0]
                rest = rest.partition("\n    async def ")[0]
                said = re.search(r"method=\"(\w+)\"", rest)
                method = said[1].upper() if said else "GET"
            path = re.sub(r"\{[^}]*\}", "some_id", found[2]).partition("?")[0]
            yield method, before + path


def off(name: str) -> Matcher:
    """What the provider's file says is off."""
    return Matcher(tuple(Endpoint(one.method, one.pattern) for one in BUILT_IN[name].off))


@pytest.mark.parametrize(
    ("name", "before", "least"),
    [("openai", "/v1", 300), ("anthropic", "", 200)],
)
def test_what_an_sdk_calls_is_allowed_or_said_to_be_off(name: str, before: str, least: int) -> None:
    allowed, switched_off = BUILT_IN[name], off(name)
    called = set(calls(name, before))
    # The expression still finds them.
    assert len(called) >= least
    untold = {
        (method, path)
        for method, path in called
        if method not in allowed.match(path.encode())
        and method not in switched_off.match(path.encode())
    }
    assert untold == set(), f"allow them in {name}.toml, or say there why they are off"
    both = {
        (method, path)
        for method, path in called
        if method in allowed.match(path.encode()) and method in switched_off.match(path.encode())
    }
    assert both == set(), "the file says that they are off, and allows them"


@pytest.mark.parametrize(
    ("name", "method", "path"),
    [
        ("openai", "POST", "/v1/fine_tuning/jobs"),
        ("openai", "GET", "/v1/organization/users"),
        ("openai", "DELETE", "/v1/models/ft:gpt-4o:acme"),
        ("openai", "POST", "/v1/realtime/client_secrets"),
        ("anthropic", "GET", "/v1/organizations/users"),
    ],
)
def test_what_administers_the_account_is_off(name: str, method: str, path: str) -> None:
    assert method not in BUILT_IN[name].match(path.encode())
    assert method in off(name).match(path.encode())
