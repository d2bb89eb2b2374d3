"""What to do after the first start, in four lines; none holds a secret, only where it is kept."""

import sys
from pathlib import Path
from typing import Final

from config import Settings
from setup.prepare import FIRST_TOKEN, Prepared

_OTHER_SECRETS: Final = ("management-token", "encryption-key")
_DOCS: Final = Path(__file__).resolve().parents[1] / "docs" / "README.md"


def first_steps(settings: Settings, prepared: Prepared, url: str) -> list[str]:
    """Where the admin is, where its password is, what comes next, where the documents are.

    `url` is where this machine reaches the server.
    """
    password = settings.data_dir / "admin-password"
    command = said_command()
    if prepared.default_token is not None:
        token = settings.data_dir / FIRST_TOKEN
        following = f"the token in {token} is for {url}/v1, as an API key is"
    else:
        following = (
            f"make a project and a token: {url}/admin/projects/new, or {command} project create "
            f"--name NAME and {command} token create --project NAME"
        )
    docs = f"{_DOCS}, and " if _DOCS.exists() else ""
    others = [path for name in _OTHER_SECRETS if (path := settings.data_dir / name).exists()]
    beside = f"; other secrets: {', '.join(map(str, others))}" if others else ""
    return [
        f"Admin: {url}/admin/, user {settings.admin_username}",
        f"Password: {f'in {password}' if password.exists() else 'as ADMIN_PASSWORD says'}{beside}",
        f"Next: {following}",
        f"Documents: {docs}{url}/manage/docs for the management API",
    ]


def said_command() -> str:
    """How this command line was called, for the lines that tell of another one."""
    called = Path(sys.argv[0])
    if called.name != "llm-proxy":
        return "python -m cli"
    return str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)
