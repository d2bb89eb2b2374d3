"""Workers of a few lines, which the journal's tests run as processes, kill and starve of disk."""

import asyncio
import json
import resource
import sys
from pathlib import Path

from loguru import logger

from proxy.journal.writer import Journal
from tests.models.rows import an_entry


def write_for_ever(directory: Path) -> None:
    """Append without end, acknowledging each entry on stdout once it is appended."""
    journal = Journal(directory)
    while True:
        entry = an_entry()
        journal.append(entry)
        sys.stdout.write(f"{entry.id}\n")
        sys.stdout.flush()


def fill_the_disk(directory: Path) -> None:
    """Append over the most that the disk takes, then again once there is room; report."""
    # No handler for the signal: Python ignores it, and writes fail as on a full disk.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    journal = Journal(directory)
    (path,) = directory.iterdir()
    # Not a multiple of a line, so that the last write is a short one.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, hard))
    entries = [an_entry() for _ in range(10)]
    for entry in entries:
        journal.append(entry)
    full = {"state": journal.state, "kept": journal.kept, "disk": path.read_text()}
    asyncio.run(journal.keep())
    full["state_after_trying"] = journal.state
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    asyncio.run(journal.keep())
    journal.append(last := an_entry())
    report = {
        "full": full,
        "state": journal.state,
        "pending": journal.pending,
        "disk": path.read_text(),
        "appended": [str(entry.id) for entry in (*entries, last)],
    }
    sys.stdout.write(json.dumps(report))


if __name__ == "__main__":
    logger.remove()
    {"write": write_for_ever, "fill": fill_the_disk}[sys.argv[1]](Path(sys.argv[2]))
