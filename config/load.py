"""From the environment to `Settings`: all of it, or every problem at once."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from dotenv.parser import parse_stream

from config.database import Database
from config.table import TABLE, Row, Settings


class ConfigError(Exception):
    """The configuration cannot be used. `problems` holds one line for each thing that is wrong."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Problems:
    """Those of several steps, to be told of at once: each step is a `with` of it."""

    def __init__(self) -> None:
        self._found: dict[str, None] = {}

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> bool:
        if not isinstance(error, ConfigError):
            return False
        self._found |= dict.fromkeys(error.problems)
        return True

    def tell(self) -> None:
        """Raises ConfigError with all that were found; behind it, all steps have been taken."""
        if self._found:
            raise ConfigError(tuple(self._found))


def load(
    environ: Mapping[str, str] | None = None, dotenv_path: str | Path | None = ".env"
) -> Settings:
    """Read the environment over `.env` (nothing is interpolated); an empty value counts as unset.

    An empty variable in the environment therefore undoes one in `.env`. Raises ConfigError.
    """
    given, problems = _dotenv(dotenv_path)
    given |= os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for row in TABLE:
        try:
            values[row.field] = _value(row, given.get(row.name) or row.default)
        except ValueError as exc:
            problems.append(f"{row.name}: {exc}. Allowed: {row.form.allowed}.")
    if "database" in values and values["database"].dialect == "postgres":
        problems += _missing_on_postgres(values)
    if problems:
        raise ConfigError(tuple(problems))
    return Settings(**values)


def load_database(
    environ: Mapping[str, str] | None = None, dotenv_path: str | Path | None = ".env"
) -> Database:
    """`DATABASE_URL` alone, for plain `aerich`, which needs none of the secrets.

    Raises ConfigError.
    """
    given, problems = _dotenv(dotenv_path)
    given |= os.environ if environ is None else environ
    (row,) = (row for row in TABLE if row.name == "DATABASE_URL")
    try:
        database: Database = _value(row, given.get(row.name) or row.default)
    except ValueError as exc:
        problems.append(f"{row.name}: {exc}. Allowed: {row.form.allowed}.")
    if problems:
        raise ConfigError(tuple(problems))
    return database


def read_dotenv(path: str | Path) -> dict[str, str]:
    """What the file gives, whatever it names. Raises ConfigError."""
    given, problems = _dotenv(path)
    if problems:
        raise ConfigError(tuple(problems))
    return given


def _dotenv(path: str | Path | None) -> tuple[dict[str, str], list[str]]:
    if path is None or not Path(path).is_file():
        return {}, []
    try:
        with Path(path).open(encoding="utf-8") as lines:
            bindings = list(parse_stream(lines))
    except (OSError, UnicodeDecodeError) as exc:
        return {}, [f"{path}: cannot be read ({type(exc).__name__}). Allowed: a UTF-8 text file."]
    problems = [
        f"{path}: line {binding.original.line} is not understood. Allowed: NAME=value."
        for binding in bindings
        if binding.error
    ]
    return {b.key: b.value for b in bindings if b.key and b.value is not None}, problems


_LISTS: Final = (
    "encryption_keys", "trusted_proxies", "upstream_origins", "destination_origins", "middleware",
)  # fmt: skip


def _value(row: Row, text: str | None) -> Any:
    if text is not None:
        return row.form.parse(text)
    # Lists are empty where nothing was given; everything else is None.
    return () if row.field in _LISTS else None


def _missing_on_postgres(values: dict[str, Any]) -> list[str]:
    """A platform's disk forgets, so what would be generated into it must be given."""
    return [
        f"{row.name}: must be given on PostgreSQL. Allowed: {row.form.allowed}."
        for row in TABLE
        if row.name in ("MANAGEMENT_TOKEN", "ENCRYPTION_KEY")
        # A wrong value is not in `values`, and has its line already.
        and not values.get(row.field, "wrong")
    ]
