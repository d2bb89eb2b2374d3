"""Writes `.env.example` and three pages of docs/: configuration, command-line and providers."""

from pathlib import Path

from config import TABLE, Row
from docs.commands import command_line
from docs.providers_page import providers

ROOT = Path(__file__).parent.parent

_ENV_HEAD = """\
# Settings of LLM Proxy. Copy this file to .env and remove the # before what you change.
# Variables of the environment win over .env. Written by `make docs`.
"""

_CONFIGURATION_HEAD = """\
# Configuration

LLM Proxy reads these variables from the environment and from a file `.env` in the directory it is
started in. The environment wins, and an empty value counts as unset. In `.env` nothing is
interpolated. `llm-proxy doctor` checks them. A wrong value stops the start with one line per
problem and exit code 2.

Generated secrets (SQLite only) are kept in files of mode 0600 in `DATA_DIR`: `management-token`,
`encryption-key`, `admin-password`. They are shown once on a terminal, and never logged.

<!-- Written by `make docs` from config/table.py. -->

| Name | Default | Meaning | Allowed |
|---|---|---|---|
"""


def env_example() -> str:
    """The text of `.env.example`."""
    return _ENV_HEAD + "".join(_env_row(row) for row in TABLE)


def _env_row(row: Row) -> str:
    default = "" if row.default else f" Default: {row.absent}."
    return (
        f"\n# {row.help}{default}\n# Allowed: {row.form.allowed}\n#{row.name}={row.default or ''}\n"
    )


def configuration() -> str:
    """The text of docs/configuration.md."""
    return _CONFIGURATION_HEAD + "".join(_table_row(row) for row in TABLE)


def _table_row(row: Row) -> str:
    default = f"`{row.default}`" if row.default else row.absent
    return f"| `{row.name}` | {default} | {row.help} | {row.form.allowed} |\n"


def files() -> dict[Path, str]:
    """Every written file with the text it should have."""
    return {
        ROOT / ".env.example": env_example(),
        ROOT / "docs" / "configuration.md": configuration(),
        ROOT / "docs" / "command-line.md": command_line(),
        ROOT / "docs" / "providers.md": providers(),
    }


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
