"""The table of commands: everything the contract names is there, and help costs nothing."""

import subprocess
import sys

import pytest

from cli.command_table import TABLE
from docs.commands import every_command
from tests.cli.running import ROOT, CommandLine

VERBS = {
    "project": ("create", "list", "show", "update", "purge-cache", "delete"),
    "token": ("create", "list", "show", "update", "revoke", "rotate"),
    "key": ("add", "list", "update", "test", "remove"),
    "object": ("list", "adopt", "move"),
    "budget": ("reset",),
    "provider": ("list", "show"),
    "destination": ("create", "list", "show", "update", "delete", "test"),
    "admin": ("create", "list", "passwd", "remove"),
    "management-token": ("create", "list", "revoke"),
    "encryption": ("rotate",),
    "prices": ("show", "reload"),
}
ALONE = (
    "serve", "demo", "migrate", "doctor", "usage", "refusals", "requests", "events", "audit",
    "export", "import", "backup", "restore",
)  # fmt: skip


def test_the_table_and_these_tests_name_the_same_commands() -> None:
    verbs: dict[str, set[str]] = {}
    for words, _ in every_command():
        noun, _, verb = words.partition(" ")
        verbs.setdefault(noun, set()).add(verb)
    # Typer shows the verb of a noun that has one alone; it is not asked for.
    named = {noun: set(known) for noun, known in VERBS.items()} | {noun: {""} for noun in ALONE}
    named["serve"], named["demo"] = verbs["serve"], verbs["demo"]
    assert verbs == named


def test_every_module_of_commands_is_in_the_table() -> None:
    modules = {path.stem for path in (ROOT / "cli" / "commands").glob("[!_]*.py")}
    targets = {row.target.partition(":")[0] for row in TABLE}
    assert modules == {
        target.removeprefix("commands.") for target in targets if target.startswith("commands.")
    }


def test_every_listing_has_json() -> None:
    for words, command in every_command():
        if words.rpartition(" ")[2] in (
            "list",
            "show",
            "usage",
            "refusals",
            "requests",
            "events",
            "audit",
        ):
            assert "--json" in {name for option in command.params for name in option.opts}, words


def test_help_names_every_command(fresh: CommandLine) -> None:
    shown = fresh("--help")
    assert shown.code == 0
    assert all(name in shown.out for name in (*VERBS, *ALONE))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_every_command_has_help(fresh: CommandLine, row: object) -> None:
    name = getattr(row, "name")  # noqa: B009
    shown = fresh(name, "--help")
    assert shown.code == 0
    assert all(verb in shown.out for verb in VERBS.get(name, ()))


def test_every_verb_shows_an_example() -> None:
    for words, command in every_command():
        if words not in ("serve", "demo"):
            assert f"  llm-proxy {words}" in command.epilog.replace("$(", "  "), words


def test_help_ends_with_the_examples(fresh: CommandLine) -> None:
    shown = fresh("project", "create", "--help", COLUMNS="200")
    assert shown.code == 0
    assert "llm-proxy project create --name docs" in shown.out.partition("Examples")[2]


def test_help_does_not_load_the_database() -> None:
    program = (
        "import sys; from cli.__main__ import main; sys.argv = ['llm-proxy', '--help']\n"
        "try: main()\n"
        "finally: print({'tortoise', 'sanic', 'cryptography'} & set(sys.modules), file=sys.stderr)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stderr == "set()\n"


def test_a_typing_mistake_is_answered_with_the_likely_word(fresh: CommandLine) -> None:
    ran = fresh("projects", "list")
    assert ran.code == 2
    assert "project" in ran.err
    assert ran.out == ""


@pytest.mark.parametrize("words", [("token", "create"), ("token", "list", "--limit", "0"), ("no",)])
def test_wrong_usage_exits_2(fresh: CommandLine, words: tuple[str, ...]) -> None:
    assert fresh(*words).code == 2


@pytest.mark.parametrize(
    "words",
    [
        ("project", "show", "\udcff"),
        ("audit", "--actor", "a\udced"),
        ("key", "add", "--project", "docs", "--api-key", "\udcff"),
    ],
)
def test_an_argument_that_is_no_text_exits_2_and_is_not_repeated(
    fresh: CommandLine, words: tuple[str, ...]
) -> None:
    ran = fresh(*words)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"Argument {len(words)} is not utf-8 text.\n"


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("tok", "token"), ("token rev", "revoke"), ("usage --group", "--group-by")],
)
def test_the_shell_completes_nouns_verbs_and_options(typed: str, expected: str) -> None:
    # As the installed script runs: the name of the program is the name of the variable.
    program = "import sys; sys.argv = ['llm-proxy']; from cli.__main__ import main; main()"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={
            "_LLM_PROXY_COMPLETE": "complete_bash",
            "COMP_WORDS": f"llm-proxy {typed}",
            "COMP_CWORD": str(len(typed.split())),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert expected in ran.stdout.split()


def test_version(fresh: CommandLine) -> None:
    from config import VERSION

    assert fresh("--version").out == f"llm-proxy {VERSION}\n"


def test_commands_do_without_the_web_framework() -> None:
    """It takes longer to load than most commands take to run."""
    modules = "cli.commands.tokens, cli.commands.projects, cli.transfer.importing"
    code = f"import sys, {modules}; print('sanic' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout == "False\n", ran.stderr
