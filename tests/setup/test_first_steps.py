"""The four lines after the first start."""

import sys
from pathlib import Path

import pytest

from config import Settings, load
from setup.first_steps import first_steps, said_command
from setup.prepare import Prepared

URL = "http://127.0.0.1:8080"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"DATA_DIR": str(tmp_path)}, dotenv_path=None)


def test_they_say_where_the_admin_its_password_the_next_step_and_the_documents_are(
    settings: Settings,
) -> None:
    password = settings.data_dir / "admin-password"
    password.write_text("s3cret")
    for name in ("management-token", "encryption-key"):
        (settings.data_dir / name).write_text("s3cret")
    admin, where, following, documents = first_steps(settings, Prepared(is_first=True), URL)
    assert admin == f"Admin: {URL}/admin/, user admin"
    assert where == (
        f"Password: in {password}; other secrets: {settings.data_dir / 'management-token'}, "
        f"{settings.data_dir / 'encryption-key'}"
    )
    assert "project create --name" in following
    assert Path(documents.removeprefix("Documents: ").partition(",")[0]).is_file()


def test_a_given_password_and_a_first_token_are_named_and_not_shown(settings: Settings) -> None:
    lines = first_steps(settings, Prepared(is_first=True, default_token="llmp_s3cret"), URL)
    assert lines[1] == "Password: as ADMIN_PASSWORD says"
    assert str(settings.data_dir / "default-token") in lines[2]
    assert f"{URL}/v1" in lines[2]
    assert "s3cret" not in "".join(lines)


@pytest.mark.parametrize(
    ("called", "said"),
    [
        ("/usr/lib/cli/__main__.py", "python -m cli"),
        (".venv/bin/llm-proxy", ".venv/bin/llm-proxy"),
        (str(Path.cwd() / ".venv" / "bin" / "llm-proxy"), ".venv/bin/llm-proxy"),
        ("/usr/local/bin/llm-proxy", "/usr/local/bin/llm-proxy"),
    ],
)
def test_other_commands_are_told_as_this_one_was_called(
    monkeypatch: pytest.MonkeyPatch, called: str, said: str
) -> None:
    monkeypatch.setattr(sys, "argv", [called, "serve"])
    assert said_command() == said
