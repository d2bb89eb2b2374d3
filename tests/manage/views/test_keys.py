"""`/manage/projects/{id}/keys`"""

from uuid import uuid4

import httpx
import pytest

from config import Settings
from models import AuditEvent, UpstreamKey
from models.crypto import KeyRing
from tests.manage.conftest import Make


async def test_key_is_added_changed_and_removed(
    client: httpx.AsyncClient, make_project: Make, settings: Settings
) -> None:
    project = await make_project()
    path = f"/manage/projects/{project['id']}/keys"
    response = await client.post(
        path, json={"api_key": "sk-second-key-5678", "label": "spare", "weight": 3, "priority": 2}
    )
    assert response.status_code == 201
    key = response.json()
    assert list(key) == [
        "id", "label", "hint", "is_active", "weight", "priority", "base_url", "v1_prefix",
        "provider", "auth", "model_map", "state", "resting_until", "last_error", "created_at",
    ]  # fmt: skip
    assert (key["label"], key["hint"], key["weight"]) == ("spare", "sk-…5678", 3)
    assert (key["priority"], key["state"], key["resting_until"]) == (2, "active", None)
    stored = await UpstreamKey.get(id=key["id"])
    ring = KeyRing(settings.encryption_keys)
    assert ring.decrypt(stored.ciphertext, stored.id) == "sk-second-key-5678"

    response = await client.patch(
        f"{path}/{key['id']}", json={"label": None, "weight": 1, "priority": 0, "is_active": False}
    )
    assert response.status_code == 200
    changed = key | {"label": "", "weight": 1, "priority": 0, "is_active": False}
    assert response.json() == changed
    shown = (await client.get(f"/manage/projects/{project['id']}")).json()
    assert shown["keys"] == [project["keys"][0], changed]

    assert (await client.delete(f"{path}/{key['id']}")).status_code == 204
    assert (await client.delete(f"{path}/{key['id']}")).status_code == 404
    shown = (await client.get(f"/manage/projects/{project['id']}")).json()
    assert shown["keys"] == project["keys"]
    actions = [
        event.action for event in await AuditEvent.filter(target_id=key["id"]).order_by("id")
    ]
    assert actions == ["key.add", "key.update", "key.remove"]


async def test_key_of_another_project_is_not_found(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    one, other = await make_project(), await make_project()
    for key_id in (other["keys"][0]["id"], str(uuid4()), "x"):
        path = f"/manage/projects/{one['id']}/keys/{key_id}"
        assert (await client.patch(path, json={"weight": 2})).status_code == 404
        assert (await client.delete(path)).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("api_key", "sk-\ttab"),
        ("label", "x" * 201),
        ("label", "a\x00"),
        ("weight", 0),
        ("weight", None),
        ("weight", True),
        ("weight", 10**9),
        ("priority", -1),
        ("priority", 1001),
        ("is_active", False),
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_bad_field_is_named(
    client: httpx.AsyncClient, make_project: Make, field: str, value: object
) -> None:
    project = await make_project()
    response = await client.post(
        f"/manage/projects/{project['id']}/keys", json={"api_key": "sk-fine", field: value}
    )
    assert response.status_code == 400
    assert [detail["field"] for detail in response.json()["error"]["details"]] == [field]


async def test_material_cannot_be_changed(client: httpx.AsyncClient, make_project: Make) -> None:
    project = await make_project()
    path = f"/manage/projects/{project['id']}/keys/{project['keys'][0]['id']}"
    assert (await client.patch(path, json={"api_key": "sk-new"})).status_code == 400


async def test_a_key_goes_where_it_was_entered_for_and_nowhere_else(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project(base_url=None)
    path = f"/manage/projects/{project['id']}/keys"
    sent = {
        "api_key": "sk-of-the-eu-1234567", "base_url": "https://eu.example.com/v1",
        "v1_prefix": "", "auth": "header:x-team-key",
    }  # fmt: skip
    key = (await client.post(path, json=sent)).json()
    shown = (key["base_url"], key["v1_prefix"], key["auth"])
    assert shown == ("https://eu.example.com", "", "header:x-team-key")
    assert (await UpstreamKey.get(id=key["id"])).bound_to == "https://eu.example.com:443"
    one = f"{path}/{key['id']}"
    # Another path of the same place is no other place.
    assert (await client.patch(one, json={"base_url": "https://eu.example.com/x"})).is_success
    for elsewhere in ("https://evil.example", "http://eu.example.com", None):
        refused = await client.patch(one, json={"base_url": elsewhere})
        assert refused.status_code == 409
        error = refused.json()["error"]
        assert (error["code"], error["details"][0]["key_id"]) == ("key_must_be_given", key["id"])
    # What its project does with its own address is nothing to it.
    moved = {"base_url": "https://other.example", "api_key": "sk-of-the-other-123456"}
    after = (await client.patch(f"/manage/projects/{project['id']}", json=moved)).json()
    assert after["keys"][0]["id"] == key["id"]
    assert len(after["keys"]) == 2
    assert (await client.patch(one, json={"v1_prefix": None, "auth": None})).is_success


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("base_url", "nowhere"),
        ("v1_prefix", "api"),
        ("v1_prefix", "/api/"),
        ("v1_prefix", "/../x"),
        ("auth", "digest"),
        ("auth", "header:host"),
        ("auth", "header:x\r\nkey"),
    ],
)
async def test_a_place_that_is_none_is_refused(
    client: httpx.AsyncClient, make_project: Make, field: str, value: str
) -> None:
    project = await make_project()
    sent = {"api_key": "sk-second-key-5678", field: value}
    refused = await client.post(f"/manage/projects/{project['id']}/keys", json=sent)
    assert refused.status_code == 400
    assert [found["field"] for found in refused.json()["error"]["details"]] == [field]


async def test_a_key_has_names_of_its_own_for_models(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    path = f"/manage/projects/{project['id']}/keys"
    names = {"gpt-4o": "my-deployment", "o3": "ein Modell é"}
    key = (await client.post(path, json={"api_key": "sk-azure-123456", "model_map": names})).json()
    assert key["model_map"] == names
    one = f"{path}/{key['id']}"
    assert (await client.patch(one, json={"weight": 2})).json()["model_map"] == names
    assert (await client.patch(one, json={"model_map": None})).json()["model_map"] is None
    added, _, cleared = await AuditEvent.filter(target_id=key["id"]).order_by("id")
    assert added.changes["model_map"] == [None, names]
    # In the same order whichever the database is, as the members of a value are.
    assert list(added.changes) == sorted(added.changes, key=lambda name: (len(name), name))
    assert list(added.changes["model_map"][1]) == ["o3", "gpt-4o"]
    assert cleared.changes == {"model_map": [names, None]}


async def test_a_key_of_another_provider_goes_to_that_one(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project(base_url="https://eu.example.com")
    path = f"/manage/projects/{project['id']}/keys"
    key = (await client.post(path, json={"api_key": "gsk_1234567890", "provider": "groq"})).json()
    assert (key["provider"], key["base_url"]) == ("groq", None)
    one = f"{path}/{key['id']}"
    assert (await UpstreamKey.get(id=key["id"])).bound_to == "provider:groq"
    # Neither to another provider nor to the project's.
    for provider in ("mistral", None):
        moved = await client.patch(one, json={"provider": provider})
        assert moved.status_code == 409
        assert moved.json()["error"]["code"] == "key_must_be_given"
    # What its project does with its own address is nothing to it.
    there = {"base_url": "https://other.example", "api_key": "sk-of-the-other-123456"}
    after = (await client.patch(f"/manage/projects/{project['id']}", json=there)).json()
    assert key["id"] in [one["id"] for one in after["keys"]]
    assert (await UpstreamKey.get(id=key["id"])).bound_to == "provider:groq"


@pytest.mark.parametrize(
    ("sent", "field", "said"),
    [
        ({"provider": "anthropic"}, "provider", "the form of anthropic"),
        ({"provider": "nobody"}, "provider", "none of the providers here"),
        ({"provider": "azure-openai"}, "base_url", "has no base URL of its own"),
        ({"provider": "groq", "auth": "google"}, "api_key", "takes a key that is JSON"),
    ],
)
async def test_a_provider_that_does_not_go_with_the_project_s_is_refused(
    client: httpx.AsyncClient,
    make_project: Make,
    sent: dict[str, str],
    field: str,
    said: str,
) -> None:
    project = await make_project()
    keys = f"/manage/projects/{project['id']}/keys"
    refused = await client.post(keys, json={"api_key": "sk-second-key-5678", **sent})
    assert refused.status_code == 400
    (detail,) = refused.json()["error"]["details"]
    assert detail["field"] == field
    assert said in detail["message"]


async def test_a_project_stays_with_providers_that_its_keys_go_with(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    one = f"/manage/projects/{project['id']}"
    sent = {"api_key": "gsk_1234567890", "provider": "groq"}
    assert (await client.post(f"{one}/keys", json=sent)).is_success
    moved = {"provider": "anthropic", "api_key": "sk-ant-123456", "base_url": None}
    refused = await client.patch(one, json=moved)
    assert refused.status_code == 400
    assert refused.json()["error"]["details"][0]["field"] == "provider"
    assert (await client.get(one)).json()["provider"] == project["provider"]


async def test_how_a_key_is_presented_is_looked_into_when_it_changes(
    client: httpx.AsyncClient, make_project: Make
) -> None:
    project = await make_project()
    one = f"/manage/projects/{project['id']}/keys/{project['keys'][0]['id']}"
    refused = await client.patch(one, json={"auth": "google"})
    assert refused.status_code == 400
    (detail,) = refused.json()["error"]["details"]
    assert (detail["field"], "takes a key that is JSON" in detail["message"]) == ("api_key", True)
    assert (await client.patch(one, json={"auth": "api-key", "weight": 2})).is_success


@pytest.mark.parametrize(
    "names",
    [
        {},
        [],
        {"gpt-*": "x"},
        {"": "x"},
        {"gpt-4o": ""},
        {"gpt-4o": 1},
        {"gpt-4o": "x" * 1025},
        {"é" * 513: "x"},
        {"gpt-4o": "a\nb"},
        {str(number): "x" for number in range(201)},
    ],
)
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_names_that_are_none_are_refused(
    client: httpx.AsyncClient, make_project: Make, names: object
) -> None:
    project = await make_project()
    sent = {"api_key": "sk-second-key-5678", "model_map": names}
    refused = await client.post(f"/manage/projects/{project['id']}/keys", json=sent)
    assert refused.status_code == 400
    (field,) = {one["field"].partition(".")[0] for one in refused.json()["error"]["details"]}
    assert field == "model_map"


async def test_a_key_is_tested(client: httpx.AsyncClient, make_project: Make) -> None:
    project = await make_project()
    keys = f"/manage/projects/{project['id']}/keys"
    key = (await client.post(keys, json={"api_key": "sk-second", "label": "spare"})).json()
    answer = await client.post(f"{keys}/{key['id']}/test", json={})
    assert answer.status_code == 200
    assert answer.json() == {"works": True, "message": f"{project['name']} spare"}
    assert (await client.post(f"{keys}/{uuid4()}/test", json={})).status_code == 404


@pytest.mark.parametrize(
    ("api_key", "said"),
    [
        ({"access_key_id": "AKIAIOSFODNN7EXAMPLE"}, "lacks `secret_access_key`, `region`"),
        ('{"source": "file"}', "environment"),
    ],
)
async def test_json_that_lacks_something_is_told_and_not_shown(
    client: httpx.AsyncClient, make_project: Make, api_key: object, said: str
) -> None:
    project = await make_project()
    keys = f"/manage/projects/{project['id']}/keys"
    answer = await client.post(keys, json={"api_key": api_key})
    assert answer.status_code == 400
    (detail,) = answer.json()["error"]["details"]
    assert detail["field"] == "api_key"
    assert said in detail["message"]
