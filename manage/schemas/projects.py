"""Projects: an upstream account, and the limits that all its tokens share."""

from datetime import datetime
from typing import Annotated, Self, cast
from uuid import UUID

from pydantic import ConfigDict, Field

from manage.schemas.keys import KeyView, Provider
from manage.schemas.queries import PageQuery, Switch
from manage.schemas.schema import Schema, fields_of, without_defaults
from manage.schemas.spending import BudgetView, PolicyView, UseView
from models import Project, UpstreamKey
from models.cache_rule import CacheSettings
from models.endpoint_rules import ExtraEndpoint, stored
from models.failover import FailoverRule
from models.limit_fields import ByHand, ProjectLimits
from models.project_fields import Isolation, ProjectChanges, ProjectFields, Unmetered
from models.rules import ApiKey, BaseUrl, Name, SearchText, V1Prefix
from models.spending import Use


class ProjectCreation(ByHand, ProjectLimits, Schema):
    """A new project, with its first upstream key."""

    name: Name
    api_key: ApiKey
    provider: Provider = "openai"
    base_url: BaseUrl | None = None
    v1_prefix: V1Prefix | None = None

    def fields(self) -> ProjectFields:
        """What the model takes as fields."""
        sent = self.model_dump(exclude={"api_key", "provider"})
        return cast(ProjectFields, {**sent, "extra_endpoints": stored(self.extra_endpoints)})


class ProjectChange(ByHand, ProjectLimits, Schema):
    """What may be changed on a project; absent fields stay."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Name = ""
    provider: Provider = "openai"
    base_url: BaseUrl | None = None
    v1_prefix: V1Prefix | None = None
    api_key: Annotated[
        ApiKey,
        Field(description="Replaces the keys that this change would send elsewhere, if any."),
    ] = ""
    is_active: bool = True

    def fields(self) -> ProjectChanges:
        """What was sent, but for the key."""
        sent = self.model_dump(exclude_unset=True, exclude={"api_key"})
        if self.failover is not None:
            # A rule is stored whole, so that it stays what it was.
            sent["failover"] = self.failover.model_dump()
        if self.cache is not None:
            sent["cache"] = self.cache.model_dump()
        if "extra_endpoints" in sent:
            sent["extra_endpoints"] = stored(self.extra_endpoints)
        return cast(ProjectChanges, sent)


class ProjectQuery(PageQuery):
    """Which projects to list."""

    q: Annotated[SearchText, Field(description="Part of the name, or the id.")] | None = None
    is_active: Switch | None = None


class ProjectView(Schema):
    """A project."""

    id: UUID
    name: str
    provider: str
    base_url: str | None
    v1_prefix: str | None
    is_active: bool
    requests_per_minute: int | None
    max_parallel_requests: int | None
    allowed_models: list[str] | None
    allowed_origins: list[str] | None
    project: str | None
    location: str | None
    unmetered: Unmetered
    isolation: Isolation
    end_user_from_body: bool
    failover: FailoverRule | None
    cache: CacheSettings | None
    allowed_endpoints: list[str] | None
    extra_endpoints: list[ExtraEndpoint]
    budgets: list[BudgetView] | None
    policies: list[PolicyView] | None
    keys: list[KeyView]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, project: Project, keys: list[UpstreamKey], use: Use | None) -> Self:
        """`project` as it is shown, with what is used of it."""
        shown = [KeyView.of(key) for key in sorted(keys, key=lambda key: key.id)]
        facts = fields_of(cls, project, "keys", "budgets", "policies")
        facts["extra_endpoints"] = project.extra_endpoints or []
        return cls(**{**facts, **dict(UseView.of(project, use)), "keys": shown})


class RevocationView(Schema):
    """What revoking all tokens of a project came to."""

    revoked_count: int
    already_revoked_count: int
    total_tokens: int
