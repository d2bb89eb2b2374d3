"""`/admin/requests`"""

from datetime import UTC, datetime

from models.entry import apply_batch
from tests.admin.conftest import Browser, make_project, make_token
from tests.manage.entries import entry


async def test_the_cost_of_one_request_can_be_held_against_a_bill(admin: Browser) -> None:
    project = await make_project()
    token = await make_token(project)
    one = entry(datetime.now(UTC), project_id=project.id, token_id=token.id, cost_nanos=40_010_000)
    await apply_batch("j", 0, 1, [one])
    assert "$0.04001" in (await admin.get(f"/admin/requests/{one.id}")).text
