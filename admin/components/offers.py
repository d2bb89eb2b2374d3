"""What a token may ask for, as examples show it: of each API its path, its base URL and a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple
from urllib.parse import quote

from admin.components.typical_models import UNKNOWN, Api, Sources, model_for
from models import Project, Token
from models.endpoint_rules import EndpointList
from models.patterns import patterns
from models.queries import lists, request_lists
from web.providers import Provider

#: How each API's path ends, and which beginning is taken where there are several.
_ENDS: Final[dict[Api, tuple[str, str]]] = {
    "chat": ("/chat/completions", "/v1"),
    "responses": ("/responses", "/v1"),
    "messages": ("/v1/messages", ""),
    "gemini": ("/models/{model}:generateContent", "/v1beta"),
    "converse": ("/model/{model}/converse", ""),
    "embeddings": ("/embeddings", "/v1"),
}
_PROJECT: Final = "PROJECT"
_LOCATION: Final = "LOCATION"
#: Past requests that are looked through for models.
_LOOKED_AT: Final = 50


class Offer(NamedTuple):
    """An API that the token may use."""

    api: Api
    root: str
    """What stands before the API's own path; with the proxy's address, the client's base URL."""
    pattern: str
    """The path, with `{model}` where it names one."""
    model: str
    is_limited: bool
    """Whether some models may not be used."""

    @property
    def path(self) -> str:
        """As it is asked for."""
        return self.pattern.replace("{model}", quote(self.model, safe=""))

    @property
    def left_open(self) -> list[str]:
        """What stands in capitals in the example, for the reader to fill in."""
        parts = [*self.path.split("/"), self.model]
        return [part for part in (UNKNOWN, _PROJECT, _LOCATION) if part in parts]


async def offers_for(token: Token, provider: Provider | None) -> list[Offer]:
    """Of `token`, which has its project; the one to show first comes first."""
    if provider is None:
        return []
    project = token.project
    await project.fetch_related("keys")
    rows, _ = await lists.page(
        request_lists.requests(project_id=project.id, status=200), limit=_LOOKED_AT
    )
    used: dict[str, list[str]] = {}
    for row in rows:
        used.setdefault(row.endpoint, []).append(row.model)
    return offers(token, project, provider, used)


def offers(
    token: Token, project: Project, provider: Provider, used: dict[str, list[str]]
) -> list[Offer]:
    """`used` are models by the pattern of the endpoint, the newest first."""
    lists_ = (project.allowed_endpoints, token.allowed_endpoints)
    allowing = [listed for listed in map(EndpointList.of, lists_) if listed is not None]
    aliases = [name for key in project.keys if key.is_active for name in key.model_map or ()]
    is_limited = bool(patterns(token.allowed_models, project.allowed_models))
    found: list[Offer] = []
    for api, pattern in _patterns(provider):
        sources = Sources(
            provider=project.provider,
            allowed=(token.allowed_models, project.allowed_models),
            aliases=aliases,
            used=used.get(pattern, ()),
            own_address=project.base_url is not None,
        )
        model = model_for(api, sources)
        filled, (end, _) = _filled(pattern, project), _ENDS[api]
        offer = Offer(api, filled[: -len(end)], filled, model, is_limited)
        path = offer.path
        if all(listed.allows("POST", path, pattern) for listed in allowing):
            found.append(offer)
    texts = [offer for offer in found if offer.api != "embeddings"]
    known = [offer for offer in texts if offer.model != UNKNOWN]
    # Embeddings are an example for tokens that may ask for nothing else.
    return known or [o for o in found if o.model != UNKNOWN] or _first_of_kind(texts) or found


def _first_of_kind(texts: list[Offer]) -> list[Offer]:
    """Without any model, Anthropic's API beside OpenAI's would be a second guess."""
    others = [offer for offer in texts if offer.api != "messages"]
    return others or texts


def _patterns(provider: Provider) -> Iterator[tuple[Api, str]]:
    """One endpoint for each API that the provider has."""
    for api, (end, preferred) in _ENDS.items():
        paths = [
            endpoint.pattern
            for endpoint in provider.endpoints
            if endpoint.dialect == api
            and endpoint.method in ("POST", "*")
            and endpoint.pattern.endswith(end)
            and _is_fillable(endpoint.pattern)
        ]
        if paths:
            # Clouds name project and location in the path, the way that every key of theirs may go.
            yield (
                api,
                min(paths, key=lambda path: ("{project}" not in path, path != preferred + end)),
            )


def _is_fillable(pattern: str) -> bool:
    return "{deployment}" not in pattern and "/tunedModels/" not in pattern


def _filled(pattern: str, project: Project) -> str:
    """A pattern with what the project says; what it leaves open is in capitals."""
    return (
        pattern.replace("{publisher}", "google")
        .replace("{project}", project.project or _PROJECT)
        .replace("{location}", project.location or _LOCATION)
    )
