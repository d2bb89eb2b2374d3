"""What users rely on is in docs/, and what docs/ names is there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config import TABLE
from docs.commands import every_command
from docs.generate import files
from manage.errors import ManageError
from proxy.errors import Refusal
from tests.operations.test_metrics import NAMES

ROOT = Path(__file__).parents[2]
PAGES = sorted([*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")])
COMMANDS = dict(every_command())
#: What a page names by its path from the root.
_FOLDERS = (
    "admin|benchmarks|cli|config|delivery|deploy|docs|fake_upstream|findings|manage|migrations|models|proxy"
    "|server|setup|telemetry|templates|tests|web"
)


def read(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def codes(refusals: type[Refusal] | type[ManageError]) -> Iterator[tuple[int, str]]:
    for one in refusals.__subclasses__():
        yield one.status, one.code
        yield from codes(one)


def section(title: str) -> str:
    """A part of errors.md."""
    _, _, rest = read("errors.md").partition(f"## Of {title}")
    return rest.partition("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "refusals"), [("the proxy", Refusal), ("the management API", ManageError)]
)
def test_every_error_code_is_documented(
    title: str, refusals: type[Refusal] | type[ManageError]
) -> None:
    documented = {
        (int(status), code)
        for status, code in re.findall(r"^\| (\d{3}) \| `(\w+)` \|", section(title), re.MULTILINE)
    }
    assert documented == set(codes(refusals))


def test_every_metric_is_documented() -> None:
    table = read("operations.md")
    for name, labels in NAMES.items():
        shown = re.sub(r"_(bucket|count|sum)$", "", name)
        row = re.search(rf"^\| `{shown}` \|(.*?)\|", table, re.MULTILINE)
        assert row is not None, f"docs/operations.md: {shown}"
        assert set(filter(None, row[1].strip().split(", "))) == labels - {"le"}, shown


def test_every_alert_is_documented() -> None:
    rules = (ROOT / "deploy" / "prometheus" / "rules.yml").read_text()
    documented = set(re.findall(r"^\| `(LLMProxy\w+)` \|", read("operations.md"), re.MULTILINE))
    assert documented == set(re.findall(r"- alert: (\w+)", rules))


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.name))
def test_written_pages_are_as_they_would_be_written(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == files()[path], f"{path.name}: run make docs"


def test_every_setting_named_anywhere_exists() -> None:
    known = {row.name for row in TABLE}
    for row in TABLE:
        assert f"`{row.name}`" in read("configuration.md")
    # Those that look like ours but are another program's, or words of a message.
    prefixes = ("UPSTREAM_", "LOG_", "METRICS_", "REQUEST_", "TOKEN_", "ADMIN_", "MANAGEMENT_")
    for page in PAGES:
        for name in re.findall(r"`([A-Z]+(?:_[A-Z]+)+)(?:=[^`]*)?`", page.read_text()):
            if name.startswith(prefixes):
                assert name in known, f"{page.name}: {name}"


def _lines(page: Path) -> Iterator[str]:
    """Every command line of ours: in code blocks and in the middle of a sentence."""
    text = page.read_text(encoding="utf-8").replace("python -m cli", "llm-proxy")
    for block in re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            yield from re.findall(r"(?:^|[\s(|])llm-proxy ([^()|#&;]+)", line)
    for line in re.findall(r"`llm-proxy ([^`]+)`", text):
        yield line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_exists(page: Path) -> None:
    for line in _lines(page):
        if "[OPTIONS]" in line or line.startswith(("--", "serve")):
            continue
        words = line.split()
        name = next((w for w in (" ".join(words[:2]), words[0]) if w in COMMANDS), None)
        # A noun by itself is spoken of, not run.
        nouns = {command.split()[0] for command in COMMANDS}
        if name is None and len(words) == 1 and words[0] in nouns | {"serve"}:
            continue
        assert name is not None, f"{page.name}: llm-proxy {line}"
        known = _options(COMMANDS[name])
        for word in words:
            if word.startswith("--"):
                assert word.partition("=")[0] in known, f"{page.name}: llm-proxy {line}"


def _options(command: Any) -> set[str]:
    return {name for one in command.params for name in (*one.opts, *one.secondary_opts)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_and_file_leads_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (page.parent / target).exists(), f"{page.name}: {target}"
    for named in re.findall(rf"`((?:{_FOLDERS})/[\w./-]+)`", text):
        assert (ROOT / named).exists(), f"{page.name}: {named}"


def test_every_module_that_the_architecture_names_exists() -> None:
    """By its whole path, or by the end of it where the sentence says in which folder it is."""
    files_ = {
        f"/{path.relative_to(ROOT).as_posix()}"
        for folder in _FOLDERS.split("|")
        for path in (ROOT / folder).rglob("*.py")
    } | {"/app.py"}
    named = re.findall(r"`([\w/]+\.py)`", read("architecture.md"))
    assert [name for name in named if not any(one.endswith(f"/{name}") for one in files_)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for named in re.findall(r"(?:`|\$ )make ([a-z]+)", page.read_text()):
        assert named in targets, f"{page.name}: make {named}"


_NAMED_TEST = re.compile(r"`((?:tests/[\w/]+/)?test_\w+\.py)`|`(test_\w+)`|`\[([^`\]]+)\]`")
_TEST_FILES = {
    path: path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")
}


def _named_tests(page: Path) -> Iterator[tuple[str, str, list[Path]]]:
    """What a page calls a test: `file`, `test` or `case`, its name, and the files it may be in."""
    last: list[Path] = []
    for line in page.read_text(encoding="utf-8").splitlines():
        named = list(_NAMED_TEST.finditer(line))
        here = [path for match in named if match[1] for path in _files_named(match[1])]
        last = here or last
        for match in named:
            if match[1]:
                yield "file", match[1], _files_named(match[1])
            elif match[2]:
                yield "test", match[2], here or list(_TEST_FILES)
            elif last and line.startswith("|"):
                yield "case", match[3], last


def _files_named(name: str) -> list[Path]:
    if "/" in name:
        return [ROOT / name] if ROOT / name in _TEST_FILES else []
    return [path for path in _TEST_FILES if path.name == name]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_is_named_exists(page: Path) -> None:
    for kind, name, files_ in _named_tests(page):
        if kind == "file":
            assert files_, f"{page.name}: {name}"
            continue
        # A case is one of a test's parameters, by its id.
        wanted = rf"^(?:async )?def {name}\(" if kind == "test" else rf"[\"']{re.escape(name)}[\"']"
        texts = [_TEST_FILES[path] for path in files_]
        found = [text for text in texts if re.search(wanted, text, re.MULTILINE)]
        assert found, f"{page.name}: {name} in {[path.name for path in files_]}"


def test_every_picture_is_on_a_page_and_every_page_s_picture_is_there() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    shown = set(re.findall(r"images/([\w-]+\.png)", text))
    assert shown == {path.name for path in (ROOT / "docs" / "images").glob("*.png")}
