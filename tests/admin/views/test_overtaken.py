"""A form that another tab has overtaken says what changed, and undoes nothing in silence."""

import html
import re

import pytest

from models import Destination, Token, UpstreamKey
from models.audit import Actor
from tests.admin.conftest import BY, RING, Browser, make_project, make_token, on_both

_FIELD = re.compile(r"<input[^>]*>|<textarea.*?</textarea>|<select.*?</select>", re.DOTALL)


def fields_of(text: str) -> dict[str, str]:
    """The fields of a form as a browser would post them."""
    sent = {}
    (form,) = re.findall(r'<form[^>]*method="post" action="[^"]*/edit">.*?</form>', text, re.DOTALL)
    for control in _FIELD.findall(form):
        tag = control.partition(">")[0]
        name = re.search(r' name="(\w+)"', tag)
        assert name, tag
        if control.startswith("<textarea"):
            value = control.partition(">")[2].removesuffix("</textarea>").removeprefix("\n")
        elif control.startswith("<select"):
            chosen = re.search(r'value="([^"]*)" selected', control)
            value = chosen[1] if chosen else re.findall(r'value="([^"]*)"', control)[0]
        elif re.search(r'type="(radio|checkbox)"', tag) and " checked" not in tag:
            continue
        else:
            found = re.search(r' value="([^"]*)"', tag)
            value = found[1] if found else ""
        sent[name[1]] = html.unescape(value).replace("\n", "\r\n")
    return sent


@on_both
async def test_what_was_typed_is_kept_and_what_was_not_touched_is_taken_over(
    admin: Browser,
) -> None:
    token = await make_token(await make_project(), "web", allowed_models=["a", "b"])
    at = f"/admin/tokens/{token.id}/edit"
    form = fields_of((await admin.get(at)).text)
    await token.change(by=BY, name="<b>theirs</b>", requests_per_minute=60)

    answer = await admin.post(at, data=form | {"name": "ours"})
    assert answer.status_code == 409
    assert "changed since you opened the form:</b> name, requests per minute." in answer.text
    assert "<b>theirs</b>" not in answer.text
    told = html.unescape(answer.text)
    assert "Meanwhile changed to “<b>theirs</b>”. What you typed stands here" in told
    assert "Meanwhile changed to “60”, which stands here now." in told
    assert '<details class="card fold" open>' in answer.text
    assert (await Token.get(id=token.id)).name == "<b>theirs</b>"

    again = fields_of(answer.text)
    assert (again["name"], again["requests_per_minute"]) == ("ours", "60")
    assert "Save all the same" in answer.text
    saved = await admin.post(at, data=again)
    assert "The token was changed." in saved.text
    row = await Token.get(id=token.id)
    assert (row.name, row.requests_per_minute, row.allowed_models) == ("ours", 60, ["a", "b"])


async def test_what_comes_between_the_telling_and_the_saving_is_told_as_well(
    admin: Browser,
) -> None:
    token = await make_token(await make_project(), "web")
    at = f"/admin/tokens/{token.id}/edit"
    form = fields_of((await admin.get(at)).text)
    await token.change(by=BY, name="second")
    told = fields_of((await admin.post(at, data=form | {"name": "ours"})).text)
    await token.change(by=BY, name="third")
    answer = await admin.post(at, data=told)
    assert answer.status_code == 409
    assert "“third”" in answer.text


async def test_a_form_that_says_the_same_or_was_not_overtaken_is_saved_at_once(
    admin: Browser,
) -> None:
    token = await make_token(await make_project(), "web", allowed_models=["b", "a"])
    at = f"/admin/tokens/{token.id}/edit"
    form = fields_of((await admin.get(at)).text)
    await token.change(by=BY, name="agreed")
    # The budgets' text, a list's order and the ends of lines say nothing new.
    saved = await admin.post(at, data=form | {"name": " agreed", "allowed_models": "a\nb"})
    assert "The token was changed." in saved.text
    # What no page made is not compared: a script that posts what it means.
    del form["opened"]
    assert "The token was changed." in (await admin.post(at, data=form | {"name": "x"})).text
    for hostile in ("=", "name", "a=b=c name==", "\x00 " * 100, "name=0"):
        answer = await admin.post(at, data=form | {"opened": hostile})
        assert answer.status_code in (200, 409), hostile


@pytest.mark.parametrize(("chosen", "said"), [("keep", "stands here now"), ("never", "replaces")])
async def test_an_end_that_was_moved_meanwhile_is_told_where_it_is_chosen(
    admin: Browser, chosen: str, said: str
) -> None:
    token = await make_token(await make_project(), "web")
    at = f"/admin/tokens/{token.id}/edit"
    form = fields_of((await admin.get(at)).text)
    await token.change(by=BY, expires_at=token.created_at.replace(year=2090))
    answer = await admin.post(at, data=form | {"expiry": chosen})
    assert answer.status_code == 409
    (note,) = re.findall(r'id="expiry-note">(.*?)</p>', answer.text, re.DOTALL)
    assert "2090-" in note
    assert said in note
    assert "The token was changed." in (await admin.post(at, data=fields_of(answer.text))).text
    row = await Token.get(id=token.id)
    assert (row.expires_at is None) == (chosen == "never")


async def test_projects_keys_and_destinations_are_compared_as_well(admin: Browser) -> None:
    project = await make_project("shop", requests_per_minute=5)
    key = await UpstreamKey.get(project_id=project.id)
    row, _ = await Destination.make(kind="jsonl", ring=RING, by=BY, name="ops")
    other = Actor("cli:other")

    async def rename_project() -> None:
        await project.change(by=other, name="theirs", budgets=[])

    async def label_key() -> None:
        await key.change(by=other, label="theirs")

    async def rename_destination() -> None:
        await row.change(ring=RING, by=other, name="theirs", events=["key.suspended"])

    for at, field, change in (
        (f"/admin/projects/{project.id}/edit", "name", rename_project),
        (f"/admin/projects/{project.id}/keys/{key.id}/edit", "label", label_key),
        (f"/admin/destinations/{row.id}/edit", "name", rename_destination),
    ):
        form = fields_of((await admin.get(at)).text)
        unchanged = await admin.post(at, data=form)
        assert "was changed." in unchanged.text, at
        form = fields_of((await admin.get(at)).text)
        await change()
        answer = await admin.post(at, data=form | {field: "ours"})
        assert answer.status_code == 409, at
        assert "“theirs”" in answer.text
        assert fields_of(answer.text)[field] == "ours"
        wrong = await admin.post(at, data=form | {field: "x" * 300})
        assert wrong.status_code == 422
        # The mistake made good, the form still knows what it was opened with.
        mended = await admin.post(at, data=fields_of(wrong.text) | {field: "ours"})
        assert mended.status_code == 409
        assert "was changed." in (await admin.post(at, data=fields_of(mended.text))).text
