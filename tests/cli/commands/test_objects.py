"""`llm-proxy object`"""

from uuid import uuid4

from tests.cli.running import API_KEY, CommandLine


def test_older_objects_are_adopted_and_shown(cli: CommandLine) -> None:
    made = cli("project", "create", "--name", "docs", "--api-key", API_KEY, "--json").json
    token = cli("token", "create", "--project", "docs", "--json").json
    adopted = cli(
        "object", "adopt", "--project", "docs", "--token", token["id"], "file-1", "batch_1"
    )
    assert adopted.code == 0, adopted.err
    assert "2 objects were adopted, 0 were known before." in adopted.err
    again = cli("object", "adopt", "--project", "docs", "file-1", "resp_1", "--json")
    assert again.json == {"adopted": 1, "known": 1}
    listed = cli("object", "list", "--project", "docs", "--json").json
    assert [(row["id"], row["kind"], row["token_id"]) for row in listed["data"]] == [
        ("batch_1", "batch", token["id"]), ("file-1", "file", token["id"]),
        ("resp_1", "response", None),
    ]  # fmt: skip
    assert listed["data"][0]["key_id"] == made["keys"][0]["id"]
    page = cli("object", "list", "--project", "docs", "--limit", "1", "--json").json
    assert page["next_cursor"] == "batch_1"
    one = cli("object", "list", "--project", "docs", "--id", "resp_1", "--json").json
    assert [row["id"] for row in one["data"]] == ["resp_1"]


def test_what_cannot_be_adopted_is_told(cli: CommandLine) -> None:
    cli("project", "create", "--name", "docs", "--api-key", API_KEY)
    for wrong in (("a b",), (), ("a", "--kind", "A"), ("a", "--key", "no id")):
        assert cli("object", "adopt", "--project", "docs", *wrong).code == 2
    other = cli("object", "adopt", "--project", "docs", "a", "--key", str(uuid4()))
    assert (other.code, "no key with this id" in other.err) == (1, True)


def test_objects_of_a_key_that_is_gone_are_moved(cli: CommandLine) -> None:
    made = cli("project", "create", "--name", "docs", "--api-key", API_KEY, "--json").json
    old = made["keys"][0]["id"]
    cli("object", "adopt", "--project", "docs", "file-1")
    new = cli("key", "add", "--project", "docs", "--api-key", API_KEY, "--json").json["id"]
    at = ("object", "move", "--project", "docs", "--from", old, "--key", new)
    assert cli(*at).code == 1
    assert cli("key", "remove", old, "--yes").code == 0
    assert cli(*at, "--json").json == {"moved": 1}
    assert "0 objects are known" in cli(*at).err
