"""What MIDDLEWARE names is found before anything is served, or the start ends with why not."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import ConfigError, Settings, load
from proxy.middleware.loading import load as load_middlewares

CODE = """
from proxy.middleware import Middleware

class Good:
    keeps_body = True

    def __init__(self, settings):
        self.port = settings.port

    async def request(self, view): ...

class Inner:
    make = Good

class Declared(Middleware):
    def response_head(self, view): ...

class Empty(Middleware): ...

class Async:
    async def event(self, view, data): ...

class Yields:
    async def event(self, view, data): yield data

class AsyncCalled:
    async def __call__(self, view, data): ...

class NoView:
    async def request(self): ...

class Odd:
    def __getattr__(self, name): raise RuntimeError("no " + name)

class NoHook:
    requests = None

class OddHook:
    request = 5

class OddWish:
    keeps_body = "yes"
    def event(self, view, data): ...

def good(settings): return Good(settings)
def an_async(settings): return Async()
def async_called(settings): return type("Called", (), {"event": AsyncCalled()})()
def yields(settings): return Yields()
def no_view(settings): return NoView()
def a_class(settings): return Good
def odd(settings): return Odd()
def no_hook(settings): return NoHook()
def declared(settings): return Declared()
def empty(settings): return Empty()
def odd_hook(settings): return OddHook()
def odd_wish(settings): return OddWish()
def nothing(settings): return None
def fails(settings): raise ValueError("no\\nservice")
def ends(settings): raise SystemExit(3)
def no_argument(): ...
not_callable = 5
"""

HERE = """
class Made:
    async def request(self, view): ...
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Modules of an operator's on the path."""
    (tmp_path / "of_theirs").mkdir()
    (tmp_path / "of_theirs" / "code.py").write_text(CODE)
    (tmp_path / "of_theirs" / "broken.py").write_text("import of_theirs.missing")
    (tmp_path / "of_theirs" / "odd.py").write_text("def (")
    (tmp_path / "of_theirs" / "leaves.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    for name in [name for name in sys.modules if name.startswith("of_theirs")]:
        del sys.modules[name]


def settings(*names: str) -> Settings:
    return load({"MIDDLEWARE": ",".join(names)}, None)


def test_factories_are_called_with_the_settings_in_order(package: None) -> None:
    first, second = load_middlewares(settings("of_theirs.code:good", "of_theirs.code:Inner.make"))
    assert (first.name, second.name) == ("of_theirs.code:good", "of_theirs.code:Inner.make")
    assert first.keeps_body
    assert first.request is not None
    assert first.event is None
    assert str(first) == "of_theirs.code:good has request, and keeps bodies"


def test_a_hook_that_is_only_inherited_from_the_interface_is_none(package: None) -> None:
    (one,) = load_middlewares(settings("of_theirs.code:declared"))
    assert str(one) == "of_theirs.code:declared has response_head"


def test_without_any_nothing_is_loaded() -> None:
    assert load_middlewares(load({}, None)) == ()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere_at_all:x", "the module cannot be imported (ModuleNotFoundError: No module"),
        ("of_theirs.broken:x", "the module cannot be imported (ModuleNotFoundError"),
        ("of_theirs.odd:x", "the module cannot be imported (SyntaxError"),
        ("of_theirs.leaves:x", "the module cannot be imported (SystemExit)"),
        ("of_theirs.code:missing", "the module has no missing"),
        ("of_theirs.code:not_callable", "not_callable cannot be called"),
        ("of_theirs.code:no_argument", "no_argument(settings) failed (TypeError"),
        ("of_theirs.code:fails", "fails(settings) failed (ValueError: no service)"),
        ("of_theirs.code:ends", "ends(settings) failed (SystemExit: 3)"),
        ("of_theirs.code:nothing", "NoneType, has none of request, response_head, event"),
        ("of_theirs.code:no_hook", "NoHook, has none of request, response_head, event"),
        ("of_theirs.code:empty", "Empty, has none of request, response_head, event"),
        ("of_theirs.code:odd_hook", "request cannot be called"),
        ("of_theirs.code:an_async", "event must not be async"),
        ("of_theirs.code:async_called", "event must not be async"),
        ("of_theirs.code:yields", "event must not yield"),
        ("of_theirs.code:no_view", "request cannot be called with (view): too many"),
        ("of_theirs.code:a_class", "request cannot be called with (view): missing"),
        ("of_theirs.code:odd", "Odd, cannot be looked at (RuntimeError: no request)"),
        ("of_theirs.code:odd_wish", "keeps_body is neither True nor False"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(package: None, name: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_middlewares(settings(name, "of_theirs.code:good"))
    (problem,) = caught.value.problems
    assert problem.startswith(f"MIDDLEWARE: {name}: ")
    assert says in problem
    assert "\n" not in problem


def test_what_lies_where_the_proxy_is_started_is_found_behind_all_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here_alone.py").write_text("def make(settings): return Made()\n" + HERE)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    try:
        assert [str(one) for one in load_middlewares(settings("here_alone:make"))] == [
            "here_alone:make has request"
        ]
        assert sys.path[-1] == str(tmp_path)
        load_middlewares(settings("here_alone:make"))
        assert sys.path.count(str(tmp_path)) == 1
    finally:
        sys.modules.pop("here_alone", None)
