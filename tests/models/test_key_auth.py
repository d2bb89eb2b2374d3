"""Whether a key can be presented to its provider, told where it is entered."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

import pytest

from models import UpstreamKey
from models.bindings import Upstreams
from models.errors import KeyNotUsable
from models.project_fields import GivenKey
from models.projects import Project
from tests.models.rows import BY, RING, a_project
from tests.models.test_credentials import AWS, ENTRA, google

PLACE = "https://oauth2.googleapis.com/token"


def a_provider(auth: str = "bearer", service: str = "", *uris: str, scope: str = "s") -> Any:
    return SimpleNamespace(auth=auth, service=service, token_uris=uris, scopes=(scope,))


CLOUD = a_provider("bearer", "bedrock", PLACE)


def problem(provider: Any, key: object, auth: str | None = None, *, ambient: bool = False) -> str:
    """Why a key is refused; '' where it is taken."""
    upstreams = Upstreams(auth={"p": provider}, ambient=ambient)
    text = key if isinstance(key, str) else json.dumps(key)
    try:
        upstreams.check_key("p", auth, text)
    except KeyNotUsable as exc:
        return str(exc)
    return ""


@pytest.mark.parametrize("key", ["sk-1", AWS, google(), ENTRA | {"authority": PLACE}])
def test_a_key_of_a_kind_that_its_provider_takes_is_taken(key: object) -> None:
    assert problem(CLOUD, key) == ""
    assert problem(a_provider("none"), key) == ""


@pytest.mark.parametrize(
    ("key", "auth", "said"),
    [
        (AWS, None, "names no service"),
        (google(), None, "names no token_uris"),
        (ENTRA, None, "names no token_uris"),
        ("sk-1", "aws-sigv4", 'takes a key that is JSON: {"access_key_id"'),
        ("sk-1", "google", "the file of a service account"),
        (AWS, "google", "its JSON is a credential for aws-sigv4"),
        (AWS, "bearer", "its JSON is a credential for aws-sigv4"),
        ('{"access_key_id": "AKIA"}', None, "lacks `secret_access_key`"),
    ],
)
def test_one_that_could_never_be_presented_is_refused(
    key: object, auth: str | None, said: str
) -> None:
    assert said in problem(a_provider(scope=""), key, auth)


@pytest.mark.parametrize(
    "changes", [{"token_uri": "https://evil.example/token"}, {"token_uri": f"{PLACE}/../x"}]
)
def test_a_key_names_no_token_endpoint_of_its_own(changes: dict[str, object]) -> None:
    assert re.search(
        f"token_uri is none of .*{re.escape(PLACE)}", problem(CLOUD, google(**changes))
    )


def test_the_servers_own_identity_has_to_be_allowed() -> None:
    key = {"source": "environment"}
    assert "UPSTREAM_AMBIENT_CREDENTIALS" in problem(CLOUD, key)
    assert problem(CLOUD, key, ambient=True) == ""
    assert problem(a_provider("google"), key, ambient=True) == ""
    unknown = SimpleNamespace(auth="bearer", service="", token_uris=(), scopes=())
    assert "which cloud's identity" in problem(unknown, key, ambient=True)


@pytest.mark.usefixtures("connected")
async def test_no_door_stores_a_key_that_cannot_be_used() -> None:
    upstreams = Upstreams(auth={"openai": a_provider()})
    text = json.dumps(AWS)
    project = await a_project()
    with pytest.raises(KeyNotUsable):
        await a_project("Of no use", upstreams=upstreams, api_key=text)
    with pytest.raises(KeyNotUsable):
        await project.add_key(api_key=text, ring=RING, by=BY, upstreams=upstreams)
    with pytest.raises(KeyNotUsable):
        await project.change(
            by=BY, upstreams=upstreams, key=GivenKey(text, RING), base_url="https://h.example"
        )
    assert await project.keys.all().count() == 1
    assert not await Project.filter(name="Of no use").exists()
    assert project.base_url is None


@pytest.mark.usefixtures("connected")
async def test_a_key_that_is_json_is_stored_encrypted_and_shown_by_its_name() -> None:
    project = await a_project()
    upstreams = Upstreams(auth={"openai": CLOUD})
    key = await project.add_key(api_key=json.dumps(AWS), ring=RING, by=BY, upstreams=upstreams)
    row = await UpstreamKey.get(id=key.id)
    assert row.hint == "AKIA…MPLE"
    assert json.loads(RING.decrypt(row.ciphertext, row.id)) == AWS
    assert str(AWS["secret_access_key"]) not in row.ciphertext
