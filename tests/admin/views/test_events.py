"""Events are listed in words, newest first, whatever their texts hold."""

from models.events import News, tell
from models.ids import new_id
from tests.admin.conftest import Browser, make_project, on_both

LIST = "/admin/events"


@on_both
async def test_events_are_told_in_a_line_each_with_the_way_to_what_they_are_of(
    admin: Browser,
) -> None:
    assert "No event" in (await admin.get(LIST)).text
    project, token = await make_project(), new_id()
    await tell(
        News(
            kind="token.expiring",
            data={"token_name": "<b>search</b>", "project_name": "Docs", "seconds_before": 604_800},
            project_id=project.id,
            token_id=token,
        ),
        News(kind="key.suspended", data={"reason": "401", "key_label": "main"}, key_id=new_id()),
    )
    text = (await admin.get(LIST)).text
    assert "The token &lt;b&gt;search&lt;/b&gt; ends within 7 days." in text
    assert text.index("The key main is suspended: 401.") < text.index("ends within 7 days")
    assert f'href="/admin/tokens/{token}"' in text
    assert f'href="/admin/projects/{project.id}"' in text
    only = (await admin.get(f"{LIST}?kind=token.expiring")).text
    assert "is suspended: 401" not in only
    assert "ends within 7 days" in only
    of_one = (await admin.get(f"{LIST}?token={token}")).text
    assert "Of one token only" in of_one
    assert "is suspended: 401" not in of_one
    assert LIST in (await admin.get("/admin/destinations")).text
