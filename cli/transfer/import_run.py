"""Taking the rows of an archive into the database: which of them, and in what order.

With `merge`, what is there already stays as it is, and so does what belongs to it: a key that was
removed here does not come back, and a secret that was replaced here does not work again.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from tortoise.exceptions import IntegrityError

from cli.errors import CommandError
from cli.session import Session
from cli.transfer.archive import ArchiveReader, Section
from cli.transfer.spent import SpentBudgets
from models import (
    AdminUser,
    Destination,
    ManagementToken,
    Project,
    Token,
    UsageHour,
    audit,
    generation,
    portable,
)
from models.crypto import KeyRing
from models.db.database import unhurried
from models.destination_rules import is_file_name
from models.portable import Portable
from proxy.limits.engines import limit_records
from proxy.limits.store import LimitsUnavailable, policy_key, project_key, token_key

Named = Mapping[str, Any]

_BATCH: Final = 500
_TABLES: Final = {
    table.name: table for table in (*portable.TABLES, portable.AUDIT, *portable.REQUESTS)
}
#: Rows that belong to another one, and the column that says to which.
_OWNERS: Final = {"upstream_key": ("project", "project_id"), "token_secret": ("token", "token_id")}
#: Rows that have counters, and what names those.
_SUBJECTS: Final[Mapping[str, Callable[[str], str]]] = {"token": token_key, "project": project_key}
#: Of which no two may have the same.
_NAMES: Final = {
    "project": (Project, "live_name"),
    "management_token": (ManagementToken, "name"),
    "destination": (Destination, "name"),
}


class ImportRun:
    """One import, to be run inside a transaction. `added` and `present` count rows by table."""

    def __init__(
        self,
        session: Session,
        archive: ArchiveReader,
        ring: KeyRing | None,
        *,
        merge: bool,
        advance: Callable[[int], None],
    ) -> None:
        self.added: dict[str, int] = {}
        self.present: dict[str, int] = {}
        self._session = session
        self._archive = archive
        self._ring = ring
        self._merge = merge
        self._advance = advance
        self._known: dict[str, set[str]] = {
            "project": set(),
            "upstream_key": set(),
            "token": set(),
        }
        self._spent = SpentBudgets(limit_records(session.settings))
        self._some: tuple[generation.ChangeKind, UUID] | None = None

    async def whole(self) -> None:
        """Read the archive to its end. Raises CommandError; then the transaction must not stand."""
        # The archive may come through a pipe, as slowly as it likes.
        await unhurried()
        if not self._merge:
            await _refuse_unless_empty()
        section, batch = Section("", []), list[list[Any]]()
        for item in self._archive.items():
            if isinstance(item, Section) or len(batch) >= _BATCH:
                await self._take(section, batch)
                batch = []
            if isinstance(item, Section):
                section = item
                _refuse_unknown(section, self._table(section.table))
            else:
                batch.append(item)
        await self._take(section, batch)
        shown = {name: (None, count) for name, count in self.added.items()}
        await audit.record(self._session.actor, "database.import", "database", None, shown)
        if self._some is not None:
            # Workers keep allowed origins, and remember secrets that were unknown.
            await generation.bump(*self._some)

    async def _take(self, section: Section, rows: Sequence[list[Any]]) -> None:
        if not rows:
            return
        table = self._table(section.table)
        if table is None:
            return
        try:
            named = [dict(zip(section.columns, row, strict=True)) for row in rows]
            table.check(section.columns, rows)
            wanted = await self._wanted(table, named)
            await table.add(section.columns, [list(row.values()) for row in wanted])
        except (ValueError, TypeError, KeyError) as exc:
            line = self._archive.line_number
            raise CommandError(
                f"The file is damaged in the {len(rows)} lines before line {line}: {exc}."
            ) from exc
        except LimitsUnavailable as exc:
            raise CommandError(f"What is used of limits cannot be changed: {exc}") from exc
        except IntegrityError as exc:
            raise CommandError(f"{table.name}: conflicts with existing rows: {exc}") from exc
        self.added[table.name] = self.added.get(table.name, 0) + len(wanted)
        self.present[table.name] = self.present.get(table.name, 0) + len(rows) - len(wanted)
        self._advance(len(rows))

    def _table(self, name: str) -> Portable | SpentBudgets | None:
        return self._spent if name == self._spent.name else _TABLES.get(name)

    async def _wanted(self, table: Portable | SpentBudgets, rows: Sequence[Named]) -> list[Named]:
        """The rows to add."""
        present = await table.present(rows) if self._merge else set()
        fresh = [row for row in rows if tuple(row[name] for name in table.key) not in present]
        if table.name in self._known:
            self._known[table.name] |= {key for (key,) in present}
        if table.name in _OWNERS:
            owner, column = _OWNERS[table.name]
            fresh = [row for row in fresh if row[column] not in self._known[owner]]
        if isinstance(table, SpentBudgets):
            # Nor does what was spent change of what is there.
            fresh = [row for row in fresh if not self._is_known(table.subject(row))]
        if table.name in ("revocation", "exhausted"):
            # What is there already stays as it is.
            fresh = [row for row in fresh if not self._is_known(row["subject_id"])]
        if table.name in _NAMES:
            await _refuse_taken_names(table.name, fresh)
        if table.name == "admin_user":
            taken = await _taken(AdminUser, "username", fresh)
            fresh = [row for row in fresh if row["username"] not in taken]
        self._try_keys(table.name, fresh)
        if table.name == "project" and fresh:
            self._some = "project", UUID(fresh[0]["id"])
        if table.name == "token" and fresh:
            self._some = "token", UUID(fresh[0]["id"])
        if table.name in _SUBJECTS and fresh:
            # They begin at their `quota_base`, whatever was counted here in earlier lives.
            records = limit_records(self._session.settings)
            await records.forget(_counters(_SUBJECTS[table.name], fresh))
        return fresh

    def _is_known(self, subject: str) -> bool:
        return any(subject in known for known in self._known.values())

    def _try_keys(self, table: str, rows: Sequence[Named]) -> None:
        """Whether what is encrypted opens. Raises ValueError, CorruptCiphertext."""
        if table not in ("upstream_key", "destination"):
            return
        for row in rows:
            if table == "destination":
                _refuse_file(row)
            if row["ciphertext"] is None:
                continue
            if self._ring is None:
                raise ValueError("a key that the first line does not speak of")
            self._ring.decrypt(row["ciphertext"], UUID(row["id"]))


def _refuse_file(destination: Named) -> None:
    if destination["kind"] == "jsonl" and not is_file_name(destination["name"]):
        raise ValueError("a destination whose name is no file's")


def _counters(key: Callable[[str], str], rows: Sequence[Named]) -> list[str]:
    """What names the counters of these tokens or projects, and of their policies."""
    subjects = [key(row["id"]) for row in rows]
    return subjects + [
        policy_key(subject, policy["name"])
        for subject, row in zip(subjects, rows, strict=True)
        for policy in row.get("policies") or ()
    ]


def _refuse_unknown(section: Section, table: Portable | SpentBudgets | None) -> None:
    if table is None or not set(section.columns) <= set(table.columns):
        raise CommandError(
            f"The file has a table, or columns of one, that this release does not know"
            f" ({section.table}): a newer release wrote it."
        )


async def _refuse_unless_empty() -> None:
    for model in (Project, Token, ManagementToken, UsageHour, Destination):
        if await model.exists():
            raise CommandError(
                f"The database is not empty: there are rows in {model._meta.db_table}."
                " Use --merge to add what is missing."
            )


async def _refuse_taken_names(table: str, rows: Sequence[Named]) -> None:
    model, column = _NAMES[table]
    if taken := await _taken(model, column, rows):
        names = ", ".join(sorted(taken))
        raise CommandError(
            f"These {table.replace('_', ' ')} names are taken by other rows: {names}."
            " Rename those first. Nothing was imported."
        )


async def _taken(model: Any, column: str, rows: Sequence[Named]) -> set[str]:
    """Names of `rows` that are taken in the database, where none of `rows` is yet."""
    names = [row[column] for row in rows if row[column] is not None]
    found = await model.filter(**{f"{column}__in": names}).values_list(column, flat=True)
    return set(found)
