"""Whose application is refused, and why: on the dashboard, and where it is mended."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from models import Token
from models.ids import new_id
from models.ledger import apply_batch
from models.refusals import Refused
from tests.admin.conftest import BY, Browser, make_project, make_token, on_both
from tests.manage.entries import entry
from tests.models.rows import a_refusal, count_refusals, sum_key

DASHBOARD = "/admin/dashboard"


async def refuse(token: Token | None, code: str, times: int = 1, **fields: Any) -> Refused:
    """So many requests of a token, or of nobody known."""
    owner = (
        {} if token is None else {"token_id": str(token.id), "project_id": str(token.project_id)}
    )
    given = {"at": datetime.now(UTC).timestamp(), "code": code, "status": 429}
    one = a_refusal(**given | owner | fields)
    await count_refusals({sum_key(one): times}, [one])
    return one


@on_both
async def test_the_dashboard_says_who_why_how_often_and_what_mends_it(
    admin: Browser, viewer: Browser
) -> None:
    project = await make_project("Checkout <b>")
    token = await make_token(project, "web <i>")
    assert "Refused" not in (await admin.get(DASHBOARD)).text
    await refuse(token, "quota_exceeded", 1_234)
    await refuse(None, "invalid_token", 50_000)
    page = (await admin.get(DASHBOARD)).text
    for said in (
        "web &lt;i&gt;", "Checkout &lt;b&gt;", "All of its requests are used", "quota_exceeded",
        "1,234", "Raise its limit", "Nobody known", "No token has this secret", "50,000",
        "this hour", f'href="/admin/tokens/{token.id}/edit"',
        f'href="/admin/requests?outcome=refused&amp;code=quota_exceeded&amp;token={token.id}"',
    ):  # fmt: skip
        assert said in page, said
    # What happens most comes first.
    assert page.index("invalid_token") < page.index("quota_exceeded")
    # Who may not change it is led to what there is to see.
    page = (await viewer.get(DASHBOARD)).text
    assert f'href="/admin/tokens/{token.id}"' in page
    assert "/edit" not in page


async def test_a_new_refusal_freshens_the_page(admin: Browser) -> None:
    token = await make_token(await make_project())
    page = (await admin.get(DASHBOARD)).text
    fresh = page.partition('data-fresh="')[2].partition('"')[0].replace("&amp;", "&")
    await refuse(token, "quota_exceeded")
    again = await admin.get(fresh, headers={"hx-request": "true"})
    assert again.status_code == 200
    assert "quota_exceeded" in again.text


@pytest.mark.parametrize(
    ("code", "leads_to"),
    [
        ("token_revoked", "/admin/tokens/new?project={project}"),
        ("missing_token", "/admin/tokens/new"),
        ("token_expired", "/admin/tokens/{token}/edit"),
        ("project_inactive", "/admin/projects/{project}"),
        ("no_upstream_key", "/admin/projects/{project}"),
        ("endpoint_not_allowed", "/admin/projects/{project}/endpoints"),
        ("overloaded", "/admin/requests?outcome=refused&amp;code=overloaded&amp;token={token}"),
        ("of_a_later_release", "/admin/requests?outcome=refused&amp;code=of_a_later_release&amp;"),
    ],
)
async def test_each_reason_leads_to_what_mends_it(admin: Browser, code: str, leads_to: str) -> None:
    project = await make_project()
    token = await make_token(project)
    await refuse(None if code == "missing_token" else token, code)
    place = leads_to.format(project=project.id, token=token.id)
    page = (await admin.get(DASHBOARD)).text
    assert f'<a class="button small" href="{place}' in page


@on_both
async def test_an_endpoint_is_mended_where_a_list_leaves_it_out(
    admin: Browser, viewer: Browser
) -> None:
    token = await make_token(await make_project(), allowed_endpoints=["GET /v1/models"])
    await refuse(token, "endpoint_not_allowed")
    page = (await admin.get(DASHBOARD)).text
    assert f'<a class="button small" href="/admin/tokens/{token.id}/edit' in page
    other = await make_token(await make_project("Other"))
    await refuse(other, "endpoint_not_allowed")
    at = f"/admin/projects/{other.project_id}/endpoints"
    assert f'<a class="button small" href="{at}' in (await viewer.get(DASHBOARD)).text
    assert (await viewer.get(at)).status_code == 200


async def test_what_is_gone_has_a_name_and_no_page(admin: Browser) -> None:
    project = await make_project("Gone")
    token = await make_token(project)
    await refuse(token, "project_inactive")
    await project.erase(by=BY)
    page = (await admin.get(DASHBOARD)).text
    assert "Gone" in page
    assert f'href="/admin/projects/{project.id}"' not in page


async def test_pages_of_token_and_project_show_their_own(admin: Browser) -> None:
    project = await make_project()
    token, other = await make_token(project, "one"), await make_token(project, "other")
    await refuse(token, "quota_exceeded", 7)
    await refuse(other, "model_not_allowed", 9)
    old = datetime.now(UTC) - timedelta(days=3)
    await refuse(token, "token_expired", 5, at=old.timestamp())
    ours = (await admin.get(f"/admin/tokens/{token.id}?span=24h")).text
    assert "quota_exceeded" in ours
    assert "model_not_allowed" not in ours
    assert "token_expired" not in ours
    assert "token_expired" in (await admin.get(f"/admin/tokens/{token.id}?span=7d")).text
    whole = (await admin.get(f"/admin/projects/{project.id}")).text
    assert "quota_exceeded" in whole
    assert "model_not_allowed" in whole
    idle = await make_project("idle")
    assert "Refused" not in (await admin.get(f"/admin/projects/{idle.id}")).text


async def test_the_log_lists_them_where_they_are_asked_for(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project, "the-token")
    usual = entry(project_id=project.id, token_id=token.id, model="usual-model")
    await apply_batch("j", 0, 1, [usual])
    known = await refuse(token, "model_not_allowed", model="a-model <b>", endpoint="/v1/x")
    unknown = await refuse(None, "invalid_token")
    plain = (await admin.get("/admin/requests")).text
    assert "usual-model" in plain
    assert known.id not in plain
    listed = (await admin.get("/admin/requests?outcome=refused")).text
    for said in ("The model is not allowed", "a-model &lt;b&gt;", "the-token", "Not known"):
        assert said in listed
    assert usual.id not in listed
    one = (await admin.get("/admin/requests?outcome=refused&code=invalid_token")).text
    assert (unknown.id in one, known.id in one) == (True, False)
    mine = (await admin.get(f"/admin/requests?outcome=refused&token={token.id}")).text
    assert (unknown.id in mine, known.id in mine) == (False, True)
    assert "No request fits" in (await admin.get("/admin/requests?outcome=refused&code=x")).text


async def test_the_drawer_explains_it(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project, "the-token")
    known = await refuse(token, "model_not_allowed", model="a-model", duration_us=1_500)
    unknown = await refuse(None, "invalid_token")
    for headers in ({}, {"HX-Request": "true"}):
        page = (await admin.get(f"/admin/requests/{known.id}", headers=headers)).text
        for said in (
            "The model is not allowed", "model_not_allowed", "a-model", "the-token", "1.5 ms",
            f'href="/admin/tokens/{token.id}/edit"',
        ):  # fmt: skip
            assert said in page, said
    assert "Not known" in (await admin.get(f"/admin/requests/{unknown.id}")).text
    assert (await admin.get(f"/admin/requests/{new_id()}")).status_code == 404


async def test_a_request_that_was_let_in_says_why_the_proxy_answered_it(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    failed = entry(
        project_id=project.id, token_id=token.id, status=502, outcome="upstream_unreachable",
        refusal_code="upstream_unreachable",
    )  # fmt: skip
    await apply_batch("j", 0, 1, [failed])
    page = (await admin.get(f"/admin/requests/{failed.id}")).text
    assert "The upstream cannot be reached" in page
