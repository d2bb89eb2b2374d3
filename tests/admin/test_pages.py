"""What `docs/architecture.md` says under "Adding an admin page": no step of it is forgotten."""

import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import admin as room
from admin import views
from admin.plane import FAMILIES
from admin.web.page_table import Page, Pages
from tests.browser.pages import PAGES

ROOT = Path(room.__file__).parents[1]
TEMPLATES = [path for path in (ROOT / "templates").rglob("*.html") if path.parent.name != "manage"]
ROWS = [page for family in FAMILIES for page in family.rows]
#: What no reader looks at as a page, and why.
NO_PAGE = {
    "/": "a redirect",
    "/login": "looked at by a stranger, in test_signing_in",
    "/tokens/{token_id}/secret": "shown once; tests/browser/test_first_hour.py",
    "/destinations/{destination_id}/secret": "shown once, as that of a token is",
    "/management-tokens/{management_token_id}/secret": "shown once, as that of a token is",
    "/requests/tail": "a stream",
    "/audit/export": "a file",
    "/requests/export": "a file",
    "/usage/export": "a file",
}
#: Posts that a reader takes back as easily as they were made, so none asks first.
HARMLESS = {
    "/projects", "/projects/{project_id}/activate", "/projects/{project_id}/keys",
    "/projects/{project_id}/keys/{key_id}/enable", "/projects/{project_id}/keys/{key_id}/disable",
    "/projects/{project_id}/keys/{key_id}/test",
    "/destinations", "/destinations/{destination_id}/enable",
    "/destinations/{destination_id}/disable", "/destinations/{destination_id}/test",
    "/management-tokens", "/tokens", "/users", "/users/{user_id}/role", "/users/{user_id}/password",
    "/users/{user_id}/activate", "/users/{user_id}/deactivate",
    "/login", "/logout", "/account/password", "/account/sessions/{session_id}/revoke",
}  # fmt: skip


def _families() -> Iterator[Pages]:
    for module in pkgutil.iter_modules(views.__path__):
        loaded = import_module(f"{views.__name__}.{module.name}")
        yield from (value for value in vars(loaded).values() if isinstance(value, Pages))


def _named(page: Page) -> str:
    return f"{page.method} {page.path}"


def test_every_family_of_pages_is_served() -> None:
    assert {id(family) for family in _families()} == {id(family) for family in FAMILIES}


@pytest.mark.parametrize("page", ROWS, ids=_named)
def test_a_view_takes_the_ids_of_its_path_and_says_what_it_is_for(page: Page) -> None:
    places = re.findall(r"\{(\w+)\}", page.path)
    assert list(inspect.signature(page.view).parameters) == ["ctx", *places]
    assert page.view.__doc__
    assert len(inspect.getsource(page.view).splitlines()) <= 40


def test_every_page_is_looked_at_for_accessibility() -> None:
    looked_at = {re.sub(r"\{(\w+)\}", r"{\1_id}", path.partition("?")[0]) for path in PAGES}
    pages = {page.path for page in ROWS if page.method == "GET"}
    assert pages - set(NO_PAGE) == {f"/{path}" for path in looked_at} - {"/nowhere"}
    assert set(NO_PAGE) <= pages


def test_a_page_that_leads_to_a_change_is_for_who_may_make_it() -> None:
    roles = {page.path: page.role for page in ROWS if page.method == "POST"}
    for page in ROWS:
        is_form = page.path in roles or page.path.endswith("/new")
        if page.method == "GET" and is_form and page.path not in (
            "/login", "/destinations", "/management-tokens", "/projects", "/tokens", "/users",
            "/projects/{project_id}/endpoints",
        ):  # fmt: skip
            assert page.role == "admin", page.path


def test_what_cannot_be_taken_back_asks_first() -> None:
    asked = {page.path for page in ROWS if page.method == "GET"}
    changes = {page.path for page in ROWS if page.method == "POST"}
    assert changes - asked <= HARMLESS
    assert changes >= HARMLESS


def test_every_form_that_posts_has_the_token() -> None:
    found = 0
    for path in TEMPLATES:
        for form in re.findall(r'<form[^>]*method="post".*?</form>', path.read_text(), re.DOTALL):
            found += 1
            assert "{{ csrf(csrf_token) }}" in form or 'name="csrf"' in form, path
    assert found > 15


def test_every_form_that_edits_what_is_stored_says_what_it_was_opened_with() -> None:
    found = 0
    for path in TEMPLATES:
        for form in re.findall(r'<form[^>]*/edit".*?</form>', path.read_text(), re.DOTALL):
            found += 1
            assert "opened(form" in form, path
    edited = [row for row in ROWS if row.method == "POST" and row.path.endswith("/edit")]
    assert found == len(edited)


def test_every_template_is_used() -> None:
    used = "\n".join(
        [path.read_text() for path in TEMPLATES]
        + [path.read_text() for path in (ROOT / "admin").rglob("*.py")]
    )
    for path in TEMPLATES:
        name = path.relative_to(ROOT / "templates").as_posix()
        assert f'"{name}"' in used, name


def test_every_family_has_tests_of_its_own() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests" / "admin").rglob("test_*.py"))
    for page in ROWS:
        start = page.path.partition("{")[0].rstrip("/")
        assert f"/admin{start}" in tests, page.path
