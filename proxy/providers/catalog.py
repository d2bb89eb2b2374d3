"""The providers that are built in: a file for each, in the form that PROVIDERS_FILE has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from config import ConfigError
from proxy.providers.entries import BadFile, merged, missing, read
from proxy.providers.provider import Provider

FOLDER: Final = Path(__file__).parent / "built_in"
#: What comes first wherever they are listed.
_FIRST: Final = ("openai", "anthropic")


class _Catalog(Mapping[str, Provider]):
    """Names are known from the names of the files; a file is read when its provider is asked for,
    since most commands need none. Raises config.ConfigError for a file that is damaged."""

    def __init__(self, folder: Path) -> None:
        names = sorted(path.stem for path in folder.glob("*.toml"))
        self._folder = folder
        self._names = dict.fromkeys((*_FIRST, *names))
        self._read: dict[str, Provider] = {}

    def __getitem__(self, name: str) -> Provider:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = self._made(name)
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def _made(self, name: str) -> Provider:
        path = self._folder / f"{name}.toml"
        try:
            said = read(path, self._names)
            if set(said) != {name}:
                raise ConfigError((f"{path}: it must be of the provider {name} alone.",))
            entry = said[name]
            lacking = () if entry.like is not None else tuple(missing(name, entry))
            if lacking:
                raise BadFile(*lacking)
        except BadFile as exc:
            raise ConfigError(
                tuple(f"{path}: {key}: {reason}." for key, reason, _ in exc.problems)
            ) from exc
        return merged(name, entry, None if entry.like is None else self[entry.like])


BUILT_IN: Final[Mapping[str, Provider]] = _Catalog(FOLDER)
