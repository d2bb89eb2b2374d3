"""`/admin/requests`"""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from admin.components import live_tail
from models.entry import Attempt
from models.ledger import apply_batch
from tests.admin.conftest import Browser, make_project, make_token
from tests.manage.entries import entry


async def test_the_cost_of_one_request_can_be_held_against_a_bill(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    one = entry(datetime.now(UTC), project_id=project.id, token_id=token.id, cost_nanos=40_010_000)
    await apply_batch("j", 0, 1, [one])
    assert "$0.04001" in (await admin.get(f"/admin/requests/{one.id}")).text


async def test_each_account_that_was_tried_is_told_with_what_came_of_it(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    (key,) = await project.current_keys()
    key_id, gone = str(key.id), str(uuid4())
    attempts = (
        Attempt(key_id, 429, "", 12),
        Attempt(gone, 0, "connect_timeout", 1300),
        Attempt(key_id, 200, "", 7),
    )
    one = entry(
        datetime.now(UTC), project_id=project.id, token_id=token.id, key_id=key_id,
        attempts=attempts,
    )  # fmt: skip
    await apply_batch("j", 0, 1, [one])
    for headers in ({}, {"HX-Request": "true"}):
        page = (await admin.get(f"/admin/requests/{one.id}", headers=headers)).text
        for said in ("<dd>429 ", "<dd>connect timeout ", "<dd>200 ", "1,300", key.hint, gone[-6:]):
            assert said in page


_UNSAID: dict[str, Any] = {"prompt_tokens": None, "completion_tokens": None, "cost_nanos": None}


@pytest.mark.parametrize(
    ("told", "in_list", "in_detail"),
    [
        ({"cost_nanos": None}, ["no price"], ["No price known"]),
        (_UNSAID | {"usage": "unknown"}, ["unknown", "no price"], ["Unknown", "No price known"]),
        (_UNSAID | {"counted": False}, ["Nothing used"], ["Nothing was used", "Nothing used"]),
        (
            _UNSAID | {"usage": "unknown", "status": 429},
            ["Nothing used"],
            ["Nothing was used", "Nothing used"],
        ),
        (
            _UNSAID | {"usage": "unknown", "status": 502},
            ["unknown", "no price"],
            ["Unknown", "No price known"],
        ),
    ],
    ids=["no price", "unknown", "nothing", "refused", "gateway"],
)
async def test_no_price_and_nothing_used_are_told_apart(
    admin: Browser, told: dict[str, Any], in_list: list[str], in_detail: list[str]
) -> None:
    project = await make_project()
    token = await make_token(project)
    one = entry(datetime.now(UTC), project_id=project.id, token_id=token.id, **told)
    await apply_batch("j", 0, 1, [one])
    words = {"no price", "unknown", "Nothing used", "No price known", "Nothing was used", "Unknown"}
    for path, said in (
        ("/admin/requests", in_list),
        (f"/admin/tokens/{token.id}", in_list),
        (f"/admin/requests/{one.id}", in_detail),
    ):
        page = (await admin.get(path)).text
        row = page[page.index("row-link" if said is in_list else "drawer-title") :]
        found = {word for word in words if f">{word}" in row}
        assert found == set(said), path


async def test_what_it_is_for_and_for_whom_is_shown_and_can_be_asked_for(admin: Browser) -> None:
    project = await make_project()
    ids: dict[str, Any] = {"project_id": project.id}
    tagged = entry(datetime.now(UTC), tags=(("team", "a&b=<c>"),), end_user="Zoë/1 a", **ids)
    other = entry(datetime.now(UTC), tags=(("team", "docs"),), end_user="u-2", **ids)
    await apply_batch("j", 0, 1, [tagged, other])
    drawer = (await admin.get(f"/admin/requests/{tagged.id}")).text
    assert "team=a&amp;b=&lt;c&gt;" in drawer
    for at in (
        "/admin/requests?tag=team%3Da%26b%3D%3Cc%3E",
        "/admin/requests?end_user=Zo%C3%AB%2F1+a",
    ):
        assert f'href="{at}"' in drawer
        found = (await admin.get(at)).text
        assert (tagged.id in found, other.id in found) == (True, False)
        # What the proxy refused has neither.
        assert (await admin.get(f"{at}&outcome=refused")).status_code == 200


async def test_a_kept_answer_says_so_and_can_be_asked_for(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    ids: dict[str, Any] = {"project_id": project.id, "token_id": token.id}
    nothing: dict[str, Any] = dict.fromkeys(("prompt_tokens", "completion_tokens"))
    nothing |= {"counted": False, "cost_nanos": 0}
    hit = entry(datetime.now(UTC), cache="hit", saved_nanos=40_010_000, **nothing, **ids)
    unpriced = entry(datetime.now(UTC), cache="hit", **nothing, **ids)
    miss = entry(datetime.now(UTC), cache="miss", **ids)
    await apply_batch("j", 0, 1, [hit, miss, unpriced])
    for path in ("/admin/requests", f"/admin/tokens/{token.id}"):
        assert (await admin.get(path)).text.count(">from the cache<") == 2
    drawer = (await admin.get(f"/admin/requests/{hit.id}")).text
    assert re.search(r"<dt>Cache</dt><dd>Answered from it: <[^>]*>\$0.04001</span>", drawer)
    assert "Nothing was used" in drawer
    assert "Answered from it</dd>" in (await admin.get(f"/admin/requests/{unpriced.id}")).text
    assert "Looked for, and not there" in (await admin.get(f"/admin/requests/{miss.id}")).text
    for word, found in (("true", [True, False]), ("false", [False, True])):
        page = (await admin.get(f"/admin/requests?cached={word}")).text
        assert [one.id in page for one in (hit, miss)] == found
        assert f'value="{word}" selected' in page
        rows = (await admin.get(f"/admin/requests/export?cached={word}")).text
        assert [one.id in rows for one in (hit, miss)] == found
        assert live_tail.wanted({"cached": word == "true"}) == {"cached": word == "true"}
    assert rows.splitlines()[0].endswith(",cached,saved_usd")


async def test_what_a_filter_cannot_mean_is_said_and_nothing_is_listed(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    await apply_batch("j", 0, 1, [entry(datetime.now(UTC), token_id=token.id)])
    for query, says in {
        "status=4x": "no class like 4xx",
        "status=999": "no class like 4xx",
        "id=5": "no UUID",
        "tag=team": "The tag cannot be read",
        "cached=hit": "neither true nor false",
        "token=nobody's": "No token has this name",
        "from=yesterday": "From is no time",
        "to=2026-13-01T00:00": "To is no time",
    }.items():
        for answer in ("/admin/requests", "/admin/requests/export"):
            page = await admin.get(f"{answer}?{query}")
            assert page.status_code == (200 if answer == "/admin/requests" else 400)
            assert says in page.text
            assert "row-link" not in page.text


async def test_requests_are_found_by_what_people_know_of_them(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    now, ids = datetime.now(UTC), {"project_id": project.id, "token_id": token.id}
    mini = entry(now, model="gpt-4o-mini", endpoint="/v1/responses", status=429, **ids)
    other = entry(now, model="claude-opus-5", endpoint="/v1/messages", token_id=uuid4())
    await apply_batch("j", 0, 1, [mini, other])
    for query in (
        "model=4O",
        "status=4xx",
        "status=429",
        "endpoint=/v1/responses",
        f"id={mini.id}",
        f"token={token.hint}",
        f"token={token.id}",
        "model=gpt&status=4XX&endpoint=/v1/responses",
    ):
        page = (await admin.get(f"/admin/requests?{query}")).text
        assert (mini.id in page, other.id in page) == (True, False), query
        table = (await admin.get(f"/admin/requests/export?{query}")).text
        assert table.startswith("\ufeffat,id,project_id,project,")
        assert [row.split(",")[1] for row in table.splitlines()[1:]] == [mini.id], query
    # What there is, is suggested.
    page = (await admin.get("/admin/requests")).text
    for value in ("gpt-4o-mini", "claude-opus-5", "/v1/responses"):
        assert f'<option value="{value}">' in page


async def test_of_several_tokens_of_one_name_one_has_to_be_chosen(admin: Browser) -> None:
    project = await make_project()
    for _ in range(2):
        await make_token(project, name="app")
    page = (await admin.get("/admin/requests?token=app")).text
    assert "Several tokens are called so" in page


async def test_why_the_upstream_refused_is_shown_and_can_be_asked_for(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    ids: dict[str, Any] = {"project_id": project.id, "token_id": token.id, "status": 429}
    poor = entry(datetime.now(UTC), upstream_code="insufficient_quota", **ids)
    other = entry(datetime.now(UTC), upstream_code="1302", **ids)
    await apply_batch("j", 0, 1, [poor, other])
    listed = (await admin.get("/admin/requests")).text
    assert ">insufficient_quota<" in listed
    drawer = (await admin.get(f"/admin/requests/{poor.id}", headers={"HX-Request": "true"})).text
    at = "/admin/requests?upstream_code=insufficient_quota"
    assert f'href="{at}"' in drawer
    found = (await admin.get(at)).text
    assert (poor.id in found, other.id in found) == (True, False)
    assert 'name="upstream_code" value="insufficient_quota"' in found
    # What the proxy refused has none.
    assert (await admin.get(f"{at}&outcome=refused")).status_code == 200
