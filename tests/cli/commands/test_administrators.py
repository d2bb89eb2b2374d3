"""`admin` and `management-token`: who may operate the proxy."""

import pytest

from models import AdminUser, ManagementToken, secrets
from models.passwords import verify_password
from tests.cli.running import CommandLine

PASSWORD = "correct horse battery"

pytestmark = pytest.mark.usefixtures("cheap_passwords")


def test_administrators_come_and_go(cli: CommandLine) -> None:
    made = cli("admin", "create", "--username", "alice", "--password", PASSWORD, "--json")
    assert made.code == 0, made.err
    assert (made.json["username"], made.json["role"]) == ("alice", "admin")
    viewer = cli(
        "admin", "create", "--username", "bob", "--role", "viewer", "--password-stdin",
        stdin=PASSWORD + "\n",
    )  # fmt: skip
    assert viewer.code == 0, viewer.err
    listed = cli("admin", "list", "--json").json["data"]
    assert [(user["username"], user["role"]) for user in listed] == [
        ("bob", "viewer"),
        ("alice", "admin"),
    ]
    assert "password" not in "".join(listed[0])
    assert cli("admin", "remove", "bob", "--yes").code == 0
    last = cli("admin", "remove", "alice", "--yes")
    assert (last.code, last.err) == (1, "There must be an active administrator left.\n")


def test_password_is_changed(cli: CommandLine) -> None:
    cli("admin", "create", "--username", "alice", "--password", PASSWORD)
    ran = cli("admin", "passwd", "alice", "--password-env", "NEW", NEW="another good one")
    assert ran.code == 0, ran.err

    async def works() -> bool:
        user = await AdminUser.get(username="alice")
        return await verify_password(user.password_hash, "another good one")

    assert cli.on_database(works)
    assert cli("admin", "passwd", "nobody", "--password", PASSWORD).code == 1


@pytest.mark.parametrize("password", ["", "short", "x" * 257, "with\x07bell and more"])
def test_unfit_passwords_exit_2(cli_on_sqlite: CommandLine, password: str) -> None:
    ran = cli_on_sqlite("admin", "create", "--username", "alice", "--password", password)
    assert ran.code == 2
    assert not password or password not in ran.err


def test_names_are_taken_once(cli: CommandLine) -> None:
    for words in (
        ("admin", "create", "--username", "alice", "--password", PASSWORD),
        ("management-token", "create", "--name", "deploy"),
    ):
        assert cli(*words).code == 0
        again = cli(*words)
        assert (again.code, again.out) == (1, "")
        assert len(again.err.splitlines()) == 1


def test_management_tokens_are_shown_once_and_revoked(cli: CommandLine) -> None:
    made = cli("management-token", "create", "--name", "grafana", "--scope", "read")
    secret = made.out.strip()
    assert (made.code, made.out) == (0, f"{secret}\n")

    async def presented() -> str | None:
        token = await ManagementToken.presented(secret)
        return None if token is None else token.scope

    assert cli.on_database(presented) == "read"
    (listed,) = cli("management-token", "list", "--json").json["data"]
    assert listed["hint"] == secrets.hint(secret)
    assert cli("management-token", "revoke", "grafana", "--yes").code == 0
    assert cli("management-token", "revoke", listed["id"], "--yes").code == 0
    assert cli.on_database(presented) is None
    assert cli("management-token", "revoke", "nothing", "--yes").code == 1
    with_json = cli("management-token", "create", "--name", "deploy", "--json").json
    assert with_json["token"].startswith("llmpm_")
    assert with_json["scope"] == "write"


def test_a_name_that_is_not_seen_as_it_is_is_refused(cli: CommandLine) -> None:
    project = cli.project()
    key = ("--api-key", "sk-x")
    named = ("--name", "a\u202eb")
    for command in (
        ("admin", "create", "--username", "a\u202eb", "--password", PASSWORD),
        ("management-token", "create", *named),
        ("project", "create", *named, *key),
        ("project", "update", project, *named),
        ("token", "create", "--project", project, *named),
        ("key", "add", "--project", project, "--label", "a\u202eb", *key),
    ):
        ran = cli(*command)
        assert ran.code == 2, command
        assert "U+202E" in ran.err, (command, ran.err)
    joined = "👨\u200d👩\u200d👧"
    assert cli("key", "add", "--project", project, "--label", joined, *key).code == 0
