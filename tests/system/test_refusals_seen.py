"""Whose application is refused, and why: seen wherever an administrator looks, without a secret.

Each code of the contract is provoked once by a real client (`provoked.py`), at one service that all
these tests share; then every surface is read, and each test looks for one code.
"""

import asyncio
import hashlib
import html
import io
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from argon2 import PasswordHasher

from config import Database
from models import passwords
from models.crypto import KeyRing
from models.refusal_words import REASONS
from tests.admin.conftest import browsing, make_user
from tests.cli.running import CommandLine
from tests.fixtures.database import database_url
from tests.fixtures.service import GIVEN
from tests.operations.scraping import Scrape
from tests.server.door import open_door
from tests.system.provoked import ENVIRON, Provoked, Provoker, provoke

Json = dict[str, Any]


@dataclass
class Seen:
    """What was refused, and what each surface says of it."""

    provoked: dict[str, Provoked]
    secrets: list[str]
    by_code: dict[str, int] = field(default_factory=dict)
    by_token: dict[str, list[Json]] = field(default_factory=dict)
    rows: dict[str, Json] = field(default_factory=dict)
    #: Drawers by request, pages by address.
    pages: dict[str, str] = field(default_factory=dict)
    metrics: str = ""
    log: str = ""
    commands: dict[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> dict[str, str]:
        """All that anybody can read."""
        api = json.dumps([self.by_token, self.rows])
        return {"api": api, "metrics": self.metrics, "log": self.log} | self.pages | self.commands


@pytest.fixture(scope="module")
def seen(sqlite_template: Database, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """All of it, gathered once."""
    directory = tmp_path_factory.mktemp("refusals")
    log = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", log)
        hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
        patch.setattr(passwords, "_hasher", hasher)
        found = asyncio.run(_gather(sqlite_template, directory, patch))
    found.log = log.getvalue()
    # What the service wrote by its end is there for whoever looks into its database.
    cli = CommandLine(directory, GIVEN | _database(directory))
    for words in (
        ("refusals", "--json"),
        ("refusals", "--group-by", "token", "--json"),
        ("requests", "--outcome", "refused", "--limit", "200", "--json"),
    ):
        ran = cli(*words)
        assert ran.code == 0, ran.err
        found.commands[" ".join(words)] = ran.out
    return found


def _database(directory: Path) -> dict[str, str]:
    path = Database(dialect="sqlite", path=directory / "llm-proxy.db")
    return {"DATABASE_URL": database_url(path), "DATA_DIR": str(directory / "data")}


async def _gather(template: Database, directory: Path, patch: pytest.MonkeyPatch) -> Seen:
    environ: dict[str, Any] = dict(ENVIRON)
    async with open_door(template, directory, **environ) as door:
        url = f"http://127.0.0.1:{door.port}"
        ring = KeyRing(door.app.ctx.settings.encryption_keys)
        async with httpx.AsyncClient(base_url=url, timeout=30) as http:
            provoker = Provoker(door, http, ring)
            with pytest.MonkeyPatch.context() as inner:
                await provoke(provoker, inner)
        found = Seen(provoker.found, [*provoker.secrets, door.secret, GIVEN["MANAGEMENT_TOKEN"]])
        async with _manager(url) as api:
            await _ask_the_api(api, found)
        await make_user("ada")
        async with browsing(url, "ada") as admin:
            await _look_at_pages(admin, found)
            # The last, so that it is behind all that it is to tell of.
            found.metrics = (await admin.get("/metrics")).text
    return found


@asynccontextmanager
async def _manager(url: str) -> AsyncIterator[httpx.AsyncClient]:
    bearer = {"authorization": f"Bearer {GIVEN['MANAGEMENT_TOKEN']}"}
    async with httpx.AsyncClient(base_url=url, headers=bearer, timeout=30) as opened:
        yield opened


async def _ask_the_api(api: httpx.AsyncClient, found: Seen) -> None:
    async def data(path: str, **query: str) -> list[Json]:
        answer = await api.get(f"/manage/{path}", params={"limit": "200", **query})
        assert answer.status_code == 200, answer.text
        rows: list[Json] = answer.json()["data"]
        return rows

    found.by_code = {
        row["code"]: row["refusals"] for row in await data("refusals", group_by="code")
    }
    for code in found.provoked:
        found.by_token[code] = await data("refusals", group_by="token", code=code)
    listed = await data("requests", outcome="refused")
    found.rows = {row["refusal_code"]: row for row in listed}


async def _look_at_pages(admin: httpx.AsyncClient, found: Seen) -> None:
    wanted = {"/admin/dashboard", "/admin/requests?outcome=refused"}
    for one in found.provoked.values():
        wanted.add(f"/admin/requests/{one.request_id}")
        if one.token is not None:
            wanted |= {f"/admin/tokens/{one.token.id}", f"/admin/projects/{one.token.project_id}"}
    for address in sorted(wanted):
        answer = await admin.get(address)
        assert answer.status_code == 200, address
        found.pages[address] = html.unescape(answer.text)


def test_every_code_was_provoked(seen: Seen) -> None:
    assert set(seen.provoked) == set(REASONS)


CODES: Final = sorted(REASONS)


@pytest.mark.parametrize("code", CODES)
def test_the_api_counts_it_by_code_and_token(seen: Seen, code: str) -> None:
    one = seen.provoked[code]
    assert seen.by_code[code] == 1
    (row,) = seen.by_token[code]
    assert row["refusals"] == 1
    assert row["token_id"] == (None if one.token is None else str(one.token.id))


@pytest.mark.parametrize("code", CODES)
def test_the_request_log_has_its_row(seen: Seen, code: str) -> None:
    one, row = seen.provoked[code], seen.rows[code]
    assert (row["id"], row["outcome"], row["status"]) == (one.request_id, "refused", one.status)
    token, project = (None, None)
    if one.token is not None:
        token, project = str(one.token.id), str(one.token.project_id)
    assert (row["token_id"], row["project_id"]) == (token, project)
    assert row["model"] == one.model


@pytest.mark.parametrize("code", CODES)
def test_the_command_line_tells_the_same(seen: Seen, code: str) -> None:
    one = seen.provoked[code]
    sums, tokens, rows = (json.loads(out)["data"] for out in seen.commands.values())
    # The service has counted it once, and nothing more by its end.
    assert {row["code"]: row["refusals"] for row in sums}[code] == 1
    if one.token is not None:
        assert str(one.token.id) in {row["token_id"] for row in tokens}
    assert {row["id"]: row["refusal_code"] for row in rows}[one.request_id] == code


@pytest.mark.parametrize("code", CODES)
def test_pages_say_it_in_words_and_lead_to_what_mends_it(seen: Seen, code: str) -> None:
    one = seen.provoked[code]
    drawer = seen.pages[f"/admin/requests/{one.request_id}"]
    assert code in drawer
    assert REASONS[code].says in drawer
    assert code in seen.pages["/admin/requests?outcome=refused"]
    if one.token is None:
        return
    assert one.token.name in drawer
    for address in (f"/admin/tokens/{one.token.id}", f"/admin/projects/{one.token.project_id}"):
        assert REASONS[code].says in seen.pages[address], address


def test_the_dashboard_names_the_most_frequent(seen: Seen) -> None:
    dashboard = seen.pages["/admin/dashboard"]
    assert sum(f'mono">{code}<' in dashboard for code in CODES) == 8


@pytest.mark.parametrize("code", CODES)
def test_its_log_line_says_whose_it_is(seen: Seen, code: str) -> None:
    one = seen.provoked[code]
    lines = [json.loads(line) for line in seen.log.splitlines() if one.request_id in line]
    # A request that was let in before it was refused has the line of one.
    (line,) = [line for line in lines if line.get("message") == "request"]
    token, project = (None, None)
    if one.token is not None:
        token, project = str(one.token.id), str(one.token.project_id)
    assert (line["token_id"], line["project_id"]) == (token, project)
    assert (line["model"] or "") == one.model
    assert (line["status"], line["refused"]) == (one.status, code)


@pytest.mark.parametrize("code", CODES)
def test_metrics_count_it_by_code_and_project(seen: Seen, code: str) -> None:
    one = seen.provoked[code]
    project = "none" if one.token is None else one.token.project_id
    scrape = Scrape(seen.metrics)
    assert scrape.total("llm_proxy_refusals_total", code=code) == 1
    found = scrape.total("llm_proxy_project_refusals_total", code=code, project=str(project))
    assert found == 1


def test_none_tells_a_secret(seen: Seen) -> None:
    assert len(seen.secrets) > 20
    for where, text in seen.texts.items():
        for secret in seen.secrets:
            assert secret not in text, where
            assert hashlib.sha256(secret.encode()).hexdigest() not in text, where


def test_what_took_no_route_is_seen_by_its_path(seen: Seen) -> None:
    assert seen.rows["endpoint_not_allowed"]["endpoint"] == "/v1/nothing"
    assert seen.rows["method_not_allowed"]["endpoint"] == "/v1/chat/completions"
    # Of nobody known, nobody's path is kept.
    assert seen.rows["invalid_token"]["endpoint"] == ""
    # No metric has it for a label.
    assert "/v1/nothing" not in seen.metrics
