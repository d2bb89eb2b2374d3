"""The file of `export` and `import`: lines of JSON, from which nothing can be missing unnoticed.

    {"llm_proxy_export": 1, "rows": {"project": 2, …}, "encryption_key_ids": ["…"]}
    {"table": "project", "columns": ["id", "name", …]}
    ["0199…", "docs", …]
    …
    {"end": true, "rows": {"project": 2, …}, "sha256": "… of every line before this one"}

Two exports of the same rows are the same bytes.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, Final, NoReturn

import msgspec

from cli.errors import CommandError

VERSION: Final = 1


class Header(msgspec.Struct, frozen=True):
    """The first line."""

    llm_proxy_export: int
    rows: dict[str, int]
    #: What ENCRYPTION_KEY has to hold for the keys in here to be of use.
    encryption_key_ids: list[str]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the rows that follow are."""

    table: str
    columns: list[str]


class End(msgspec.Struct, frozen=True):
    """The last line."""

    end: bool
    rows: dict[str, int]
    sha256: str


class ArchiveWriter:
    """Writes to `file` line by line."""

    def __init__(self, file: IO[bytes], rows: Mapping[str, int], key_ids: Sequence[str]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._rows: dict[str, int] = {}
        self._table = ""
        self._write(Header(VERSION, dict(rows), list(key_ids)))

    def section(self, table: str, columns: Sequence[str]) -> None:
        """Begin a table."""
        self._table = table
        self._rows[table] = 0
        self._write(Section(table, list(columns)))

    def row(self, values: Sequence[Any]) -> None:
        """One row of it."""
        self._rows[self._table] += 1
        self._write(values)

    def end(self) -> None:
        """The line without which the file counts as cut."""
        self._write(End(True, self._rows, self._digest.hexdigest()))

    def _write(self, value: Any) -> None:
        line = msgspec.json.encode(value, order="sorted") + b"\n"
        self._digest.update(line)
        self._file.write(line)


class ArchiveReader:
    """Reads what `ArchiveWriter` wrote. Raises CommandError for anything else."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._number = 0
        self._digest = hashlib.sha256()
        self._counts: dict[str, int] = {}
        line = self._line()
        try:
            self.header = msgspec.json.decode(line, type=Header)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise CommandError("This is not a file of llm-proxy export.") from None
        if self.header.llm_proxy_export != VERSION:
            raise CommandError(
                f"The file has version {self.header.llm_proxy_export} of the format,"
                f" and this release reads version {VERSION}."
            )
        self._digest.update(line)

    @property
    def line_number(self) -> int:
        """Of the line that was read last."""
        return self._number

    def items(self) -> Iterator[Section | list[Any]]:
        """Sections and their rows. Once they are exhausted, the file is known to be complete."""
        table = None
        while True:
            line = self._line()
            item = self._parse(line)
            if isinstance(item, End):
                self._check(item)
                return
            self._digest.update(line)
            if isinstance(item, Section):
                table = item.table
                self._counts.setdefault(table, 0)
            elif table is None:
                self._refuse("a row before any table")
            else:
                self._counts[table] += 1
            yield item

    def _line(self) -> bytes:
        line = self._file.readline()
        self._number += 1
        if not line.endswith(b"\n"):
            raise CommandError(f"The file is cut: it ends in line {self._number}.")
        return line

    def _parse(self, line: bytes) -> Section | End | list[Any]:
        try:
            if line.startswith(b"["):
                return msgspec.json.decode(line, type=list[Any])
            if line.startswith(b'{"end"'):
                return msgspec.json.decode(line, type=End)
            return msgspec.json.decode(line, type=Section)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
            self._refuse(str(exc))

    def _check(self, end: End) -> None:
        if end.sha256 != self._digest.hexdigest() or end.rows != self._counts:
            raise CommandError("The file was changed: its checksum is wrong.")
        if self._file.read(1):
            self._refuse("something after the end")

    def _refuse(self, problem: str) -> NoReturn:
        raise CommandError(f"The file is damaged in line {self._number}: {problem}.")
