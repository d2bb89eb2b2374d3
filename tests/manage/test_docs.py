"""`/manage/docs`: the document describes what is served, and the page loads nothing from afar."""

import asyncio
import html
import json
import re
import shlex
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import ignored_auth, positive_data_acceptance
from schemathesis.core.result import Ok

from config import Database
from tests.manage.conftest import MANAGEMENT_TOKEN, Make
from tests.manage.entries import entry, record

Json = dict[str, Any]

_CONTRACT = {
    "/manage/projects": {"get", "post"},
    "/manage/projects/{project_id}": {"get", "patch", "delete"},
    "/manage/projects/{project_id}/cache": {"delete"},
    "/manage/projects/{project_id}/keys": {"post"},
    "/manage/projects/{project_id}/keys/{key_id}": {"patch", "delete"},
    "/manage/projects/{project_id}/keys/{key_id}/test": {"post"},
    "/manage/projects/{project_id}/objects": {"get", "post"},
    "/manage/projects/{project_id}/objects/move": {"post"},
    "/manage/projects/{project_id}/tokens/revoke": {"post"},
    "/manage/tokens": {"get", "post"},
    "/manage/tokens/{token_id}": {"get", "patch", "delete"},
    "/manage/tokens/{token_id}/rotate": {"post"},
    "/manage/usage": {"get"},
    "/manage/refusals": {"get"},
    "/manage/requests": {"get"},
    "/manage/audit": {"get"},
    "/manage/events": {"get"},
    "/manage/destinations": {"get", "post"},
    "/manage/destinations/{destination_id}": {"get", "patch", "delete"},
    "/manage/destinations/{destination_id}/test": {"post"},
    "/manage/providers": {"get"},
}


@pytest.fixture
async def document(stranger: httpx.AsyncClient) -> Json:
    """The document, as anybody gets it."""
    response = await stranger.get("/manage/docs/openapi.json")
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    document: Json = response.json()
    return document


async def test_document_has_every_operation_of_the_contract(document: Json) -> None:
    assert document["openapi"].startswith("3.1")
    assert {path: set(methods) for path, methods in document["paths"].items()} == _CONTRACT


async def test_every_reference_leads_somewhere(document: Json) -> None:
    names = set(document["components"]["schemas"])
    referred = set(re.findall(r'"#/components/schemas/([^"]+)"', json.dumps(document)))
    assert referred == names


async def test_absent_is_unchanged_in_a_change_and_default_in_a_creation(document: Json) -> None:
    schemas = document["components"]["schemas"]
    for change in ("ProjectChange", "TokenChange", "KeyChange", "DestinationChange"):
        assert not [field for field in schemas[change]["properties"].values() if "default" in field]
        assert "required" not in schemas[change]
    assert schemas["ProjectCreation"]["required"] == ["name", "api_key"]
    assert schemas["ProjectCreation"]["properties"]["provider"]["default"] == "openai"
    assert schemas["TokenCreation"]["required"] == ["project_id"]


async def test_page_shows_the_document_and_runs_nothing(
    stranger: httpx.AsyncClient, document: Json
) -> None:
    response = await stranger.get("/manage/docs")
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "unsafe" not in policy
    page = response.text
    for path in document["paths"]:
        assert path in page
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in page
    assert not re.search(r"<script|style=|\son\w+=|javascript:|https?://(?!HOST)", page)
    for link in re.findall(r'(?:href|src)="([^"#]+)"', page):
        assert (await stranger.get(link)).status_code == 200
    style = await stranger.get("/manage/docs/docs.css")
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert "url(" not in style.text


async def test_every_operation_stands_in_the_contents_and_has_an_example(
    stranger: httpx.AsyncClient, document: Json
) -> None:
    page = html.unescape((await stranger.get("/manage/docs")).text)
    contents = page.partition("<main>")[0]
    examples = re.findall(r"<code>(curl .*?)</code>", page, re.DOTALL)
    operations = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(examples) == len(operations)
    for (method, path, operation), example in zip(operations, examples, strict=True):
        assert f'href="#{operation["operationId"]}"' in contents
        assert f'id="{operation["operationId"]}"' in page
        words = shlex.split(example.replace("\\\n", " "))
        asked = words[words.index("-X") + 1] if "-X" in words else "GET"
        assert (asked, "{" in words[2]) == (method.upper(), False), example
        assert re.fullmatch(re.sub(r"\{\w+\}", "[A-Z_]+", path), _path(words)), example
        assert "authorization: Bearer $MANAGEMENT_TOKEN" in words
        if "requestBody" in operation:
            name = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
            schema = document["components"]["schemas"][name.rpartition("/")[2]]
            assert set(schema.get("required", ())) <= set(json.loads(words[-1])), example


def _path(words: list[str]) -> str:
    (url,) = [word for word in words if word.startswith("https://HOST/")]
    return url.removeprefix("https://HOST")


async def test_documents_are_for_reading(stranger: httpx.AsyncClient) -> None:
    response = await stranger.post("/manage/docs")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, HEAD")


async def test_whatever_fits_the_document_or_does_not_gets_an_answer_that_does(
    connected: Database, url: str, document: Json, make_token: Make
) -> None:
    token = await make_token()
    await record(entry(project_id=token["project_id"], token_id=token["id"]))
    known = {"token_id": token["id"], "project_id": token["project_id"]}
    # PostgreSQL is the one that refuses texts and numbers; what is before it is the same for both.
    examples = 25 if connected.dialect == "postgres" else 5
    await asyncio.to_thread(_attack, document, url, known, examples)


#: What fits a schema may still be refused: a name that is taken, a provider nobody knows. And
#: calls without a token, which have tests of their own, are slowed down.
_NOT_HERE = [positive_data_acceptance, ignored_auth]


def _attack(document: Json, url: str, known: dict[str, str], examples: int) -> None:
    # Without the token in it, which would be made up as well, over the one that we send.
    schema = schemathesis.openapi.from_dict({**document, "security": []})
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        _attack_one(found.ok(), url, known, examples)


def _attack_one(operation: Any, url: str, known: dict[str, str], examples: int) -> None:
    headers = {"authorization": f"Bearer {MANAGEMENT_TOKEN}"}

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        good = data.draw(st.booleans())
        mode = GenerationMode.POSITIVE if good else GenerationMode.NEGATIVE
        case = data.draw(operation.as_strategy(generation_mode=mode))
        if good and data.draw(st.booleans()):
            # An id made up is hardly ever somebody's.
            case.path_parameters.update(
                {name: known[name] for name in case.path_parameters if name in known}
            )
        response = case.call(base_url=url, headers=headers, timeout=60)
        case.validate_response(response, excluded_checks=_NOT_HERE)

    check()
