"""Journals as they are read beside the workers that write them: by whoever has to know now."""

from contextlib import suppress
from pathlib import Path

from models.entry import Entry
from proxy.journal.files import SUFFIX, entry_of


def journals(directory: Path) -> list[str]:
    """The ids of the journals, of living workers and of dead ones."""
    return [path.name.removesuffix(SUFFIX) for path in directory.glob(f"*{SUFFIX}")]


def sizes(directory: Path) -> dict[str, int]:
    """How long each journal is, by its id."""
    found = {}
    for journal in journals(directory):
        with suppress(FileNotFoundError):
            found[journal] = (directory / f"{journal}{SUFFIX}").stat().st_size
    return found


def entries(directory: Path, journal: str, start: int, end: int) -> list[Entry]:
    """What stands between two bytes of a journal; nothing where it is gone. Blocks."""
    try:
        with (directory / f"{journal}{SUFFIX}").open("rb") as file:
            file.seek(start)
            lines = file.read(end - start).splitlines(keepends=True)
    except FileNotFoundError:
        return []
    return [entry for line in lines if (entry := entry_of(line)) is not None]
