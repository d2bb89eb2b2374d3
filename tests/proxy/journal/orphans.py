"""Journals with entries in them: a living one, and what a killed worker leaves."""

from pathlib import Path

from models.entry import Entry, encode
from proxy.journal import files
from proxy.journal.writer import Journal
from tests.models.rows import an_entry


def append(journal: Journal, count: int) -> list[str]:
    entries = [an_entry() for _ in range(count)]
    for entry in entries:
        journal.append(entry)
    return [entry.id for entry in entries]


def leave_an_orphan(directory: Path, content: bytes) -> Path:
    """What a worker that was killed leaves behind."""
    orphan = files.create(directory)
    orphan.path.write_bytes(content)
    orphan.release()
    return orphan.path


def lines(*entries: Entry) -> bytes:
    return b"".join(encode(entry) + b"\n" for entry in entries)
