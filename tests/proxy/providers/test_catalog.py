"""Built-in providers: a file for each, in the form of PROVIDERS_FILE."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from config import ConfigError
from proxy.providers.catalog import BUILT_IN, FOLDER, _Catalog


def test_every_file_of_the_folder_is_a_provider_of_its_name() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(BUILT_IN)
    assert list(BUILT_IN)[:2] == ["openai", "anthropic"]
    assert len(BUILT_IN) == len(set(BUILT_IN))
    assert all(BUILT_IN[name].name == name for name in BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_post_of_a_built_in_provider_says_how_it_reports_usage(name: str) -> None:
    said = tomllib.loads((FOLDER / f"{name}.toml").read_text())["providers"][name]
    for endpoint in (*said.get("endpoints", ()), *said.get("also_allow", ())):
        assert endpoint["method"] not in ("POST", "*") or "usage" in endpoint, endpoint


def test_a_built_in_provider_may_be_like_another(tmp_path: Path) -> None:
    for name in ("openai", "anthropic"):
        (tmp_path / f"{name}.toml").write_text((FOLDER / f"{name}.toml").read_text())
    (tmp_path / "mine.toml").write_text(
        '[providers.mine]\nlike = "openai"\nbase_url = "https://llm.{region}.example.com"\n'
    )
    mine = _Catalog(tmp_path)["mine"]
    assert mine.endpoints == BUILT_IN["openai"].endpoints
    assert mine.base_url == "https://llm.{region}.example.com"
    assert mine.own_base_url is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x", "the file: "),
        ('[providers.other]\nlike = "openai"\n', "of the provider mine alone"),
        ('[providers.mine]\nauth = "bearer"\n', "providers.mine.base_url: must be given"),
        ('[providers.mine]\nlike = "openai"\nx = 1\n', "providers.mine.x: no such key"),
    ],
)
def test_a_damaged_file_is_told_by_its_name(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        _Catalog(tmp_path)["mine"]
    assert any("mine.toml: " in one and said in one for one in caught.value.problems)


def test_an_unknown_name_is_none_of_them() -> None:
    assert "nobody" not in BUILT_IN
    with pytest.raises(KeyError):
        BUILT_IN["nobody"]
