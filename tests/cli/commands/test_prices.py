"""`prices`: what a model costs, and reading PRICES_FILE again."""

from pathlib import Path

from proxy.pricing import sheet
from tests.cli.running import CommandLine

FILE = """
[prices."openai/gpt-4o*"]
input = 1.5
output = 3
context_length = 64000
[prices."openai/gpt-4o*".service_tiers.flex]
input = 0.75
output = 1.5
"""


def _file(directory: Path, text: str = FILE) -> str:
    path = directory / "prices.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_show_says_what_the_sheet_has(fresh: CommandLine) -> None:
    rows = fresh("prices", "show", "openai/gpt-5.4", "--json").json["data"]
    by_tier = {(row["service_tier"], row["over"]): row for row in rows}
    assert set(by_tier) >= {(None, None), (None, 272_000), ("flex", None), ("priority", None)}
    standard = by_tier[None, None]
    assert (standard["provider"], standard["source"]) == ("openai", sheet.SOURCE)
    assert (standard["input"], standard["output"], standard["cache_read"]) == (2.5, 15.0, 0.25)
    assert standard["web_search"] == 0.01
    assert standard["cache_write"] is None
    assert standard["context_length"] == 1_050_000
    assert by_tier[None, 272_000]["output"] == 22.5


def test_show_names_each_provider_that_has_the_model(fresh: CommandLine) -> None:
    rows = fresh("prices", "show", "gpt-5.4", "--json").json["data"]
    assert {row["provider"] for row in rows} >= {"openai", "azure-openai"}
    assert rows[0]["provider"] == "openai"


def test_show_prefers_the_file(fresh: CommandLine, tmp_path: Path) -> None:
    ran = fresh("prices", "show", "openai/gpt-4o", "--json", PRICES_FILE=_file(tmp_path))
    rows = ran.json["data"]
    assert [(row["service_tier"], row["input"], row["source"]) for row in rows] == [
        (None, 1.5, "prices_file"),
        ("flex", 0.75, "prices_file"),
    ]
    assert rows[0]["context_length"] == 64_000


def test_a_part_without_a_known_price_shows_none(fresh: CommandLine) -> None:
    (row, *_) = fresh("prices", "show", "gpt-4.1", "--json").json["data"]
    assert row["web_search"] is None


def test_show_is_a_table(fresh: CommandLine) -> None:
    ran = fresh("prices", "show", "claude-opus-4-8")
    assert ran.code == 0
    assert all(word in ran.out for word in ("anthropic", "cache write 1h", "batch", "10.0"))


def test_show_of_a_model_that_nobody_knows_exits_1(fresh: CommandLine) -> None:
    searches = (
        " (LiteLLM has a price per request beside the tokens ($0.025, $0.01), the sheet has none)"
    )
    for model, why in (("no-such-model", ""), ("gpt-4o-search-preview", searches)):
        ran = fresh("prices", "show", model)
        told = f"No price is known for {model}{why}. PRICES_FILE may say one.\n"
        assert (ran.code, ran.out, ran.err) == (1, "", told)


def test_reload_leaves_a_mark_for_the_workers(fresh: CommandLine, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    given = {"PRICES_FILE": _file(tmp_path), "DATA_DIR": str(data)}
    ran = fresh("prices", "reload", **given)
    assert (ran.code, ran.out) == (0, "")
    (mark,) = data.iterdir()
    before = mark.read_bytes()
    assert fresh("prices", "reload", "--json", **given).json == {"entries": 1}
    assert mark.read_bytes() != before


def test_reload_of_a_file_with_a_mistake_exits_2_and_asks_nobody(
    fresh: CommandLine, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    file = _file(tmp_path, '[prices."openai/gpt-4o"]\ninput = "1"\noutput = -1\n')
    ran = fresh("prices", "reload", PRICES_FILE=file, DATA_DIR=str(data))
    assert ran.code == 2
    assert [line.split(": ")[2] for line in ran.err.splitlines()] == [
        "prices.openai/gpt-4o.input",
        "prices.openai/gpt-4o.output",
    ]
    assert not list(data.iterdir())


def test_reload_without_a_file_exits_2(fresh: CommandLine) -> None:
    assert fresh("prices", "reload").code == 2


def test_reload_where_nothing_can_be_written_exits_1(fresh: CommandLine, tmp_path: Path) -> None:
    ran = fresh("prices", "reload", PRICES_FILE=_file(tmp_path), DATA_DIR=str(tmp_path / "nowhere"))
    assert (ran.code, ran.out) == (1, "")
    assert "DATA_DIR" in ran.err


def test_doctor_looks_at_the_file(fresh: CommandLine, tmp_path: Path) -> None:
    file = _file(tmp_path, "[prices.x]\n")
    ran = fresh("doctor", PRICES_FILE=file, OPENAI_BASE_URL="http://localhost:9")
    assert ran.code == 2
    assert ran.err.startswith("PRICES_FILE: ")


def test_an_entry_of_an_unknown_provider_is_warned_of(fresh: CommandLine, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    file = _file(tmp_path, '[prices."opneai/gpt-4o"]\ninput = 1\noutput = 1\n')
    given = {
        "PRICES_FILE": file,
        "DATA_DIR": str(data),
        "OPENAI_BASE_URL": "http://localhost:9",
    }
    ran = fresh("prices", "reload", **given)
    assert ran.code == 0
    assert 'no provider has the name "opneai"; did you mean "openai"?' in ran.err
    checks = fresh("doctor", "--json", **given).json["checks"]
    (told,) = [check for check in checks if check["check"] == "prices"]
    assert told["status"] == "warning"
    assert 'did you mean "openai"?' in told["message"]
