"""Projects and keys, through forms without a script, on both databases."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from config import Settings
from fake_upstream import FakeUpstream
from models import AuditEvent, Project, Token, UpstreamKey, changes, key_states, project_cache
from models.failover import DEFAULT_STATUSES
from models.ledger import apply_batch
from proxy.providers.catalog import BUILT_IN
from tests.admin.conftest import (
    BY,
    KEY,
    RING,
    Browser,
    browsing,
    id_in,
    make_project,
    make_token,
    make_user,
    on_both,
    serving,
)
from tests.manage.entries import entry, record

NEW = "/admin/projects/new"


@on_both
async def test_a_projects_life(admin: Browser) -> None:
    made = await admin.submit(
        NEW,
        "/admin/projects",
        name="shop",
        provider="openai",
        api_key=f"{KEY}\r\n",
        untested="yes",
        base_url="http://10.1.2.3/v1",
        requests_per_minute="60",
        max_parallel_requests="",
        allowed_models="gpt-4o*\r\n\r\n o4-mini ",
        allowed_origins="",
        unmetered="refuse",
        isolation="token",
        end_user_from_body="true",
    )
    assert made.status_code == 200
    assert "The project was created." in made.text
    project = await Project.get(id=id_in(made))
    assert project.base_url == "http://10.1.2.3"
    assert project.allowed_models == ["gpt-4o*", "o4-mini"]
    assert project.allowed_origins is None
    assert project.unmetered == "refuse"
    assert project.isolation == "token"
    assert project.end_user_from_body
    assert "<dt>Objects</dt><dd>Each token its own</dd>" in made.text
    assert "<dt>Unmeterable requests</dt><dd>Refused</dd>" in made.text
    assert KEY not in made.text
    assert "The project was created." not in (await admin.get(str(made.url))).text

    at = f"/admin/projects/{project.id}"
    edited = await admin.submit(
        f"{at}/edit", name="store", requests_per_minute="", base_url="http://10.1.2.3/eu/v1"
    )
    assert "The project was changed." in edited.text
    edited_row = await Project.get(id=project.id)
    assert edited_row.name == "store"
    assert edited_row.requests_per_minute is None
    assert edited_row.base_url == "http://10.1.2.3/eu"

    await admin.submit(f"{at}/deactivate")
    assert not (await Project.get(id=project.id)).is_active
    await admin.submit(at, f"{at}/activate")
    assert (await Project.get(id=project.id)).is_active

    token = await make_token(project)
    question = await admin.get(f"{at}/delete")
    assert "1 token will stop working, for good." in question.text
    assert "1 upstream key will be erased." in question.text
    refused = await admin.submit(f"{at}/delete", name="stor")
    assert refused.status_code == 422
    assert "This is not the name of the project." in refused.text
    deleted = await admin.submit(f"{at}/delete", name="store")
    assert "store was deleted." in deleted.text
    await token.refresh_from_db()
    assert token.revoked_at is not None
    assert not await UpstreamKey.exists()
    assert (await admin.get(at)).status_code == 404
    actions = await AuditEvent.filter(actor="admin:ada").values_list("action", flat=True)
    assert {"project.create", "project.update", "project.deactivate", "project.delete"} <= set(
        actions
    )
    event = await AuditEvent.get(action="project.delete")
    assert event.ip == "127.0.0.1"
    assert event.request_id


async def test_mistakes_stand_at_their_fields_and_what_was_typed_stays(admin: Browser) -> None:
    await make_project("taken")
    answer = await admin.submit(
        NEW,
        "/admin/projects",
        name="taken",
        provider="openai",
        api_key="sk with spaces",
        base_url="nowhere",
        requests_per_minute="many",
        allowed_origins="https://a.example/path",
    )
    assert answer.status_code == 422
    wrong = set(re.findall(r'id="(\w+)-error"', answer.text))
    assert wrong == {"api_key", "base_url", "requests_per_minute", "allowed_origins"}
    assert "Line 1: This is not an origin" in answer.text
    assert 'value="many"' in answer.text
    assert "sk with spaces" not in answer.text
    assert '<details class="card fold" open>' in answer.text
    answer = await admin.submit(
        NEW, "/admin/projects", name="taken", provider="openai", api_key=KEY
    )
    assert "There is a project with this name already." in answer.text
    answer = await admin.submit(NEW, "/admin/projects", name="x", provider="none", api_key=KEY)
    assert answer.status_code == 422


@on_both
async def test_keys_are_added_changed_and_removed(admin: Browser) -> None:
    project = await make_project()
    at = f"/admin/projects/{project.id}"
    added = await admin.submit(at, f"{at}/keys", api_key="sk-another-key-0002", weight="3")
    assert "The key was added." in added.text
    assert "sk-another-key-0002" not in added.text
    key = await UpstreamKey.get(weight=3)
    await admin.submit(f"{at}/keys/{key.id}/edit", label="second", weight="5")
    await admin.submit(at, f"{at}/keys/{key.id}/disable")
    await key.refresh_from_db()
    assert (key.label, key.weight, key.is_active) == ("second", 5, False)
    theirs = await admin.submit(at, f"{at}/keys", api_key="gsk_1234567", provider="groq")
    assert '<p class="muted small result mono">groq ' in theirs.text
    assert '<option value="anthropic"' not in theirs.text
    wrong = await admin.submit(at, f"{at}/keys", api_key="x", provider="anthropic")
    assert (wrong.status_code, "the form of anthropic" in wrong.text) == (422, True)
    other = await UpstreamKey.get(provider="groq")
    moved = await admin.submit(f"{at}/keys/{other.id}/edit", weight="1", provider="mistral")
    assert (moved.status_code, 'id="base_url-error"' in moved.text) == (422, True)
    await admin.submit(f"{at}/keys/{other.id}/remove")
    names = {"gpt-4o": "mine", "o3": "a=b"}
    text = "gpt-4o = mine\r\n\r\no3=a=b"
    await admin.submit(f"{at}/keys/{key.id}/edit", label="second", weight="5", model_map=text)
    await key.refresh_from_db()
    assert (key.model_map, key.provider) == (names, None)
    assert (
        "gpt-4o = mine\no3 = a=b</textarea>" in (await admin.get(f"{at}/keys/{key.id}/edit")).text
    )
    assert "gpt-4o = mine, o3 = a=b" in (await admin.get(at)).text
    for text in ("gpt-4o", "a=b\na=c", "gpt-*=b"):
        wrong = await admin.submit(f"{at}/keys/{key.id}/edit", weight="5", model_map=text)
        assert (wrong.status_code, 'id="model_map-error"' in wrong.text) == (422, True), text
    await admin.submit(at, f"{at}/keys/{key.id}/enable")
    question = await admin.get(f"{at}/keys/{key.id}/remove")
    assert "Requests go on with 1 other key." in question.text
    await admin.submit(f"{at}/keys/{key.id}/remove")
    assert await UpstreamKey.all().count() == 1
    wrong = await admin.submit(at, f"{at}/keys", api_key="", weight="0")
    assert wrong.status_code == 422
    assert '<details class="fold add" open>' in wrong.text


async def test_a_key_of_another_project_is_not_found(admin: Browser) -> None:
    one, other = await make_project("one"), await make_project("other")
    key = await UpstreamKey.get(project_id=other.id)
    answer = await admin.get(f"/admin/projects/{one.id}/keys/{key.id}/edit")
    assert answer.status_code == 404


async def test_a_key_is_tested_with_a_real_request(admin: Browser) -> None:
    async with FakeUpstream(api_keys={KEY}) as upstream:
        project = await make_project(base_url=upstream.url)
        at = f"/admin/projects/{project.id}"
        key = await UpstreamKey.get(project_id=project.id)
        works = await admin.submit(at, f"{at}/keys/{key.id}/test")
        assert "It works:" in works.text
        csrf = await admin.token(at)
        swap = await admin.post(
            f"{at}/keys/{key.id}/test", data={"csrf": csrf}, headers={"hx-request": "true"}
        )
        assert "It works:" in swap.text
        assert "<html" not in swap.text
        bad = await project.add_key(api_key="sk-a-wrong-key-0003", ring=RING, by=BY, label="wrong")
        fails = await admin.submit(at, f"{at}/keys/{bad.id}/test")
        assert "The upstream refuses the key (401)." in fails.text
        assert "sk-a-wrong-key-0003" not in fails.text


@on_both
async def test_a_key_says_when_it_was_last_used(admin: Browser) -> None:
    project = await make_project()
    (key,) = await project.current_keys()
    at = f"/admin/projects/{project.id}"
    assert "last used" not in (await admin.get(at)).text
    use: dict[str, Any] = {"project_id": project.id, "key_id": str(key.id)}
    before = datetime.now(UTC) - timedelta(days=3)
    await apply_batch("j", 0, 1, [entry(before, **use)])
    page = (await admin.get(at)).text
    assert "last used <time" in page
    assert f"{before:%Y-%m-%dT%H}:00:00.000Z" in page
    # What it did today says as much.
    await apply_batch("j", 1, 2, [entry(**use)])
    page = (await admin.get(at)).text
    assert ("last used" in page, "24 h: 1 request," in page) == (False, True)


async def test_a_key_that_is_fit_again_shows_its_last_error_and_when(admin: Browser) -> None:
    project = await make_project()
    at = f"/admin/projects/{project.id}"
    assert "Last error:" not in (await admin.get(at)).text
    key = await UpstreamKey.get(project_id=project.id)
    moment = changes.now() - timedelta(hours=3)
    await key_states.KeyState.create(key_id=key.id, last_error="429", last_error_at=moment)
    page = (await admin.get(at)).text
    said = page.partition("Last error:")[2].partition("</p>")[0]
    assert ">429<" in said
    assert moment.strftime("%Y-%m-%dT%H:%M:%S") in said
    assert "Suspended" not in page


@on_both
async def test_a_new_projects_key_is_tested_before_it_is_saved(admin: Browser) -> None:
    wrong = "sk-a-wrong-key-0004"
    async with FakeUpstream(api_keys={KEY}) as upstream:
        sent = {"name": "shop", "provider": "openai", "base_url": upstream.url}
        failed = await admin.submit(NEW, "/admin/projects", **sent, api_key=wrong)
        assert failed.status_code == 422
        assert "The upstream refuses the key (401)." in failed.text
        assert 'name="untested" value="yes"' in failed.text
        assert "enter it again for either" in failed.text
        assert f'value="{upstream.url}"' in failed.text
        assert wrong not in failed.text
        csrf = await admin.token(NEW)
        part = await admin.post(
            "/admin/projects",
            data={**sent, "csrf": csrf, "api_key": wrong},
            headers={"hx-request": "true"},
        )
        # Only the question is swapped in: the form keeps what was typed, the key as well.
        assert part.headers["hx-retarget"] == "#key-test"
        assert "The upstream refuses the key (401)." in part.text
        assert "<form" not in part.text
        assert "enter it again" not in part.text
        assert not await Project.exists()
        assert not await AuditEvent.filter(action="project.create").exists()

        await admin.submit(NEW, "/admin/projects", **sent, api_key=wrong, untested="yes")
        key = await UpstreamKey.get(project__name="shop")
        assert RING.decrypt(key.ciphertext, key.id) == wrong
        made = await admin.submit(NEW, "/admin/projects", **{**sent, "name": "two"}, api_key=KEY)
        assert "The project was created." in made.text


async def test_what_is_refused_anyway_is_not_tested_first(admin: Browser) -> None:
    await make_project("taken")
    async with FakeUpstream(api_keys={KEY}) as upstream:
        sent = {"provider": "openai", "base_url": upstream.url, "api_key": "sk-not-to-be-sent"}
        taken = await admin.submit(NEW, "/admin/projects", name="taken", **sent)
        assert "There is a project with this name already." in taken.text
        assert not upstream.requests


async def test_a_new_projects_provider_is_chosen_by_mark_and_name(admin: Browser) -> None:
    page = (await admin.get(NEW)).text
    assert page.count('type="radio" name="provider"') == len(BUILT_IN)
    assert 'name="provider" value="openai" checked' in page
    openai = page.partition('value="openai" checked>')[2].partition("</label>")[0]
    assert re.sub(r"<[^>]+>", " ", openai).split() == ["Op", "OpenAI", "api.openai.com"]
    azure = page.partition('value="azure-openai">')[2].partition("</label>")[0]
    assert "at an address of your own" in azure
    wrong = await admin.submit(NEW, "/admin/projects", name="x", provider="none", api_key=KEY)
    assert 'id="provider-error"' in wrong.text


@on_both
async def test_another_address_asks_for_the_key_for_it(admin: Browser) -> None:
    project = await make_project(base_url="http://10.1.2.3")
    key = await UpstreamKey.get(project_id=project.id)
    at = f"/admin/projects/{project.id}"
    assert 'name="api_key"' not in (await admin.get(f"{at}/edit")).text
    asked = await admin.submit(f"{at}/edit", name="moved", base_url="http://10.9.9.9")
    assert asked.status_code == 422
    assert 'name="api_key" type="password" value=""' in asked.text
    assert f"It replaces those entered for another one: {key.hint}" in asked.text
    assert 'value="http://10.9.9.9"' in asked.text
    fresh = await Project.get(id=project.id)
    assert (fresh.name, fresh.base_url) == (project.name, "http://10.1.2.3")

    moved = await admin.submit(
        f"{at}/edit", name="moved", base_url="http://10.9.9.9", api_key=" sk-for-it-0009\r\n"
    )
    assert "The project was changed." in moved.text
    new = await UpstreamKey.get(project_id=project.id)
    assert new.id != key.id
    assert RING.decrypt(new.ciphertext, new.id) == "sk-for-it-0009"
    assert "sk-for-it-0009" not in moved.text
    # Another provider at the same address is no other place; without the address it is.
    form = {"name": "moved", "provider": "anthropic"}
    assert (await admin.submit(f"{at}/edit", **form)).status_code == 422
    await admin.submit(f"{at}/edit", **form, base_url="http://10.9.9.9")
    assert (await Project.get(id=project.id)).provider == "anthropic"


async def test_a_project_names_no_address_that_the_operator_does_not_list(
    settings: Settings,
) -> None:
    async with serving(replace(settings, upstream_origins=("http://10.1.2.3:80",))) as url:
        await make_user("ada")
        async with browsing(url, "ada") as admin:
            sent = {"name": "shop", "provider": "openai", "api_key": KEY, "untested": "yes"}
            listed, other = ({"base_url": f"http://10.1.2.{n}"} for n in (3, 4))
            answer = await admin.submit(NEW, "/admin/projects", **sent, **other)
            assert answer.status_code == 422
            assert "none of UPSTREAM_ORIGINS" in answer.text
            assert (await admin.submit(NEW, "/admin/projects", **sent, **listed)).status_code == 200
            project = await Project.get()
            answer = await admin.submit(f"/admin/projects/{project.id}/edit", **sent, **other)
            assert answer.status_code == 422
            assert "none of UPSTREAM_ORIGINS" in answer.text
            assert (await Project.get()).base_url == listed["base_url"]


async def test_a_provider_that_is_gone_is_not_changed_by_the_way(admin: Browser) -> None:
    project = await make_project(base_url="http://10.1.2.3")
    await Project.filter(id=project.id).update(provider="gone")
    at = f"/admin/projects/{project.id}/edit"
    shown = (await admin.get(at)).text
    assert '<option value="gone" selected>gone (not configured here any more)</option>' in shown
    form = {"name": "renamed", "base_url": "http://10.1.2.3"}
    assert (await admin.submit(at, **form, provider="never")).status_code == 422
    await admin.submit(at, **form, provider="gone")
    fresh = await Project.get(id=project.id)
    assert (fresh.name, fresh.provider) == ("renamed", "gone")


async def test_a_key_that_was_left_behind_is_shown_as_such_and_not_even_tested(
    admin: Browser,
) -> None:
    async with FakeUpstream(api_keys={KEY}) as upstream:
        project = await make_project()
        key = await UpstreamKey.get(project_id=project.id)
        at = f"/admin/projects/{project.id}"
        page = (await admin.get(at)).text
        assert "1 in use" in page
        assert "Entered for another address" not in page
        await Project.filter(id=project.id).update(base_url=upstream.url)
        page = (await admin.get(at)).text
        assert "Entered for another address" in page
        assert "0 in use" in page
        assert "No key is in use" in page
        assert "In use" not in page
        tested = await admin.submit(at, f"{at}/keys/{key.id}/test")
        assert "it was not sent" in tested.text
        assert upstream.requests == ()


async def test_a_key_is_never_sent_to_the_machines_own_metadata(admin: Browser) -> None:
    project = await make_project(base_url="http://169.254.169.254")
    key = await UpstreamKey.get(project_id=project.id)
    at = f"/admin/projects/{project.id}"
    answer = await admin.submit(at, f"{at}/keys/{key.id}/test")
    assert "not allowed as an upstream" in answer.text


@on_both
async def test_the_list_is_searched_filtered_and_sorted(admin: Browser) -> None:
    for name in ("beta", "alpha", "gamma"):
        await make_project(name)
    gamma = await Project.get(name="gamma")
    await make_token(gamma)
    await gamma.deactivate(by=BY)

    async def names(query: str) -> list[str]:
        text = (await admin.get(f"/admin/projects?{query}")).text
        return re.findall(r'class="row-link"[^>]*>(\w+)<', text)

    assert await names("") == ["gamma", "alpha", "beta"]
    assert await names("sort=name") == ["alpha", "beta", "gamma"]
    assert await names("sort=-name") == ["gamma", "beta", "alpha"]
    assert await names("q=alp") == ["alpha"]
    assert await names(f"q={gamma.id}") == ["gamma"]
    assert await names("state=inactive") == ["gamma"]
    part = await admin.get("/admin/projects?q=bet", headers={"hx-request": "true"})
    assert part.text.lstrip().startswith('<section class="card" id="results">')


async def test_all_tokens_of_a_project_are_revoked_at_once(admin: Browser) -> None:
    project = await make_project()
    for _ in range(3):
        await make_token(project)
    at = f"/admin/projects/{project.id}/revoke-tokens"
    assert (await admin.submit(at, name="other")).status_code == 422
    assert "3 tokens revoked." in (await admin.submit(at, name="shop")).text
    assert not await Token.filter(revoked_at__isnull=True).exists()


async def test_failover_is_set_with_what_may_be_billed_twice_told(admin: Browser) -> None:
    project = await make_project("careful")
    at = f"/admin/projects/{project.id}/edit"
    form = await admin.get(at)
    assert form.text.count("it can be billed twice") == 2
    facts = {"name": "careful", "provider": "openai"}
    wrong = await admin.submit(at, at, **facts, failover="3", failover_statuses="429\n400")
    assert wrong.status_code == 422
    assert "Line 2: One of 401, 402, 403, 408" in wrong.text
    page = await admin.submit(
        at, at, **facts, failover="3", failover_statuses="429\n504", failover_timeout="2.5"
    )
    assert "Up to 3 keys, after 429, 504, or 2.5 s of silence" in page.text
    rule = {"max_attempts": 3, "statuses": [429, 504], "first_byte_timeout": 2.5}
    assert (await Project.get(id=project.id)).failover == rule
    shown = await admin.get(at)
    assert re.search(r"429\n504</textarea>", shown.text)
    await admin.submit(at, at, **facts, failover="2")
    assert (await Project.get(id=project.id)).failover == {
        "max_attempts": 2, "statuses": list(DEFAULT_STATUSES), "first_byte_timeout": None,
    }  # fmt: skip
    await admin.submit(at, at, **facts)
    assert (await Project.get(id=project.id)).failover is None


async def test_what_answers_are_kept_is_set_and_purged(admin: Browser) -> None:
    project = await make_project("keeps")
    at = f"/admin/projects/{project.id}/edit"
    facts = {"name": "keeps", "provider": "openai"}
    wrong = await admin.submit(at, at, **facts, cache="token", cache_ttl="0")
    assert (wrong.status_code, "At least 1" in wrong.text) == (422, True)
    page = await admin.submit(at, at, **facts, cache="token", cache_only="all")
    assert "Each token its own, for 3,600 s, all that may be kept" in page.text
    rule = {"ttl_seconds": 3600, "scope": "token", "only": "all"}
    assert (await Project.get(id=project.id)).cache == rule
    form = (await admin.get(at)).text
    assert 'value="3600"' in form
    assert '<option value="token" selected>' in form

    purge = f"/admin/projects/{project.id}/purge-cache"
    assert f'href="{purge}"' in page.text
    assert "Forget the kept answers of keeps?" in (await admin.get(purge)).text
    done = await admin.submit(purge)
    assert "No answer that was kept so far is given any more." in done.text
    assert await AuditEvent.filter(action="project.purge_cache").count() == 1
    assert (await project_cache.current())[project.id] > 0

    gone = await admin.submit(at, at, **facts)
    assert (await Project.get(id=project.id)).cache is None
    assert f'href="{purge}"' not in gone.text


async def test_a_project_says_what_its_kept_answers_have_saved(
    admin: Browser, viewer: Browser
) -> None:
    project = await make_project("keeps")
    at = f"/admin/projects/{project.id}"
    assert "Kept answers</h2>" not in (await admin.get(at)).text
    await project.change(
        by=BY, cache={"ttl_seconds": 60, "scope": "project", "only": "deterministic"}
    )
    assert "No request that may be answered out of it came" in (await admin.get(at)).text
    hit: dict[str, Any] = {"cache": "hit", "saved_nanos": 400_000_000, "cost_nanos": 0}
    asked = [entry(project_id=project.id, **hit) for _ in range(3)]
    await record(*asked, entry(cache="miss", project_id=project.id))
    page = (await admin.get(at)).text
    card = page[page.index('id="cache-title"') :]
    assert [text in card for text in ("75.0%", "3 of 4", "$1.20", "purge-cache")] == [True] * 4
    assert "purge-cache" not in (await viewer.get(at)).text
    # What was saved stays to be seen.
    await (await Project.get(id=project.id)).change(by=BY, cache=None)
    page = (await admin.get(at)).text
    assert ("It is off now" in page, "75.0%" in page, "purge-cache" in page) == (True, True, False)


async def test_a_key_that_rests_or_is_suspended_says_so_on_its_projects_page(
    admin: Browser,
) -> None:
    project = await make_project("busy")
    (key,) = await project.current_keys()
    ends = changes.now() + timedelta(minutes=5)
    await key_states.rest(key.id, "gpt-4o", "", ends, "429 slow_down")
    page = await admin.get(f"/admin/projects/{project.id}")
    assert f"Resting until {ends:%H:%M:%S} UTC" in page.text
    assert "429 slow_down" in page.text
    await key_states.suspend(key.id, "401 invalid_api_key")
    page = await admin.get(f"/admin/projects/{project.id}")
    assert "Suspended" in page.text
    assert "401 invalid_api_key" in page.text
