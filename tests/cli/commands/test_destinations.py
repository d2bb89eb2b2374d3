"""`llm-proxy destination`"""

import base64
import json
from typing import Any

from models import Destination
from models.crypto import KeyRing
from tests.cli.running import CommandLine

RING = KeyRing([bytes(32)])
URL = "https://hooks.example.com/in"
SECRET = "whsec_" + base64.b64encode(b"s" * 24).decode()


def opened(cli: CommandLine, name: str) -> Any:
    async def find() -> Any:
        return (await Destination.get(name=name)).opened(RING)

    return cli.on_database(find)


def test_a_webhook_is_made_with_a_secret_that_is_printed_once(cli: CommandLine) -> None:
    project = cli.project()
    ran = cli(
        "destination", "create", "--name", "ops", "--kind", "webhook", "--url", URL,
        "--event", "key.suspended", "--event", "budget.exceeded", "--project", "docs",
        "--header", "X-Team: s3cret",
    )  # fmt: skip
    assert ran.code == 0, ran.err
    secret = ran.out.strip()
    assert opened(cli, "ops") == (secret, {"x-team": "s3cret"})
    shown = cli("destination", "show", "ops", "--json").json
    assert shown["filter"] == {"project_id": project}
    assert shown["events"] == ["key.suspended", "budget.exceeded"]
    assert (shown["state"], shown["delivered"], shown["waiting"]) == ("active", 0, 0)
    (listed,) = cli("destination", "list", "--json").json["data"]
    assert listed == shown
    for words in (("list",), ("show", "ops"), ("show", shown["id"])):
        ran = cli("destination", *words)
        assert (ran.code, "ops" in ran.out) == (0, True)
        assert "s3cret" not in ran.out
        assert secret not in ran.out
    assert "s3cret" not in cli("audit", "--json").out
    assert secret not in cli("audit", "--json").out


def test_what_is_named_is_changed_and_the_rest_stays(cli: CommandLine) -> None:
    cli.project()
    made = cli(
        "destination", "create", "--name", "ops", "--kind", "webhook", "--url", URL, "--json",
        "--secret-stdin", "--project", "docs", stdin=SECRET + "\n",
    )  # fmt: skip
    assert made.json["secret"] is None
    changed = cli(
        "destination", "update", "ops", "--json", "--name", "on-call", "--event", "none",
        "--requests", "--outcome", "timeout", "--inactive",
    ).json  # fmt: skip
    assert (changed["name"], changed["events"], changed["requests"]) == ("on-call", [], True)
    assert changed["filter"] == made.json["filter"] | {"outcome": "timeout"}
    assert changed["state"] == "inactive"
    assert opened(cli, "on-call") == (SECRET, {})
    again = cli("destination", "update", "on-call", "--project", "none", "--event", "all", "--json")
    assert (again.json["filter"], again.json["events"]) == ({"outcome": "timeout"}, None)
    anew = cli("destination", "update", "on-call", "--new-secret")
    assert opened(cli, "on-call").secret == anew.out.strip() != SECRET
    assert cli("destination", "delete", "on-call").code == 1
    assert cli("destination", "delete", "on-call", "--yes").code == 0
    assert cli("destination", "show", "on-call").code == 1


def test_other_kinds_are_made(cli_on_sqlite: CommandLine) -> None:
    for words in (
        ("--kind", "otlp", "--url", "http://127.0.0.1:4318", "--header", "x-api-key: a:b"),
        ("--kind", "langfuse", "--url", "https://cloud.langfuse.com", "--secret-env", "KEYS"),
        ("--kind", "jsonl", "--requests", "--event", "none"),
    ):
        made = cli_on_sqlite(
            "destination", "create", "--name", words[1], "--json", *words, KEYS="pk-lf-1:sk-lf-2"
        )
        assert (made.code, made.json["requests"]) == (0, True), made.err
    assert opened(cli_on_sqlite, "otlp").headers == {"x-api-key": "a:b"}
    assert opened(cli_on_sqlite, "langfuse").secret == "pk-lf-1:sk-lf-2"
    listed = cli_on_sqlite("destination", "list", "--kind", "jsonl", "--json").json["data"]
    assert [row["name"] for row in listed] == ["jsonl"]


def test_a_test_says_by_its_exit_code_whether_it_was_taken(cli: CommandLine) -> None:
    cli("destination", "create", "--name", "file", "--kind", "jsonl")
    ran = cli("destination", "test", "file")
    assert (ran.code, "file.jsonl" in ran.out) == (0, True)
    lines = (cli.directory / "data" / "exports" / "file.jsonl").read_text().splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["llm_proxy.test"]
    cli("destination", "create", "--name", "hook", "--kind", "webhook", "--url", URL)
    refused = cli(
        "destination", "test", "hook", "--json", DESTINATION_ORIGINS="https://other.example.com"
    )
    assert (refused.code, refused.json["works"]) == (1, False)
    assert "DESTINATION_ORIGINS" in refused.json["message"]
    actions = [row["action"] for row in cli("audit", "--json").json["data"]]
    assert actions.count("destination.test") == 2


def test_what_is_wrong_is_told_with_the_option(cli_on_sqlite: CommandLine) -> None:
    def refused(*words: str, **environ: str) -> tuple[int, str]:
        ran = cli_on_sqlite("destination", "create", "--name", "x", *words, **environ)
        assert ran.out == ""
        return ran.code, ran.err

    webhook = ("--kind", "webhook", "--url", URL)
    for words, code, said in (
        (("--kind", "webhook"), 2, "--url: A destination of kind webhook needs an address."),
        (("--kind", "webhook", "--url", "x"), 2, "--url: This is not usable"),
        ((*webhook, "--event", "key.gone"), 2, "--event: There is no such event. The events are"),
        ((*webhook, "--secret", "s3cret"), 2, "--secret: The secret of a webhook is whsec_"),
        ((*webhook, "--header", "host: a"), 2, "--header: Host, User-Agent"),
        ((*webhook, "--header", "a: 1", "--header", "a: 2"), 2, "--header: one field is named"),
        ((*webhook, "--outcome", "fine"), 2, "--outcome: This is none of"),
        ((*webhook, "--token", "x"), 2, "--token: This is not an id."),
        ((*webhook, "--project", "nowhere"), 1, "no project with the id or name nowhere"),
    ):
        ran = refused(*words)
        assert ran[0] == code, ran
        assert said in ran[1]
        assert "s3cret" not in ran[1]
    elsewhere = refused(*webhook, DESTINATION_ORIGINS="https://other.example.com")
    assert (elsewhere[0], "DESTINATION_ORIGINS" in elsewhere[1]) == (1, True)
    cli_on_sqlite("destination", "create", "--name", "x", *webhook, "--header", "x-a: b")
    taken = refused("--kind", "jsonl")
    assert (taken[0], "named x already" in taken[1]) == (1, True)
    at = ("destination", "update", "x")
    moved = cli_on_sqlite(*at, "--url", "https://elsewhere.example")
    assert (moved.code, "give them anew" in moved.err) == (1, True)
    assert cli_on_sqlite(*at).code == 2
    assert cli_on_sqlite(*at, "--new-secret", "--secret", SECRET).code == 2
