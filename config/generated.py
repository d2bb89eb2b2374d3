"""Secrets made on the first start and kept in `DATA_DIR`, where the database is a file too.

Each is one file of mode 0600 that appears whole or not at all, so that two processes that start at
once end up with the same secret.
"""

import base64
import os
import secrets
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from config.load import ConfigError
from config.table import TABLE, Settings


def _encryption_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


_MAKERS: Final[dict[str, Callable[[], str]]] = {
    "MANAGEMENT_TOKEN": lambda: secrets.token_urlsafe(32),
    "ENCRYPTION_KEY": _encryption_key,
    "ADMIN_PASSWORD": lambda: secrets.token_urlsafe(18),
}


def generate_missing(settings: Settings) -> tuple[Settings, dict[str, str]]:
    """Fill in the secrets that were not given, from `DATA_DIR` or, the first time, anew.

    Returns the settings and, by variable, what this call made: to be shown once, never logged.
    On PostgreSQL nothing is made. Raises ConfigError when a file cannot be read, written or used.
    """
    made: dict[str, str] = {}
    return _fill(settings, made), made


def read_generated(settings: Settings) -> Settings:
    """As `generate_missing`, but what was never made stays missing. Raises ConfigError."""
    return _fill(settings, None)


def _fill(settings: Settings, made: dict[str, str] | None) -> Settings:
    """`settings` with its secrets; what is new is noted in `made`, and with None nothing is."""
    _refuse_unusable(settings.data_dir, os.R_OK | os.X_OK | (0 if made is None else os.W_OK))
    if settings.database.dialect != "sqlite":
        return settings
    problems: list[str] = []
    for row in TABLE:
        if row.name not in _MAKERS or getattr(settings, row.field):
            continue
        path = settings.data_dir / row.name.lower().replace("_", "-")
        if made is None and not path.exists():
            continue
        try:
            text, is_new = _read_or_make(path, _MAKERS[row.name])
            settings = replace(settings, **{row.field: row.form.parse(text)})
        except ValueError as exc:
            problems.append(f"{row.name}: {path}: {exc}. Allowed: {row.form.allowed}.")
        except OSError as exc:
            problems.append(f"{row.name}: {path}: {exc.strerror}. Allowed: a readable file.")
        else:
            if is_new and made is not None:
                made[row.name] = text
    if problems:
        raise ConfigError(tuple(problems))
    return settings


def _refuse_unusable(directory: Path, wanted: int) -> None:
    """Raise ConfigError, once for all that would be read there."""
    try:
        there = directory.stat()
    except FileNotFoundError:
        return
    except OSError as exc:
        problem = f"cannot be used ({exc.strerror})"
    else:
        if os.access(directory, wanted):
            return
        problem = _refusal(directory, there)
    row = next(row for row in TABLE if row.name == "DATA_DIR")
    raise ConfigError(
        (f"DATA_DIR: {problem}. Allowed: {row.form.allowed}, that we may read and write.",)
    )


def _refusal(directory: Path, there: os.stat_result) -> str:
    if os.statvfs(directory).f_flag & os.ST_RDONLY:
        return f"{directory} is on a read-only file system"
    return (
        f"{directory} has mode {there.st_mode & 0o777:03o} and is user {there.st_uid}'s, "
        f"and we are user {os.geteuid()}"
    )


def _read_or_make(path: Path, make: Callable[[], str]) -> tuple[str, bool]:
    """The secret in the file, and whether this call put it there."""
    try:
        return _read(path), False
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = make()
    if _publish(path, text):
        return text, True
    return _read(path), False


def _read(path: Path) -> str:
    # What is no UTF-8 becomes surrogates, which every form refuses.
    return path.read_text(encoding="utf-8", errors="surrogateescape").rstrip("\n")


def _publish(path: Path, text: str) -> bool:
    """Write the file whole, unless another process was first; says whether it was written."""
    # mkstemp creates with O_EXCL and mode 0600; link() refuses a name that is taken.
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    finally:
        Path(temporary).unlink()
    _sync_directory(path.parent)
    return True


def _sync_directory(path: Path) -> None:
    """A power cut must not take a key that rows are already encrypted with."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
