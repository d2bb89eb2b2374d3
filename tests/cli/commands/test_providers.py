"""`provider`: what this installation knows of upstreams."""

from pathlib import Path

from proxy.providers.catalog import BUILT_IN
from tests.cli.running import CommandLine


def test_list_has_all_of_them_and_those_of_the_file(fresh: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "providers.toml"
    file.write_text('[providers.mine]\nlike = "openai"\nheaders = { "x-key" = "of-theirs" }\n')
    ran = fresh("provider", "list", "--json", PROVIDERS_FILE=str(file))
    found = {one["name"]: one for one in ran.json["data"]}
    assert set(found) == {*BUILT_IN, "mine"}
    assert found["bedrock"]["needs_base_url"] is True
    assert found["mine"]["headers"] == ["x-key"]
    assert "of-theirs" not in ran.out


def test_show_names_the_endpoints(fresh: CommandLine) -> None:
    shown = fresh("provider", "show", "gemini", "--json").json
    assert shown["auth"] == "header:x-goog-api-key"
    assert {
        "method": "POST",
        "path": "/v1beta/models/{model}:generateContent",
        "usage": "gemini",
    } in shown["endpoints"]
    assert "/v1beta/models/{model}:generateContent" in fresh("provider", "show", "gemini").out


def test_show_says_what_is_off_by_default(fresh: CommandLine) -> None:
    assert "holds secrets of the account" in fresh("provider", "show", "openai").out


def test_an_unknown_one_is_told_with_those_there_are(fresh: CommandLine) -> None:
    ran = fresh("provider", "show", "gemni")
    assert ran.code == 1
    assert "gemini" in ran.err
