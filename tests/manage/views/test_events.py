"""`/manage/events`"""

from datetime import timedelta
from uuid import UUID

import httpx

from models import changes
from models.events import News, moment, tell
from models.ids import first_id_at

_PROJECT, _KEY = UUID(int=11), UUID(int=12)


async def test_events_are_listed_filtered_and_paged(client: httpx.AsyncClient) -> None:
    now = changes.now()
    told = await tell(
        *(
            News(
                kind="key.resting",
                data={"reason": "429", "model": f"m{age}"},
                project_id=_PROJECT,
                key_id=_KEY,
                id=first_id_at(now - timedelta(hours=age)),
                at=now - timedelta(hours=age),
            )
            for age in (3, 2, 1)
        ),
        News(kind="database.back", data={"seconds": 2}),
    )
    whole = (await client.get("/manage/events")).json()
    assert whole["next_cursor"] is None
    assert [row["id"] for row in whole["data"]] == [str(one.id) for one in reversed(told)]
    assert whole["data"][0] == {
        "id": str(told[-1].id),
        "at": moment(told[-1].at),
        "kind": "database.back",
        "project_id": None,
        "token_id": None,
        "key_id": None,
        "data": {"seconds": 2},
    }
    for query, count in (
        ({"kind": "key.resting"}, 3),
        ({"kind": "request.failed"}, 0),
        ({"project_id": str(_PROJECT), "key_id": str(_KEY)}, 3),
        ({"project_id": str(_KEY)}, 0),
        ({"from": moment(now - timedelta(minutes=150))}, 3),
        ({"to": moment(now - timedelta(minutes=150))}, 1),
    ):
        rows = (await client.get("/manage/events", params=query)).json()["data"]
        assert len(rows) == count, query
    first = (await client.get("/manage/events", params={"limit": 3})).json()
    rest = (await client.get("/manage/events?limit=3&cursor=" + first["next_cursor"])).json()
    assert [row["data"] for row in rest["data"]] == [{"model": "m3", "reason": "429"}]
    unknown = await client.get("/manage/events", params={"kind": "key.gone"})
    assert unknown.status_code == 400
