"""`token`: made, shown once, limited, rotated, ended."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from models import secrets
from tests.cli.running import API_KEY, CommandLine

TOKEN_FIELDS = [
    "id", "project_id", "name", "hint", "status", "expires_at", "revoked_at", "max_requests",
    "request_count", "requests_per_minute", "max_parallel_requests", "allowed_models",
    "allowed_endpoints", "allowed_ips", "tags", "budgets", "policies", "last_used_at",
    "created_at",
]  # fmt: skip


def _lifetime(token: dict[str, str]) -> timedelta:
    return datetime.fromisoformat(token["expires_at"]) - datetime.now(UTC)


def _is_about(found: timedelta, expected: timedelta) -> bool:
    return abs(found - expected) < timedelta(minutes=2)


def test_secret_stands_alone_on_standard_output(cli: CommandLine) -> None:
    cli.project()
    made = cli("token", "create", "--project", "docs")
    assert made.code == 0
    assert made.out.count("\n") == 1
    assert secrets.is_well_formed(made.out.strip())
    assert made.out.strip() not in made.err


def test_token_lives_and_ends(cli: CommandLine) -> None:
    project = cli.project()
    made = cli.token(
        "docs", "--name", "CI", "--expires", "12h", "--max-requests", "100",
        "--allowed-endpoints", "POST /v1/chat/completions,/v1/models", "--allowed-ips",
        "10.0.0.0/8,::1", "--tag", "team=search", "--tag", "feature=a=b",
    )  # fmt: skip
    assert list(made) == [*TOKEN_FIELDS, "token"]
    secret = made.pop("token")
    assert secrets.is_well_formed(secret)
    assert made["hint"] == secrets.hint(secret)
    assert made["project_id"] == project
    assert made["allowed_endpoints"] == ["POST /v1/chat/completions", "/v1/models"]
    assert made["tags"] == {"team": "search", "feature": "a=b"}
    assert _is_about(_lifetime(made), timedelta(hours=12))
    assert cli("token", "show", made["id"], "--json").json == made
    assert cli("token", "list", "--json").json == {"data": [made], "next_cursor": None}

    changed = cli(
        "token", "update", made["id"], "--max-requests", "none", "--expires", "never", "--json",
        "--tag", "none",
    ).json  # fmt: skip
    assert changed == made | {"max_requests": None, "expires_at": None, "tags": None}

    rotated = cli("token", "rotate", made["id"], "--grace", "1h", "--json").json
    assert rotated.pop("token") != secret
    assert rotated == changed | {"hint": rotated["hint"]}

    assert cli("token", "revoke", made["id"], "--yes").code == 0
    assert cli("token", "revoke", made["id"], "--yes").code == 0
    revoked = cli("token", "show", made["id"], "--json").json
    assert revoked["status"] == "revoked"
    refused = cli("token", "update", made["id"], "--name", "late")
    assert refused.code == 1
    assert "revoked" in refused.err
    assert cli("token", "rotate", made["id"], "--yes").code == 1


def test_token_lives_for_30_days_unless_told_otherwise(cli_on_sqlite: CommandLine) -> None:
    cli_on_sqlite.project()
    assert _is_about(_lifetime(cli_on_sqlite.token()), timedelta(days=30))
    assert cli_on_sqlite.token("docs", "--expires", "never")["expires_at"] is None
    assert _is_about(
        _lifetime(cli_on_sqlite.token("docs", "--expires", "3600")), timedelta(hours=1)
    )
    moment = "2099-01-31T12:00:00Z"
    assert cli_on_sqlite.token("docs", "--expires", moment)["expires_at"] == moment


@pytest.mark.parametrize("expires", ["soon", "30 d", "-1h", "2001-01-01T00:00:00Z", "0", "999999w"])
def test_end_that_cannot_be_is_wrong_usage(cli_on_sqlite: CommandLine, expires: str) -> None:
    cli_on_sqlite.project()
    ran = cli_on_sqlite("token", "create", "--project", "docs", "--expires", expires)
    assert (ran.code, ran.out) == (2, "")
    assert "--expires" in ran.err


def test_operators_longest_lifetime_is_kept(cli_on_sqlite: CommandLine) -> None:
    cli_on_sqlite.project()
    long = cli_on_sqlite(
        "token", "create", "--project", "docs", "--expires", "2h", TOKEN_MAX_LIFETIME="3600"
    )
    assert (long.code, long.out) == (1, "")
    default = cli_on_sqlite(
        "token", "create", "--project", "docs", "--json", TOKEN_MAX_LIFETIME="3600"
    )
    assert _is_about(_lifetime(default.json), timedelta(hours=1))
    later = cli_on_sqlite(
        "token", "update", default.json["id"], "--expires", "2h", TOKEN_MAX_LIFETIME="3600"
    )
    assert later.code == 1


def test_inactive_and_missing_projects_issue_nothing(cli: CommandLine) -> None:
    cli.project()
    assert cli("token", "create", "--project", "nothing").code == 1
    cli("project", "update", "docs", "--inactive")
    refused = cli("token", "create", "--project", "docs")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == "The project docs is not active.\n"


def test_list_filters(cli: CommandLine) -> None:
    cli.project()
    cli.project("other")
    kept, ended = cli.token("docs", "--name", "kept"), cli.token("docs", "--name", "ended")
    elsewhere = cli.token("other")
    cli("token", "revoke", ended["id"], "--yes")

    def ids(*options: str) -> list[str]:
        return [item["id"] for item in cli("token", "list", "--json", *options).json["data"]]

    assert ids() == [elsewhere["id"], ended["id"], kept["id"]]
    assert ids("--project", "docs") == [ended["id"], kept["id"]]
    assert ids("--project", "docs", "--status", "active") == [kept["id"]]
    assert ids("--status", "revoked") == [ended["id"]]
    assert ids("-q", "KEPT") == [kept["id"]]
    assert ids("--expiring-within", "31d") == [elsewhere["id"], kept["id"]]
    assert ids("--expiring-within", "1d") == []
    cli("project", "update", "other", "--inactive")
    assert ids("--status", "project_inactive") == [elsewhere["id"]]
    assert ids("--status", "active") == [kept["id"]]
    assert cli("token", "list", "--expiring-within", "soon").code == 2
    assert cli("token", "list", "--expiring-within", "0").code == 2
    assert cli("token", "list", "--project", "nothing").code == 1
    assert cli("token", "list", "--status", "lost").code == 2


def test_all_tokens_of_a_project_are_revoked_at_once(cli: CommandLine) -> None:
    cli.project()
    for _ in range(2):
        cli.token()
    ran = cli("token", "revoke", "--project", "docs", "--yes")
    assert (ran.code, ran.err) == (0, "2 tokens were revoked; 0 were revoked already.\n")
    assert cli("token", "list", "--status", "active", "--json").json["data"] == []


@pytest.mark.parametrize("words", [(), ("0199", "--project", "docs")])
def test_revoking_wants_a_token_or_a_project(
    cli_on_sqlite: CommandLine, words: tuple[str, ...]
) -> None:
    assert cli_on_sqlite("token", "revoke", *words, "--yes").code == 2


@pytest.mark.parametrize("verb", ["show", "revoke", "rotate"])
@pytest.mark.parametrize("token", ["nonsense", str(UUID(int=7))])
def test_unknown_token_exits_1(cli_on_sqlite: CommandLine, verb: str, token: str) -> None:
    ran = cli_on_sqlite("token", verb, token)
    assert (ran.code, ran.out) == (1, "")
    assert len(ran.err.splitlines()) == 1


def test_secrets_are_in_no_listing_and_nowhere_on_disk(cli_on_sqlite: CommandLine) -> None:
    cli = cli_on_sqlite
    cli.project()
    made = cli.token()
    rotated = cli("token", "rotate", made["id"], "--yes")
    management = cli("management-token", "create", "--name", "m")
    cli("admin", "create", "--username", "alice", "--password", "hunter22hunter22")
    hidden = [API_KEY, made["token"], rotated.out.strip(), management.out.strip(), "hunter22"]
    assert all(len(secret) > 7 for secret in hidden)
    words = [
        ("project", "list"), ("project", "show", "docs"), ("key", "list", "--project", "docs"),
        ("token", "list"), ("token", "show", made["id"]), ("audit",), ("requests",), ("usage",),
        ("admin", "list"), ("management-token", "list"),
    ]  # fmt: skip
    shown = "".join(cli(*one, *as_json).out for one in words for as_json in ((), ("--json",)))
    assert "docs" in shown
    files = [path for path in cli.directory.rglob("*") if path.is_file()]
    stored = b"".join(path.read_bytes() for path in files)
    assert b"docs" in stored
    for secret in hidden:
        assert secret not in shown
        assert secret.encode() not in stored


def test_policies_come_from_a_file_and_go_with_none(cli: CommandLine) -> None:
    cli.project()
    rule = {"name": "images", "endpoints": ["POST /v1/images/*"], "requests_per_minute": 10}
    (cli.directory / "policies.json").write_text(json.dumps([rule]))
    made = cli.token("docs", "--policies", "policies.json")
    (policy,) = made["policies"]
    assert {name: value for name, value in policy.items() if value is not None} == rule
    assert "images" in cli("token", "show", made["id"]).out
    (cli.directory / "policies.json").write_text(json.dumps([rule | {"requests_per_minute": 0}]))
    for file in ("policies.json", "nowhere.json", "."):
        refused = cli("token", "update", made["id"], "--policies", file)
        assert refused.code == 2, file
        assert "policies" in refused.err
    without = cli("token", "update", made["id"], "--policies", "none", "--json").json
    assert without["policies"] is None


def test_budgets_are_given_one_by_one_and_shown_with_a_bar(cli: CommandLine) -> None:
    cli.project()
    made = cli.token("docs", "--budget", "usd 25 day", "--budget", "tokens 90000 minute")
    day, minute = made["budgets"]
    assert day == {
        "limit": "usd", "amount": 25, "period": "day", "timezone": "UTC", "mode": "hard",
        "hold": "bound", "alert_at": [50, 80, 100], "spent": 0, "held": 0, "remaining": 25,
        "resets_at": day["resets_at"],
    }  # fmt: skip
    assert datetime.fromisoformat(day["resets_at"]) > datetime.now(UTC)
    assert (minute["remaining"], minute["alert_at"]) == (90_000, [])
    shown = cli("token", "show", made["id"]).out
    for words in ("usd 25 day", "[....................]", "tokens 90,000 minute"):
        assert words in shown
    changed = cli(
        "token", "update", made["id"], "--budget",
        "usd 2.5 month zone=Asia/Kolkata mode=soft hold=typical", "--json",
    ).json  # fmt: skip
    (budget,) = changed["budgets"]
    assert (budget["amount"], budget["mode"], budget["hold"]) == (2.5, "soft", "typical")
    for wrong in ("usd 25", "usd 25 year", "usd 0.0000001 day", "eur 1 day", "usd 1 day zone=x"):
        refused = cli("token", "update", made["id"], "--budget", wrong)
        assert refused.code == 2, wrong
        assert "budget" in refused.err, wrong
    none = ("token", "update", made["id"], "--budget", "none")
    assert cli(*none, "--budget", "usd 1 day").code == 2
    assert cli(*none, "--json").json["budgets"] is None


def test_a_token_may_be_named_by_name_hint_or_the_beginning_of_its_id(cli: CommandLine) -> None:
    cli.project()
    made = cli.token("docs", "--name", "CI")
    other = cli.token("docs", "--name", "nightly")
    hint = made["hint"]
    # Two that are made in one minute begin alike.
    begin = next(n for n in range(4, 37) if made["id"][:n] != other["id"][:n])
    for named in ("CI", hint, hint.replace("…", "..."), hint.removeprefix("llmp_"),
                  made["id"][:begin], made["id"].replace("-", "")):  # fmt: skip
        shown = cli("token", "show", named, "--json")
        assert (shown.code, shown.json["id"]) == (0, made["id"]), named
    assert cli("requests", "--token", "CI", "--json").code == 0
    assert cli("token", "revoke", "CI", "--yes").err == f"Token {hint} is revoked.\n"


def test_a_name_of_several_tokens_names_those_that_live_and_else_none(cli: CommandLine) -> None:
    cli.project()
    old, new = cli.token("docs", "--name", "CI"), cli.token("docs", "--name", "CI")
    refused = cli("token", "revoke", "CI", "--yes")
    assert (refused.code, old["id"] in refused.err, new["id"] in refused.err) == (1, True, True)
    assert cli("token", "revoke", old["id"], "--yes").code == 0
    assert cli("token", "show", "CI", "--json").json["id"] == new["id"]
    both = cli("token", "show", new["id"][:4])
    assert (both.code, "any of several" in both.err) == (1, True)


def test_a_secret_names_no_token_and_is_not_repeated(cli_on_sqlite: CommandLine) -> None:
    cli_on_sqlite.project()
    secret = cli_on_sqlite.token()["token"]
    ran = cli_on_sqlite("token", "show", secret)
    assert (ran.code, secret in ran.err) == (1, False)
