"""Providers: endpoints, prices and projects of each, for viewers as well."""

import re
from dataclasses import replace
from pathlib import Path

from config import Settings
from proxy.providers.catalog import BUILT_IN
from tests.admin.conftest import BY, Browser, browsing, make_project, make_user, on_both, serving

LIST = "/admin/providers"


@on_both
async def test_the_list_has_every_provider_and_its_projects(viewer: Browser) -> None:
    for name in ("one", "two", "gone"):
        project = await make_project(name)
    await project.erase(by=BY)
    page = (await viewer.get(LIST)).text
    linked = re.findall(r'class="row-link" href="/admin/providers\?name=([^"]+)"', page)
    assert set(linked) == set(BUILT_IN)
    # What is used stands first, and what was deleted does not count.
    assert linked[0] == "openai"
    row = page.partition("name=openai")[2].partition("</tr>")[0]
    assert re.findall(r'<td class="number">(\d+)</td>', row)[0] == "2"


async def test_a_provider_shows_what_it_lets_through_and_costs(viewer: Browser) -> None:
    project = await make_project("shop")
    page = (await viewer.get(f"{LIST}?name=openai&q=gpt-4o")).text
    for endpoint in BUILT_IN["openai"].endpoints:
        assert endpoint.pattern in page
    assert f'href="/admin/projects/{project.id}"' in page
    row = page.partition(">gpt-4o<")[2].partition("</tr>")[0]
    assert re.findall(r"\$[\d.]+", row) == ["$2.50", "$1.25", "$10.00"]
    assert "128,000" in row
    assert "/projects/new" not in page


async def test_a_new_project_begins_with_the_provider_that_was_looked_at(admin: Browser) -> None:
    page = (await admin.get(f"{LIST}?name=anthropic")).text
    assert 'href="/admin/projects/new?provider=anthropic"' in page
    form = (await admin.get("/admin/projects/new?provider=anthropic")).text
    assert 'value="anthropic" checked' in form
    assert 'value="openai" checked' in (await admin.get("/admin/projects/new?provider=x")).text


async def test_prices_are_leafed_through_and_searched(viewer: Browser) -> None:
    first = (await viewer.get(f"{LIST}?name=openrouter")).text
    assert first.count('<td class="name mono">') == 25 + len(BUILT_IN["openrouter"].endpoints)
    on = re.search(r'href="([^"]+)" rel="next"', first)
    assert on
    second = (await viewer.get(on[1].replace("&amp;", "&"))).text
    assert "26 to 50" in second
    last = (await viewer.get(f"{LIST}?name=openrouter&page=999999999")).text
    assert 'rel="next"' not in last
    part = await viewer.get(f"{LIST}?name=openai&q=zzz", headers={"hx-request": "true"})
    assert "No model with a price has this in its name." in part.text
    assert "<html" not in part.text


async def test_a_provider_that_is_not_there_is_not_found(viewer: Browser) -> None:
    answer = await viewer.get(f"{LIST}?name=<b>nobody")
    assert answer.status_code == 404
    assert "<b>nobody" not in answer.text


async def test_the_operators_own_providers_show_no_value_of_a_field(
    settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "providers.toml"
    file.write_text(
        '[providers.our-gateway]\nlike = "openai"\nbase_url = "https://llm.example.com"\n'
        'headers = { "x-gateway-key" = "a-value-that-is-secret" }\n'
    )
    async with serving(replace(settings, providers_file=file)) as url:
        await make_user("ada")
        async with browsing(url, "ada") as admin:
            page = (await admin.get(f"{LIST}?name=our-gateway")).text
            assert "x-gateway-key" in page
            assert "a-value-that-is-secret" not in page
            assert "our-gateway" in (await admin.get(LIST)).text
