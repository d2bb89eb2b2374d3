"""What may be limited on a token and on a project: each field once, with its bounds.

The API, the admin and the command line check what they are sent by classes that inherit from these.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from models.budgets import BudgetRules, PolicyRules
from models.cache_rule import CacheSettings
from models.endpoint_rules import ExtraEndpoints
from models.failover import FailoverRule
from models.labels import TagMap
from models.project_fields import Isolation, Unmetered
from models.rules import (
    ALLOW_LIST,
    Address,
    CloudName,
    Endpoint,
    ModelPatterns,
    Origin,
    Parallel,
    Quota,
    RatePerMinute,
)


class TokenLimits(BaseModel):
    """The limits of a token; None is no limit."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    max_requests: Quota | None = None
    requests_per_minute: RatePerMinute | None = None
    max_parallel_requests: Parallel | None = None
    allowed_models: ModelPatterns | None = None
    allowed_endpoints: Annotated[list[Endpoint], ALLOW_LIST] | None = None
    allowed_ips: Annotated[list[Address], ALLOW_LIST] | None = None
    tags: TagMap | None = None
    budgets: BudgetRules | None = None
    policies: PolicyRules | None = None


class ByHand(BaseModel):
    """How a project narrows its provider's list of endpoints, and what it adds to it."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    allowed_endpoints: Annotated[
        Annotated[list[Endpoint], ALLOW_LIST] | None,
        Field(
            description="What of its provider's list is let through, as on tokens; null: all of it."
        ),
    ] = None
    extra_endpoints: ExtraEndpoints | None = None


class ProjectLimits(BaseModel):
    """What holds for all tokens of a project together; None is no limit."""

    model_config = ConfigDict(frozen=True, defer_build=True)

    requests_per_minute: RatePerMinute | None = None
    max_parallel_requests: Parallel | None = None
    allowed_models: ModelPatterns | None = None
    allowed_origins: Annotated[list[Origin], ALLOW_LIST] | None = None
    project: Annotated[
        CloudName | None,
        Field(description="The cloud's project that paths may name (Vertex); others are refused."),
    ] = None
    location: Annotated[
        CloudName | None,
        Field(description="The cloud's location that paths may name (Vertex); others are refused."),
    ] = None
    unmetered: Annotated[
        Unmetered, Field(description="Requests whose usage cannot be metered.")
    ] = "allow"
    isolation: Annotated[
        Isolation,
        Field(
            description="Whose files, batches, stored responses and other objects a request may"
            " name and is shown in lists: any, those of the project's tokens, its own token's."
        ),
    ] = "none"
    end_user_from_body: Annotated[
        bool,
        Field(
            description="Whether `safety_identifier`, `user` or `metadata.user_id` of a JSON body"
            " names the end user where `x-llm-proxy-user` does not."
        ),
    ] = False
    failover: Annotated[
        FailoverRule | None,
        Field(description="Whether another key is tried where one fails; null: none is."),
    ] = None
    cache: Annotated[
        CacheSettings | None,
        Field(
            description="Whether answers are kept and given again to requests that are the same;"
            " null: none is."
        ),
    ] = None
    budgets: BudgetRules | None = None
    policies: PolicyRules | None = None
