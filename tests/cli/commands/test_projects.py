"""`project` and `key`: the account behind the tokens, in the API's words."""

from typing import Any

import pytest

from models import UpstreamKey
from tests.cli.running import API_KEY, CommandLine

PROJECT_FIELDS = [
    "id", "name", "provider", "base_url", "v1_prefix", "is_active", "requests_per_minute",
    "max_parallel_requests", "allowed_models", "allowed_origins", "project", "location",
    "unmetered", "isolation", "end_user_from_body", "failover", "cache", "allowed_endpoints",
    "extra_endpoints", "budgets", "policies", "keys", "created_at", "updated_at",
]  # fmt: skip
KEY_FIELDS = [
    "id", "label", "hint", "is_active", "weight", "priority", "base_url", "v1_prefix",
    "provider", "auth", "model_map", "state", "resting_until", "last_error", "created_at",
]  # fmt: skip


def test_project_lives_and_ends(cli: CommandLine) -> None:
    made = cli(
        "project", "create", "--name", "docs", "--api-key", API_KEY, "--json",
        "--base-url", "http://127.0.0.1:9/v1", "--requests-per-minute", "60",
        "--allowed-models", "gpt-4o*, o3", "--allowed-origins", "https://app.example.com",
    )  # fmt: skip
    assert made.code == 0, made.err
    project = made.json
    assert list(project) == PROJECT_FIELDS
    assert project["base_url"] == "http://127.0.0.1:9"
    assert project["allowed_models"] == ["gpt-4o*", "o3"]
    assert [list(key) for key in project["keys"]] == [KEY_FIELDS]
    assert project["created_at"].endswith("Z")

    assert cli("project", "show", "docs", "--json").json == project
    assert cli("project", "show", project["id"], "--json").json == project
    assert cli("project", "list", "--json").json == {"data": [project], "next_cursor": None}

    changed = cli(
        "project", "update", "docs", "--name", "papers", "--inactive",
        "--allowed-models", "none", "--requests-per-minute", "none", "--json",
        "--unmetered", "refuse", "--isolation", "token", "--end-user-from-body",
        "--allowed-endpoints", "/v1/models,POST /v1/embeddings",
        "--extra-endpoint", "POST /v1/rerank", "--extra-endpoint", "GET /v1/x/* usage=free",
    )  # fmt: skip
    assert changed.code == 0, changed.err
    assert changed.json == project | {
        "unmetered": "refuse",
        "isolation": "token",
        "end_user_from_body": True,
        "allowed_endpoints": ["/v1/models", "POST /v1/embeddings"],
        "extra_endpoints": [
            {"method": "POST", "path": "/v1/rerank", "usage": "generic"},
            {"method": "GET", "path": "/v1/x/*", "usage": "free"},
        ],
        "name": "papers",
        "is_active": False,
        "allowed_models": None,
        "requests_per_minute": None,
        "updated_at": changed.json["updated_at"],
    }
    assert cli("project", "list", "--active", "--json").json["data"] == []
    assert len(cli("project", "list", "--inactive", "--json").json["data"]) == 1

    assert cli("project", "delete", "papers", "--yes").code == 0
    assert cli("project", "show", "papers").code == 1
    assert cli("project", "show", project["id"]).code == 1
    assert cli.on_database(lambda: UpstreamKey.all().count()) == 0


def test_what_answers_are_kept_is_set_shown_and_purged(cli_on_sqlite: CommandLine) -> None:
    cli = cli_on_sqlite
    create = ("project", "create", "--name", "docs", "--api-key", API_KEY, "--json")
    made = cli(*create, "--cache", "ttl=3600 scope=token").json
    assert made["cache"] == {"ttl_seconds": 3600, "scope": "token", "only": "deterministic"}
    assert "ttl seconds: 3600; scope: token" in cli("project", "show", "docs").out
    update = ("project", "update", "docs", "--json")
    assert cli(*update, "--cache", "ttl=5 scope=project only=all").json["cache"]["only"] == "all"

    refused = cli("project", "purge-cache", "docs")
    assert (refused.code, "--yes" in refused.err) == (1, True)
    purged = cli("project", "purge-cache", "docs", "--yes")
    assert (purged.code, "No kept answer of docs" in purged.err) == (0, True)
    (event, *_) = cli("audit", "--action", "project.purge_cache", "--json").json["data"]
    assert (event["target_id"], event["outcome"]) == (made["id"], "ok")
    assert cli(*update, "--cache", "none").json["cache"] is None


def test_lists_have_pages_and_search(cli_on_sqlite: CommandLine) -> None:
    cli = cli_on_sqlite
    for name in ("red", "green", "blue", "reddish"):
        cli.project(name)
    first = cli("project", "list", "--limit", "3", "--json").json
    assert [item["name"] for item in first["data"]] == ["reddish", "blue", "green"]
    rest = cli("project", "list", "--cursor", first["next_cursor"], "--json").json
    assert [item["name"] for item in rest["data"]] == ["red"]
    found = cli("project", "list", "-q", "red", "--json").json["data"]
    assert [item["name"] for item in found] == ["reddish", "red"]
    table = cli("project", "list", "--limit", "3")
    assert f"--cursor {first['next_cursor']}" in table.err
    assert cli("project", "list", "--cursor", "nonsense").code == 2


@pytest.mark.parametrize(
    ("words", "problems"),
    [
        (("--base-url", "ftp://x"), ["--base-url"]),
        (("--requests-per-minute", "0", "--allowed-origins", "x,"), ["--req", "--allowed-origins"]),
        (("--provider", "nobody"), ["--provider"]),
        (("--extra-endpoint", "POST /admin/x"), ["--extra-endpoint (path)"]),
        (("--extra-endpoint", "POST"), ["--extra-endpoint"]),
        (("--max-parallel-requests", "99999999999999999999"), ["--max-parallel-requests"]),
    ],
)
def test_every_wrong_option_is_named_at_once(
    cli_on_sqlite: CommandLine, words: tuple[str, ...], problems: list[str]
) -> None:
    ran = cli_on_sqlite("project", "create", "--name", "docs", "--api-key", API_KEY, *words)
    assert ran.code == 2
    assert all(problem in ran.err for problem in problems)
    assert cli_on_sqlite("project", "list", "--json").json["data"] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--failover", "9"), "--failover (max_attempts): At most 5."),
        (("--failover", "2 first_byte_timeout=0"), "(first_byte_timeout): At least 0.1."),
        (("--cache", "ttl=0 scope=token"), "--cache (ttl_seconds): At least 1."),
        (("--cache", "ttl=5 scope=world"), "--cache (scope): "),
        (("--cache", "ttl=5"), "--cache (scope): "),
        (("--requests-per-minute", "0"), "--requests-per-minute: At least 1."),
        (("--name", "x" * 200 + " ", "--allowed-models", "x" * 201), "at most 200 characters."),
    ],
)
def test_what_is_wrong_is_said_in_plain_english(
    cli_on_sqlite: CommandLine, options: tuple[str, ...], said: str
) -> None:
    cli_on_sqlite.project()
    ran = cli_on_sqlite("project", "update", "docs", *options)
    assert (ran.code, said in ran.err, "Input should" in ran.err) == (2, True, False)


def test_provider_of_the_providers_file_is_known(cli_on_sqlite: CommandLine) -> None:
    file = cli_on_sqlite.directory / "providers.toml"
    file.write_text('[providers.local]\nlike = "openai"\nbase_url = "http://127.0.0.1:9"\n')
    create = ("project", "create", "--name", "docs", "--api-key", API_KEY, "--provider", "local")
    made = cli_on_sqlite(*create, "--json", PROVIDERS_FILE=str(file))
    assert made.json["provider"] == "local"


def test_refusals_are_one_line_and_exit_1(cli: CommandLine) -> None:
    cli.project()
    again = cli("project", "create", "--name", "docs", "--api-key", API_KEY)
    assert (again.code, again.err) == (1, "There is a project named docs already.\n")
    missing = cli("project", "show", "nothing")
    assert (missing.code, missing.out) == (1, "")
    assert len(missing.err.splitlines()) == 1


def test_update_without_an_option_is_wrong_usage(cli_on_sqlite: CommandLine) -> None:
    cli_on_sqlite.project()
    assert cli_on_sqlite("project", "update", "docs").code == 2


def test_what_cannot_be_undone_asks_and_without_a_terminal_wants_yes(
    cli_on_sqlite: CommandLine,
) -> None:
    cli = cli_on_sqlite
    cli.project()
    token = cli.token()
    (key,) = cli("key", "list", "--project", "docs", "--json").json["data"]
    assert cli("management-token", "create", "--name", "ci").code == 0
    for name in ("ada", "bob"):
        made = cli("admin", "create", "--username", name, "--password", "correct horse")
        assert made.code == 0

    def state() -> list[Any]:
        listed = [(noun, "list") for noun in ("token", "management-token", "admin")]
        return [cli(*words, "--json").json for words in (("project", "show", "docs"), *listed)]

    before = state()
    for words in (
        ("project", "delete", "docs"),
        ("token", "revoke", token["id"]),
        ("token", "revoke", "--project", "docs"),
        ("token", "rotate", token["id"]),
        ("key", "remove", key["id"]),
        ("management-token", "revoke", "ci"),
        ("admin", "remove", "bob"),
    ):
        ran = cli(*words, stdin="y\n")
        assert (ran.code, "--yes" in ran.err) == (1, True), words
    assert state() == before


def test_api_key_comes_from_standard_input_or_a_named_variable(cli_on_sqlite: CommandLine) -> None:
    cli = cli_on_sqlite
    create = ("project", "create", "--json", "--name")
    assert cli(*create, "a", "--api-key-stdin", stdin=API_KEY + "\n").code == 0
    assert cli(*create, "b", "--api-key-env", "MY_KEY", MY_KEY=API_KEY).code == 0
    hints = {key["hint"] for item in cli("project", "list", "--json").json["data"]
             for key in item["keys"]}  # fmt: skip
    assert hints == {"sk-…mnop"}


@pytest.mark.parametrize(
    ("options", "stdin"),
    [
        (("--api-key-env", "MY_KEY"), ""),
        (("--api-key-stdin",), ""),
        (("--api-key-stdin",), "two words"),
        (("--api-key", API_KEY, "--api-key-stdin"), API_KEY),
        ((), ""),
    ],
)
def test_missing_or_unusable_api_key_exits_2(
    cli_on_sqlite: CommandLine, options: tuple[str, ...], stdin: str
) -> None:
    ran = cli_on_sqlite("project", "create", "--name", "docs", *options, stdin=stdin)
    assert (ran.code, ran.out) == (2, "")
    assert "--api-key" in ran.err or "API key" in ran.err


def test_keys_are_added_weighed_switched_off_and_erased(cli: CommandLine) -> None:
    cli.project()
    other = "sk-other-zyxwvutsrqponml"
    added = cli(
        "key", "add", "--project", "docs", "--api-key", other, "--label", "second",
        "--weight", "3", "--json",
    )  # fmt: skip
    assert added.code == 0, added.err
    key = added.json
    assert list(key) == KEY_FIELDS
    assert (key["label"], key["weight"], key["hint"]) == ("second", 3, "sk-…onml")
    listed = cli("key", "list", "--project", "docs", "--json").json["data"]
    assert [one["label"] for one in listed] == ["", "second"]
    theirs = cli(
        "key", "add", "--project", "docs", "--api-key", "gsk_1234", "--provider", "groq", "--json"
    )
    assert theirs.json["provider"] == "groq"
    refused = cli("key", "add", "--project", "docs", "--api-key", "x", "--provider", "anthropic")
    assert (refused.code, "the form of anthropic" in refused.err) == (1, True)
    refused = cli("key", "update", theirs.json["id"], "--auth", "google")
    assert (refused.code, "takes a key that is JSON" in refused.err) == (1, True)
    assert cli("key", "remove", theirs.json["id"], "--yes").code == 0
    names = ("--model-map", "gpt-4o=mine, o3=a=b")
    assert cli("key", "update", key["id"], *names, "--json").json["model_map"] == {
        "gpt-4o": "mine", "o3": "a=b",
    }  # fmt: skip
    assert cli("key", "update", key["id"], "--model-map", "gpt-4o").code == 2
    assert cli("key", "update", key["id"], "--model-map", "none").code == 0
    changed = cli("key", "update", key["id"], "--inactive", "--weight", "1", "--json").json
    assert changed == key | {"is_active": False, "weight": 1}
    assert cli("key", "remove", key["id"], "--yes").code == 0
    assert cli("key", "remove", key["id"], "--yes").code == 1
    assert len(cli("project", "show", "docs", "--json").json["keys"]) == 1


def test_another_address_needs_the_key_for_it(cli: CommandLine) -> None:
    made = cli("project", "create", "--name", "docs", "--api-key", API_KEY, "--json").json
    (key,) = made["keys"]
    move = ("project", "update", "docs", "--base-url", "http://127.0.0.1:9", "--json")
    refused = cli(*move)
    assert refused.code == 1
    assert f"{key['hint']} ({key['id']})" in refused.err
    assert "--api-key-stdin" in refused.err
    assert cli("project", "show", "docs", "--json").json == made

    moved = cli(*move, "--api-key-stdin", stdin="sk-for-the-other-0009\n")
    assert moved.code == 0, moved.err
    assert moved.json["base_url"] == "http://127.0.0.1:9"
    (new,) = moved.json["keys"]
    assert new["id"] != key["id"]
    assert new["hint"] == "sk-…0009"
    same = cli("project", "update", "docs", "--provider", "anthropic", "--json")
    assert (same.json["provider"], same.json["keys"]) == ("anthropic", [new])
    assert cli("project", "update", "docs", "--provider", "none").code == 2


def test_origins_of_the_operator_bound_what_may_be_named(cli: CommandLine) -> None:
    cli.environ["UPSTREAM_ORIGINS"] = "https://one.example"
    make = ("project", "create", "--name", "docs", "--api-key", API_KEY, "--base-url")
    refused = cli(*make, "https://two.example")
    assert refused.code == 1
    assert "UPSTREAM_ORIGINS: https://one.example:443" in refused.err
    assert cli(*make, "https://one.example/v1").code == 0
    change = ("project", "update", "docs", "--api-key", API_KEY, "--base-url")
    refused = cli(*change, "https://two.example")
    assert refused.code == 1
    assert "UPSTREAM_ORIGINS: https://one.example:443" in refused.err
    cli.environ["UPSTREAM_ORIGINS"] = "one.example"
    wrong = cli("project", "list")
    assert wrong.code == 2
    assert "UPSTREAM_ORIGINS: " in wrong.err
