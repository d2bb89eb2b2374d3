"""What is stored of limits, and how, is known in `proxy/limits/` alone."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[3]
#: Rooms that could take a short cut. Migrations install the tables; tools and tests may look.
ROOMS: Final = (
    "admin",
    "cli",
    "config",
    "delivery",
    "manage",
    "models",
    "proxy",
    "server",
    "setup",
    "telemetry",
)
#: The file, tables, functions, the prefixes of keys, and how keys are told apart.
INSIDES: Final = re.compile(
    r"""limits\.db|limit_counter|limit_(acquire|decide|beat|worker|lease|clock)"""
    r"""|(FROM|INTO|UPDATE) (counter|slot)\b|["'][tp]:["'{]"""
)


def test_no_other_room_knows_files_tables_or_keys_of_limits() -> None:
    sources = [ROOT / "app.py"]
    sources += [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sources
        if ROOT / "proxy" / "limits" not in path.parents
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if INSIDES.search(line)
    ]
    assert found == []


def test_the_patterns_are_found_where_they_belong() -> None:
    """So that a renamed table does not leave the test above without anything to find."""
    limits = ROOT / "proxy" / "limits"
    text = "\n".join(path.read_text() for path in limits.glob("*.py"))
    assert {"limits.db", "limit_counter", "FROM counter", "INTO slot", '"t:"'} <= {
        match.group() for match in INSIDES.finditer(text)
    }
