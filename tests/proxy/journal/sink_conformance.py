"""What every sink has to do. A new one is one more subclass, with a `store` of its own."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from models.ids import new_id
from proxy.journal import files
from proxy.journal.sink import Sink
from tests.models.rows import an_entry
from tests.proxy.journal.orphans import leave_an_orphan, lines


class Store(NamedTuple):
    """Where a sink keeps what it took."""

    #: A sink made anew over what the one before stored, as after kill -9.
    make: Callable[[], Sink]
    #: The ids of all entries that were taken, sorted.
    taken: Callable[[], Awaitable[list[str]]]


class SinkConformance:
    """Exactly once by position, whatever is asked again and whoever dies."""

    async def test_a_range_counts_once_however_often_it_is_delivered(self, store: Store) -> None:
        make, taken = store
        entries = [an_entry(), an_entry()]
        assert await make().deliver("j", 0, 100, entries) == 100
        assert await make().deliver("j", 0, 100, entries) == 100
        assert await make().position("j") == 100
        assert await taken() == [entry.id for entry in entries]

    async def test_a_longer_range_is_not_taken_where_its_beginning_was(self, store: Store) -> None:
        """The answer was lost, more entries came, and the consumer asks again with all of them."""
        make, taken = store
        entries = [an_entry() for _ in range(3)]
        assert await make().deliver("j", 0, 100, entries[:2]) == 100
        assert await make().deliver("j", 0, 150, entries) == 100
        assert await make().deliver("j", 100, 150, entries[2:]) == 150
        assert await taken() == [entry.id for entry in entries]

    async def test_a_range_ahead_of_the_position_is_not_taken(self, store: Store) -> None:
        """It was restored from a backup, and the consumer remembers a later position."""
        make, taken = store
        entries = [an_entry() for _ in range(2)]
        assert await make().deliver("j", 0, 100, entries[:1]) == 100
        assert await make().deliver("j", 200, 300, entries[1:]) == 100
        assert await taken() == [entries[0].id]

    async def test_a_journal_never_seen_is_at_its_beginning(self, store: Store) -> None:
        make, _ = store
        assert await make().position(str(new_id())) == 0

    async def test_journals_have_positions_of_their_own(self, store: Store) -> None:
        make, taken = store
        first, second = an_entry(), an_entry()
        assert await make().deliver("a", 0, 100, [first]) == 100
        assert await make().position("b") == 0
        assert await make().deliver("b", 0, 70, [second]) == 70
        assert await make().position("a") == 100
        assert await taken() == [first.id, second.id]

    async def test_a_range_of_damaged_lines_alone_moves_the_position(self, store: Store) -> None:
        make, taken = store
        assert await make().deliver("j", 0, 40, []) == 40
        assert await make().position("j") == 40
        assert await taken() == []

    async def test_of_two_that_deliver_the_same_one_is_taken(self, store: Store) -> None:
        """A journal whose lock does not hold, or a worker that goes on after it was given up."""
        make, taken = store
        entries = [an_entry() for _ in range(4)]
        answers = await asyncio.gather(*(make().deliver("j", 0, 100, entries) for _ in range(4)))
        assert answers == [100] * 4
        assert await taken() == [entry.id for entry in entries]

    async def test_a_consumer_killed_at_any_step_leaves_nothing_out_and_nothing_twice(
        self, store: Store, tmp_path: Path
    ) -> None:
        """Each is dropped after one step, with all that it remembered, and the next one adopts."""
        make, taken = store
        entries = [an_entry() for _ in range(6)]
        path = leave_an_orphan(tmp_path, lines(*entries))
        file = files.adopt(path)
        assert file is not None
        done = 0
        while done < file.size:
            sink = make()
            done = await sink.position(file.id)
            batch = files.read_batch(file, done, limit=2)
            # The answer to every delivery is lost once.
            await sink.deliver(file.id, batch.start, batch.end, batch.entries)
            done = await make().deliver(file.id, batch.start, batch.end, batch.entries)
        assert await taken() == [entry.id for entry in entries]
