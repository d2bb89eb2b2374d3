"""Telling of tokens that have used up what they may use for good, each once."""

from typing import Final

from models import exhaustion
from models.db.conditions import select
from models.db.database import run_in_transaction
from models.events import News, tell

_NAMES: Final = (
    "SELECT t.project_id AS project_id, t.name AS token_name, p.name AS project_name,"
    " t.max_requests AS max_requests"
    " FROM token t JOIN project p ON p.id = t.project_id WHERE t.id = {}"
)


async def tell_exhausted() -> int:
    """Tell of some of those that nobody was told of; of how many. Raises DatabaseUnavailable.

    Call again while it returns more than 0. They count as told in the same transaction.
    """
    # Without a transaction that writes, where none is there.
    if not await select("SELECT 1 AS found FROM exhausted WHERE told_at IS NULL LIMIT 1"):
        return 0
    return await run_in_transaction(_tell_some)


async def _tell_some() -> int:
    found = await exhaustion.untold()
    news = []
    for one in found:
        # A token that is gone is missed by nobody.
        for row in await select(_NAMES, [str(one.token_id)]):
            project_id = str(row.pop("project_id"))
            most = row.pop("max_requests")
            data = {"why": "max_requests" if one.why == "requests" else "budget", **row}
            if one.why == "requests":
                data["max_requests"] = most
            news.append(
                News(
                    kind="token.exhausted",
                    data=data,
                    project_id=project_id,
                    token_id=one.token_id,
                )
            )
    await tell(*news)
    return len(found)
