"""What does not start, and what SIGHUP means: the prices are to be read again, or the terminal is
closed."""

import os
import pty
from pathlib import Path

import pytest

from config import Settings, load
from server.process.launch import _hang_up, serve


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"DATA_DIR": str(tmp_path)}, dotenv_path=None)


def test_sighup_asks_for_the_prices(settings: Settings) -> None:
    stopped: list[bool] = []
    _hang_up(settings, lambda: stopped.append(True), terminal=None)
    assert list(settings.data_dir.iterdir())
    assert not stopped


def test_sighup_of_a_terminal_that_is_closed_stops_the_service(settings: Settings) -> None:
    """Else it would go on unseen, and keep the port from whoever starts it again."""
    ours, terminal = pty.openpty()
    stopped: list[bool] = []
    _hang_up(settings, lambda: stopped.append(True), terminal=terminal)
    assert list(settings.data_dir.iterdir())
    assert not stopped
    os.close(ours)
    _hang_up(settings, lambda: stopped.append(True), terminal=terminal)
    assert stopped
    os.close(terminal)


def test_what_is_wrong_in_files_and_middlewares_is_told_all_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "providers.toml").write_text('[providers.x]\nlike = "nobody"\n')
    (tmp_path / "prices.toml").write_text('[prices."openai/x"]\ninput = "much"\n')
    monkeypatch.setenv("PROVIDERS_FILE", "providers.toml")
    monkeypatch.setenv("PRICES_FILE", "prices.toml")
    monkeypatch.setenv("MIDDLEWARE", "nowhere_at_all.redaction:middleware")
    assert serve() == 2
    lines = capsys.readouterr().err.splitlines()
    names = [line.partition(":")[0] for line in lines]
    assert names == ["PROVIDERS_FILE", "PRICES_FILE", "MIDDLEWARE"]


def test_a_middleware_that_is_not_there_stops_the_start_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MIDDLEWARE", "nowhere_at_all.redaction:middleware")
    assert serve() == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("MIDDLEWARE: nowhere_at_all.redaction:middleware: the module cannot be")
