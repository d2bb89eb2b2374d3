"""What `docs/architecture.md` says under "Adding a management operation": no step is forgotten."""

import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Final

import pytest

import manage as room
from manage import views
from manage.operations import Operation, Resource
from manage.plane import RESOURCES
from manage.schemas.schema import Nothing

ROOT = Path(room.__file__).parents[1]
ROWS = [operation for resource in RESOURCES for operation in resource.operations]


def _resources() -> Iterator[Resource]:
    for module in pkgutil.iter_modules(views.__path__):
        loaded = import_module(f"{views.__name__}.{module.name}")
        yield from (value for value in vars(loaded).values() if isinstance(value, Resource))


def _named(operation: Operation) -> str:
    return f"{operation.method} {operation.path}"


def test_every_resource_is_served() -> None:
    assert {id(resource) for resource in _resources()} == {id(resource) for resource in RESOURCES}


@pytest.mark.parametrize("operation", ROWS, ids=_named)
def test_an_operation_describes_itself_for_the_document(operation: Operation) -> None:
    summary = (operation.view.__doc__ or "").strip()
    assert summary.endswith("."), "the docstring is the operation's text in the document"
    assert operation.takes.__doc__
    if operation.method in ("POST", "PATCH") and operation.takes is not Nothing:
        assert operation.takes.model_config["extra"] == "forbid"
        assert operation.takes.model_config["strict"] is True


@pytest.mark.parametrize("operation", ROWS, ids=_named)
def test_a_view_uses_the_ids_of_its_path(operation: Operation) -> None:
    source = inspect.getsource(inspect.getmodule(operation.view))  # type: ignore[arg-type]
    for place in re.findall(r"\{(\w+)\}", operation.path):
        assert f'["{place}"]' in source


#: A question that sends a request, and changes nothing here.
_ASKS: Final = "/projects/{project_id}/keys/{key_id}/test"


@pytest.mark.parametrize(
    "operation",
    [row for row in ROWS if row.method != "GET" and row.path != _ASKS],
    ids=_named,
)
def test_a_change_says_who_makes_it(operation: Operation) -> None:
    assert "by=call.actor" in inspect.getsource(operation.view)


@pytest.mark.parametrize("operation", ROWS, ids=_named)
def test_an_operation_is_in_the_documentation(operation: Operation) -> None:
    table = (ROOT / "docs" / "management-api.md").read_text()
    documented = {
        (method, path)
        for methods, path in re.findall(r"^\| `([A-Z`, ]+?) ?(/manage/\S*?)`", table, re.MULTILINE)
        for method in re.findall(r"[A-Z]+", methods)
    }
    last = re.sub(r"\{(project|token|destination)_id\}", "{id}", operation.path)
    assert (operation.method, f"/manage{last}") in documented


@pytest.mark.parametrize("operation", ROWS, ids=_named)
def test_an_operation_is_tested(operation: Operation) -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests" / "manage").rglob("test_*.py"))
    pattern = re.sub(r"\{\w+\}", r"[^/\"]+", operation.path)
    assert re.search(f'/manage{pattern}["?]', tests), "no test names this path"
