"""Telling the database of shares of budgets that were reached in the limits' file."""

import asyncio

from proxy.limits.alerts import tell
from proxy.limits.sqlite_charges import SqliteCharges


async def tell_reached(charges: SqliteCharges) -> None:
    """Tell those that nobody was told of, once each. Raises LimitsUnavailable, DatabaseUnavailable.

    They are noted in the file in the step in which they are reached, and forgotten when the
    database has them, which takes each only once.
    """
    if charges.may_have_reached:
        reached = await asyncio.to_thread(charges.due)
        await tell(reached)
        await asyncio.to_thread(charges.told, reached)
