"""What may be set on a token, a project or a key can be set, and is shown, at every door.

The model's own list of fields (`TokenFields` and its kin) is what the others are held to.
"""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args, get_type_hints

import pytest
from pydantic import BaseModel
from tortoise import Model

from admin.forms import accounts as account_forms
from admin.forms import projects as project_forms
from admin.forms import tokens as token_forms
from admin.forms.form import Form
from cli.commands import keys as key_commands
from cli.commands import projects as project_commands
from cli.commands import tokens as token_commands
from manage.schemas import keys, projects, tokens
from models import Project, Token, UpstreamKey
from models.project_fields import ProjectChanges
from models.tokens import TokenFields
from models.upstream_keys import UpstreamKeyFields

ROOT: Final = Path(__file__).parents[2]


class Doors(NamedTuple):
    """Where one kind of row is set and shown, and the fields that a door has in another way."""

    model: type[Model]
    fields: type
    view: type[BaseModel]
    #: What a change takes besides the fields.
    change: type[BaseModel]
    more_to_change: set[str]
    #: What only a change takes, and what only a creation takes besides the fields.
    create: type[BaseModel]
    not_at_creation: set[str]
    more_to_create: set[str]
    #: The admin's form, with what it calls otherwise and what has a button of its own.
    form: type[Form]
    more_in_form: set[str]
    not_in_form: set[str]
    templates: tuple[str, ...]
    commands: tuple[Callable[..., Any], Callable[..., Any]]
    #: Options that are called otherwise than their fields.
    options: dict[str, str]


TOKEN: Final = Doors(
    Token,
    TokenFields,
    tokens.TokenView,
    tokens.TokenChange,
    {"expires_in"},
    tokens.TokenCreation,
    set(),
    {"expires_in", "project_id"},
    token_forms.TokenChange,
    {"expiry"},
    set(),
    ("tokens/form.html", "tokens/show.html"),
    (token_commands.create, token_commands.update),
    {"expires_at": "expires", "budgets": "budget", "tags": "tag"},
)
PROJECT: Final = Doors(
    Project,
    ProjectChanges,
    projects.ProjectView,
    projects.ProjectChange,
    {"api_key"},
    projects.ProjectCreation,
    {"is_active"},
    {"api_key"},
    project_forms.ProjectChange,
    {"api_key", "failover_statuses", "failover_timeout", "cache_ttl", "cache_only"},
    {"is_active", "allowed_endpoints", "extra_endpoints"},
    ("projects/form.html", "projects/show.html"),
    (project_commands.create, project_commands.update),
    {
        "is_active": "active",
        "project": "cloud_project",
        "budgets": "budget",
        "extra_endpoints": "extra_endpoint",
    },
)
KEY: Final = Doors(
    UpstreamKey,
    UpstreamKeyFields,
    keys.KeyView,
    keys.KeyChange,
    set(),
    keys.KeyCreation,
    {"is_active"},
    {"api_key"},
    project_forms.KeyChange,
    set(),
    {"is_active"},
    ("projects/key.html", "projects/_keys.html"),
    (key_commands.add, key_commands.update),
    {"is_active": "active"},
)

every = pytest.mark.parametrize(
    "doors", [TOKEN, PROJECT, KEY], ids=lambda doors: doors.model.__name__
)


def _fields(doors: Doors) -> set[str]:
    return set(get_type_hints(doors.fields))


@every
def test_what_may_be_set_is_a_column_and_shown_by_the_api(doors: Doors) -> None:
    assert _fields(doors) <= set(doors.model._meta.db_fields)
    assert _fields(doors) <= set(doors.view.model_fields)


@every
def test_the_api_takes_each_field_and_no_other(doors: Doors) -> None:
    assert set(doors.change.model_fields) == _fields(doors) | doors.more_to_change
    taken = (_fields(doors) - doors.not_at_creation) | doors.more_to_create
    assert set(doors.create.model_fields) == taken


@every
def test_the_admin_has_each_field_in_its_form_and_on_its_page(doors: Doors) -> None:
    inside = _fields(doors) - doors.not_in_form
    assert set(doors.form.model_fields) == inside | doors.more_in_form
    form, page = ((ROOT / "templates" / name).read_text() for name in doors.templates)
    assert [name for name in inside if f'(form, "{name}"' not in form] == []
    row = "key" if doors is KEY else doors.model._meta.db_table
    assert [name for name in _fields(doors) if f"{row}.{name}" not in page] == []


@every
def test_the_command_line_has_an_option_for_each_field(doors: Doors) -> None:
    create, update = (set(inspect.signature(command).parameters) for command in doors.commands)
    options = {doors.options.get(name, name) for name in _fields(doors)}
    assert options <= update
    assert options - {doors.options.get(name, name) for name in doors.not_at_creation} <= create


def _has_lines(kind: Any) -> bool:
    """Whether it is a list, or a map of one name to another."""
    return getattr(kind, "__origin__", kind) in (list, dict) or any(map(_has_lines, get_args(kind)))


@every
def test_a_text_area_is_read_line_by_line_where_its_field_has_several(doors: Doors) -> None:
    fields = doors.form.model_fields.items()
    assert {name for name, field in fields if _has_lines(field.annotation)} == doors.form.LISTS


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (keys.KeyCreation, {"api_key"}),
        (projects.ProjectCreation, {"api_key"}),
        (projects.ProjectChange, {"api_key"}),
        (tokens.TokenWithSecret, {"token"}),
        (project_forms.KeyCreation, {"api_key"}),
        (project_forms.ProjectCreation, {"api_key"}),
        (project_forms.ProjectChange, {"api_key"}),
        (account_forms.SignIn, {"password"}),
        (account_forms.PasswordChange, {"current", "password", "again"}),
        (account_forms.UserCreation, {"password", "again"}),
    ],
)
def test_what_is_sent_as_a_secret_is_in_no_repr(kind: type[BaseModel], names: set[str]) -> None:
    """A log line or an error report may show the object that a view works with."""
    values: dict[str, Any] = dict.fromkeys(names, "sk-typed-by-a-user")
    sent = kind.model_construct(**values)
    assert "sk-typed" not in repr(sent)
    if issubclass(kind, Form):
        assert names <= kind.SECRETS
