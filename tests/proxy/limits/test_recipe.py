"""The places of a limit, as `docs/architecture.md`, "Adding a limit", lists them in order."""

from pathlib import Path
from typing import Final, get_args

import pytest
from pydantic import BaseModel

from admin.forms import projects as project_forms
from admin.forms import tokens as token_forms
from manage.schemas import projects, tokens
from proxy import errors, failures
from proxy.limits.store import Claim, Dimension, LimitExceeded, Remaining, claims_on

ROOT: Final = Path(__file__).parents[3]
#: What a field of a token or project is called at every door, and the dimension it is decided in.
LIMITS: Final[dict[str, Dimension]] = {
    "max_requests": "requests",
    "requests_per_minute": "rate",
    "max_parallel_requests": "slots",
}
#: Of tokens; all but a quota stand in the same places of projects.
PLACES: Final = (
    "models/{owner}s.py",
    "models/grants.py",
    "migrations/sqlite/0_20261123140000_init.py",
    "migrations/postgres/0_20261123140000_init.py",
    "templates/{owner}s/show.html",
    "proxy/access/policies.py",
)
SCHEMAS: Final[dict[str, tuple[type[BaseModel], ...]]] = {
    "token": (tokens.TokenChange, tokens.TokenView, token_forms.TokenChange),
    "project": (projects.ProjectChange, projects.ProjectView, project_forms.ProjectFacts),
}


def test_every_dimension_has_a_field() -> None:
    assert set(LIMITS.values()) == set(get_args(Dimension))


@pytest.mark.parametrize("owner", ["token", "project"])
@pytest.mark.parametrize("place", PLACES)
def test_a_limit_stands_at_every_door(place: str, owner: str) -> None:
    text = (ROOT / place.format(owner=owner)).read_text()
    assert [field for field in _limits_of(owner) if field not in text] == []


@pytest.mark.parametrize("owner", ["token", "project"])
def test_a_limit_is_set_and_shown_by_the_api_the_admin_and_the_command_line(owner: str) -> None:
    limits = set(_limits_of(owner))
    for schema in SCHEMAS[owner]:
        assert limits <= set(schema.model_fields), schema
    form = (ROOT / f"templates/{owner}s/form.html").read_text()
    commands = (ROOT / f"cli/commands/{owner}s.py").read_text()
    for field in limits:
        assert f'(form, "{field}"' in form
        # `create` and `update`.
        assert commands.count(f"{field}={field}") == 2


def _limits_of(owner: str) -> list[str]:
    return [field for field in LIMITS if owner == "token" or field != "max_requests"]


def test_every_dimension_can_be_claimed() -> None:
    claims = claims_on("t:1", quota=1, requests_per_minute=2, max_parallel=3)
    assert {claim.dimension for claim in claims} == set(get_args(Dimension))


@pytest.mark.parametrize("dimension", get_args(Dimension))
def test_every_dimension_has_a_refusal_that_is_documented(dimension: Dimension) -> None:
    exceeded = LimitExceeded(Claim("t:1", dimension, 5), 1.0, Remaining(5, 0, 1.0))
    refused = failures.of_limits(exceeded)
    assert isinstance(refused, errors.Refusal)
    assert f"`{refused.code}`" in (ROOT / "docs/errors.md").read_text()
