"""Projects and their keys."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, cast

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo

from admin.forms.form import Filled, Form
from models import Project, UpstreamKey
from models.limit_fields import ProjectLimits
from models.projects import ProjectChanges, ProjectFields
from models.rules import ApiKey, BaseUrl, Label, Name, Weight, field_error
from models.upstream_keys import UpstreamKeyFields

#: Where the validation context has the names that `provider` may take.
PROVIDERS: Final = "providers"

#: Keys are pasted, often with the line's end.
_Pasted = Annotated[
    ApiKey, BeforeValidator(lambda text: text.strip() if isinstance(text, str) else text)
]


def _known(name: str, info: ValidationInfo) -> str:
    if name not in (info.context or {}).get(PROVIDERS, ()):
        raise field_error("Choose one of these.")
    return name


Provider = Annotated[str, AfterValidator(_known)]


class ProjectFacts(ProjectLimits, Form):
    """What is asked of every project."""

    LISTS: ClassVar[frozenset[str]] = frozenset({"allowed_models", "allowed_origins"})

    name: Name
    base_url: BaseUrl | None = None

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key"})


class ProjectChange(ProjectFacts):
    """All that may be changed on a project, and a key where its address is another."""

    provider: Provider | None = None
    api_key: _Pasted = ""

    def fields(self) -> ProjectChanges:
        """What the model takes."""
        unsaid = set() if self.provider else {"provider"}
        return cast(ProjectChanges, self.model_dump(exclude={"api_key", *unsaid}))


class ProjectCreation(ProjectFacts):
    """A new project with its first key."""

    provider: Provider
    api_key: _Pasted

    def fields(self) -> ProjectFields:
        """What the model takes."""
        return cast(ProjectFields, self.model_dump(exclude={"provider", "api_key"}))


class KeyChange(Form):
    """What may be changed on a key."""

    label: Label = ""
    weight: Weight = 1

    def fields(self) -> UpstreamKeyFields:
        """What the model takes."""
        return cast(UpstreamKeyFields, self.model_dump(exclude={"api_key"}))


class KeyCreation(KeyChange):
    """One more key."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"api_key"})

    api_key: Annotated[_Pasted, Field(repr=False)]


def of_project(project: Project) -> Filled[ProjectChange]:
    """The form with what holds now."""
    return Filled(_texts(project, ProjectChange))


def of_key(key: UpstreamKey) -> Filled[KeyChange]:
    """The form with what holds now."""
    return Filled(_texts(key, KeyChange))


def _texts(row: Any, form: type[Form]) -> Mapping[str, str]:
    return {
        name: as_text(getattr(row, name)) for name in form.model_fields if name not in form.SECRETS
    }


def as_text(value: object) -> str:
    """A stored value as a field holds it."""
    if value is None:
        return ""
    return "\n".join(value) if isinstance(value, list) else str(value)
