"""The switches of a project's endpoints, through forms without a script."""

import re
from html import unescape
from typing import Final

import httpx

from models import AuditEvent, Project
from proxy.providers.catalog import BUILT_IN
from tests.admin.conftest import BY, Browser, make_project, on_both

LINES: Final = BUILT_IN["openai"].endpoints
_PATTERNS: Final = re.compile(r"<textarea[^>]*>\n([^<]*)</textarea>")
_BOX: Final = re.compile(
    r'<input type="checkbox" role="switch" name="(\w+)" value="([^"]*)"([^>]*)>'
)


async def boxes(browser: Browser, at: str) -> dict[str, tuple[str, bool, bool]]:
    """The switches: their field, whether they are on, and whether they can be moved."""
    text = (await browser.get(at)).text
    return {
        unescape(value): (name, " checked" in more, " disabled" not in more)
        for name, value, more in _BOX.findall(text)
    }


async def save(browser: Browser, at: str, **typed: str | list[str]) -> httpx.Response:
    """Send the page as it stands, but for what is typed."""
    found = {entry: name for entry, (name, is_on, _) in (await boxes(browser, at)).items() if is_on}
    text = _PATTERNS.search((await browser.get(at)).text)
    stands: dict[str, str | list[str]] = {
        field: [entry for entry, name in found.items() if name == field]
        for field in ("switches", "extra_endpoints")
    }
    stands["patterns"] = unescape(text[1] if text else "")
    return await browser.submit(at, None, **(stands | typed))


def on(found: dict[str, tuple[str, bool, bool]]) -> list[str]:
    return [entry for entry, (name, is_on, _) in found.items() if is_on and name == "switches"]


@on_both
async def test_an_endpoint_is_switched_off_and_on_and_the_audit_says_who(admin: Browser) -> None:
    project = await make_project()
    at = f"/admin/projects/{project.id}/endpoints"
    found = await boxes(admin, at)
    assert len(on(found)) == len(LINES)
    left = [entry for entry in on(found) if entry != "POST /v1/embeddings"]
    saved = await admin.submit(at, switches=left)
    assert f"{len(LINES) - 1} of {len(LINES)} endpoints of the list are on." in saved.text
    stored = (await Project.get(id=project.id)).allowed_endpoints
    assert stored is not None
    assert set(stored) == set(left)
    assert on(await boxes(admin, at)) == left
    saved = await admin.submit(at, switches=[*left, "POST /v1/embeddings"])
    assert (await Project.get(id=project.id)).allowed_endpoints is None
    events = await AuditEvent.filter(action="project.update").order_by("id")
    assert [event.actor for event in events] == ["admin:ada", "admin:ada"]
    assert [event.changes for event in events] == [
        {"allowed_endpoints": [None, stored]},
        {"allowed_endpoints": [stored, None]},
    ]


async def test_nothing_on_is_refused_and_all_on_is_one_click(admin: Browser) -> None:
    project = await make_project()
    at = f"/admin/projects/{project.id}/endpoints"
    refused = await admin.submit(at, switches=[])
    assert refused.status_code == 422
    assert "At least one has to be on." in refused.text
    await admin.submit(at, switches=["GET /v1/models"])
    assert (await Project.get(id=project.id)).allowed_endpoints == ["GET /v1/models"]
    await admin.submit(at, switches=["GET /v1/models"], all="on")
    assert (await Project.get(id=project.id)).allowed_endpoints is None


async def test_a_list_that_was_written_elsewhere_is_shown_and_kept(admin: Browser) -> None:
    project = await make_project()
    listed = ["/v1/models", "/v1/audio/*", "GET /v1/files/*", "POST /v1/{x}"]
    await project.change(by=BY, allowed_endpoints=listed)
    at = f"/admin/projects/{project.id}/endpoints"
    page = (await admin.get(at)).text
    found = await boxes(admin, at)
    # A path by itself is its line's switch; what a pattern opens cannot be switched off here.
    assert found["GET /v1/models"] == ("switches", True, True)
    assert found["/v1/audio/speech"] == ("switches", True, False)
    assert found["/v1/files/{file_id}"] == ("switches", False, True)
    assert "On in part by the pattern" in page
    assert found["POST /v1/embeddings"] == ("switches", False, True)
    await save(admin, at, switches=["GET /v1/models", "POST /v1/embeddings"])
    assert (await Project.get(id=project.id)).allowed_endpoints == [
        "POST /v1/embeddings", "GET /v1/models", "/v1/audio/*", "GET /v1/files/*", "POST /v1/{x}",
    ]  # fmt: skip


async def test_endpoints_of_ones_own_are_added_and_removed(admin: Browser) -> None:
    project = await make_project()
    at = f"/admin/projects/{project.id}/endpoints"
    for path, method, usage in (("/v1/rerank", "POST", "generic"), ("/v1/jobs/{id}", "*", "none")):
        added = await save(admin, at, path=path, method=method, usage=usage)
        assert added.status_code == 200
    assert "and 2 endpoints besides." in added.text
    assert (await Project.get(id=project.id)).extra_endpoints == [
        {"method": "POST", "path": "/v1/rerank", "usage": "generic"},
        {"method": "*", "path": "/v1/jobs/{id}", "usage": "none"},
    ]
    for path, said in (
        ("/admin/users", "begins with /admin"),
        ("v1/x", "does not begin with a slash"),
        ("/nobodys/x", "begins as no provider"),
        ("/v1/rerank", "This one is there already."),
    ):
        refused = await save(admin, at, path=path)
        assert refused.status_code == 422
        assert said in unescape(refused.text), path
        assert f'value="{path}"' in refused.text
    await save(admin, at, extra_endpoints=["* /v1/jobs/{id} none"])
    assert (await Project.get(id=project.id)).extra_endpoints == [
        {"method": "*", "path": "/v1/jobs/{id}", "usage": "none"}
    ]
    page = await admin.get(f"/admin/projects/{project.id}")
    assert "All of the provider's list, and 1 endpoint besides" in page.text


async def test_what_is_off_by_default_says_why_and_is_switched_on_there(admin: Browser) -> None:
    project = await make_project()
    at = f"/admin/projects/{project.id}/endpoints"
    line = "* /v1/fine_tuning/* generic"
    assert (await boxes(admin, at))[line] == ("extra_endpoints", False, True)
    page = unescape((await admin.get(at)).text)
    assert "Trains models at the account's cost." in page
    # What is as another one has its reason.
    assert page.count("What runs make of an assistant is reported in no answer here.") == 4
    assert "As /v1/assistants" not in page
    await save(admin, at, extra_endpoints=[line])
    assert (await Project.get(id=project.id)).extra_endpoints == [
        {"method": "*", "path": "/v1/fine_tuning/*", "usage": "generic"}
    ]
    assert (await boxes(admin, at))[line] == ("extra_endpoints", True, True)
    await save(admin, at, extra_endpoints=[])
    assert (await Project.get(id=project.id)).extra_endpoints is None
    # What begins as no provider's paths do, or as the proxy's own, cannot be.
    for provider, path in (
        ("gemini", "* /upload/* generic"),
        ("anthropic", "* /v1/oauth/* generic"),
    ):
        await Project.filter(id=project.id).update(provider=provider)
        assert (await boxes(admin, at))[path] == ("extra_endpoints", False, False)


async def test_a_page_that_was_overtaken_says_so_and_undoes_nothing(admin: Browser) -> None:
    project = await make_project()
    at = f"/admin/projects/{project.id}/endpoints"
    opened = re.search(r'name="opened" value="([^"]*)"', (await admin.get(at)).text)
    assert opened
    every = on(await boxes(admin, at))
    await project.change(by=BY, allowed_endpoints=["GET /v1/models"])
    again = await admin.submit(
        at, switches=every, opened=unescape(opened[1]), path="/v1/rerank", usage="generic"
    )
    assert again.status_code == 409
    assert "This was changed since you opened the form:</b> switches." in again.text
    assert (await Project.get(id=project.id)).allowed_endpoints == ["GET /v1/models"]
    # What nobody touched here is as it is stored, and what was typed is still there.
    shown = {unescape(value): " checked" in more for _, value, more in _BOX.findall(again.text)}
    assert [entry for entry, is_on in shown.items() if is_on] == ["GET /v1/models"]
    assert 'value="/v1/rerank"' in again.text


async def test_a_viewer_sees_the_switches_and_moves_none(admin: Browser, viewer: Browser) -> None:
    project = await make_project()
    await project.change(by=BY, extra_endpoints=[{"method": "GET", "path": "/v1/x"}])
    at = f"/admin/projects/{project.id}/endpoints"
    found = await boxes(viewer, at)
    assert len(found) == len(LINES) + len(BUILT_IN["openai"].off) + 1
    assert not any(can_move for _, _, can_move in found.values())
    assert "Save" not in (await viewer.get(at)).text
    csrf = await viewer.token("/admin/account")
    refused = await viewer.post(at, data={"csrf": csrf, "switches": "GET /v1/models"})
    assert refused.status_code == 403
    assert (await Project.get(id=project.id)).allowed_endpoints is None


async def test_a_project_of_a_provider_that_is_gone_keeps_what_it_had(admin: Browser) -> None:
    project = await make_project()
    await project.change(by=BY, allowed_endpoints=["GET /v1/models", "/v1/chat/{x}"])
    await Project.filter(id=project.id).update(provider="gone")
    at = f"/admin/projects/{project.id}/endpoints"
    assert "is not configured here any more" in (await admin.get(at)).text
    await save(admin, at)
    assert (await Project.get(id=project.id)).allowed_endpoints == [
        "GET /v1/models",
        "/v1/chat/{x}",
    ]


async def test_what_is_posted_by_other_means_is_told_at_its_place(admin: Browser) -> None:
    project = await make_project()
    at = f"/admin/projects/{project.id}/endpoints"
    for fields in (
        {"switches": ["no path"]},
        {"switches": ["GET /v1/models"], "extra_endpoints": ["POST /v1/x"]},
        {"switches": ["GET /v1/models"], "extra_endpoints": ["POST /v1/x chat more"]},
        {"switches": ["GET /v1/models"], "extra_endpoints": ["POST /admin/x generic"]},
        {"switches": ["GET /v1/models"], "method": "TRACE"},
        {"switches": ["GET /v1/models"], "patterns": "nothing"},
    ):
        refused = await admin.submit(at, **fields)
        assert refused.status_code == 422, fields
        assert 'class="problem"' in refused.text
    assert (await Project.get(id=project.id)).allowed_endpoints is None
