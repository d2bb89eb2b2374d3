"""What the list of projects says of their costs."""

from datetime import UTC, datetime

from models.ledger import apply_batch
from tests.admin.conftest import Browser, make_project, make_token
from tests.manage.entries import entry


async def test_a_days_cost_says_how_many_requests_are_not_in_it(admin: Browser) -> None:
    present = datetime.now(UTC)
    project = await make_project()
    token = await make_token(project)
    use = {"project_id": project.id, "token_id": token.id}
    await apply_batch("j", 0, 1, [entry(present, cost_nanos=2_930_000_000, **use)])
    assert "without a price" not in (await admin.get("/admin/projects")).text
    await apply_batch("j", 1, 2, [entry(present, cost_nanos=None, **use)])
    page = (await admin.get("/admin/projects")).text
    assert "$2.93" in page
    assert "1 request without a price" in page
