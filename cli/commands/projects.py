"""`llm-proxy project`: an upstream account, or several, and the limits its tokens share."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli import lookup, output, prompts, values, views
from cli.command_table import examples, noun
from cli.errors import CommandError
from cli.options import (
    AllowedEndpoints,
    AllowedModels,
    AllowedOrigins,
    ApiKey,
    ApiKeyStdin,
    ApiKeyVariable,
    BaseUrl,
    Budgets,
    Cache,
    CloudLocation,
    CloudProject,
    Cursor,
    EndUserFromBody,
    ExtraEndpoints,
    Failover,
    Isolation,
    Json,
    Limit,
    MaxParallelRequests,
    Policies,
    ProjectArgument,
    RequestsPerMinute,
    Search,
    Unmetered,
    V1Prefix,
    Yes,
)
from cli.session import Session, with_database
from manage.schemas.keys import PROVIDERS
from manage.schemas.projects import ProjectChange, ProjectCreation, ProjectView
from models import Project, Token, key_states
from models.errors import KeyMustBeGiven
from models.project_fields import GivenKey
from models.queries import lists
from proxy.providers.catalog import BUILT_IN
from proxy.providers.files import configured, upstreams

app = noun("project")

_PROVIDER_HELP = f"{', '.join(BUILT_IN)}, or one of PROVIDERS_FILE."
_COLUMNS = ("id", "name", "provider", "is_active", "keys", "created_at")


@app.command(
    epilog=examples(
        "llm-proxy project create --name docs",
        "llm-proxy project create --name docs --api-key-env OPENAI_API_KEY --json",
        "pass show openai | llm-proxy project create --name docs --api-key-stdin",
    )
)
@with_database
async def create(
    session: Session,
    *,
    name: Annotated[str, typer.Option(metavar="NAME", help="Unique among projects.")],
    api_key: ApiKey = None,
    api_key_stdin: ApiKeyStdin = False,
    api_key_env: ApiKeyVariable = None,
    provider: Annotated[str, typer.Option(help=_PROVIDER_HELP)] = "openai",
    base_url: BaseUrl = None,
    v1_prefix: V1Prefix = None,
    cloud_project: CloudProject = None,
    location: CloudLocation = None,
    requests_per_minute: RequestsPerMinute = None,
    max_parallel_requests: MaxParallelRequests = None,
    allowed_models: AllowedModels = None,
    allowed_origins: AllowedOrigins = None,
    unmetered: Unmetered = None,
    isolation: Isolation = None,
    end_user_from_body: EndUserFromBody = None,
    failover: Failover = None,
    cache: Cache = None,
    allowed_endpoints: AllowedEndpoints = None,
    extra_endpoint: ExtraEndpoints = None,
    budget: Budgets = None,
    policies: Policies = None,
    as_json: Json = False,
) -> None:
    """Make a project. Its API key is asked for unless an option brings it."""
    fields = values.sent(
        name=name,
        provider=provider,
        api_key=prompts.api_key(api_key, api_key_stdin, api_key_env),
        base_url=base_url,
        v1_prefix=v1_prefix,
        project=cloud_project,
        location=location,
        requests_per_minute=requests_per_minute,
        max_parallel_requests=max_parallel_requests,
        allowed_models=allowed_models,
        allowed_origins=allowed_origins,
        unmetered=unmetered,
        isolation=isolation,
        end_user_from_body=end_user_from_body,
        failover=failover,
        cache=cache,
        allowed_endpoints=allowed_endpoints,
        extra_endpoints=values.together(extra_endpoint),
        budgets=values.together(budget),
        policies=policies,
    )
    known = configured(session.settings)
    wanted = values.validated(ProjectCreation, fields, **{PROVIDERS: known})
    project = await Project.create_with_key(
        provider=wanted.provider,
        api_key=wanted.api_key,
        ring=session.ring(),
        by=session.actor,
        upstreams=upstreams(session.settings, known),
        **wanted.fields(),
    )
    await _print(session, project, as_json=as_json, said=f"Project {project.name} was created.")


@app.command(
    "list", epilog=examples("llm-proxy project list", "llm-proxy project list -q docs --json")
)
@with_database
async def list_(
    session: Session,
    *,
    query: Search = None,
    active: Annotated[
        bool | None,
        typer.Option("--active/--inactive", help="Only active ones, or only inactive ones."),
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """Show projects, newest first."""
    rows = lists.projects(q=query, is_active=active)
    found, following = await lists.page(rows, limit=limit, before=lookup.cursor(cursor))
    await key_states.show([key for project in found for key in project.keys])
    uses = await session.used(*found)
    items = [
        views.plain(ProjectView.of(project, list(project.keys), use))
        for project, use in zip(found, uses, strict=True)
    ]
    if not as_json:
        items = [{**item, "keys": len(item["keys"])} for item in items]
    output.page(items, _COLUMNS, as_json=as_json, following=following)


@app.command(epilog=examples("llm-proxy project show docs"))
@with_database
async def show(session: Session, project: ProjectArgument, *, as_json: Json = False) -> None:
    """Show one project, with its keys."""
    await _print(session, await lookup.project(project), as_json=as_json)


@app.command(
    epilog=examples(
        "llm-proxy project update docs --requests-per-minute 600",
        "llm-proxy project update docs --inactive",
        "llm-proxy project update docs --allowed-models none --unmetered refuse",
        "llm-proxy project update docs --failover 3",
        "llm-proxy project update docs --cache 'ttl=3600 scope=token'",
        "llm-proxy project update docs --allowed-endpoints '/v1/chat/completions,GET /v1/models'",
        "llm-proxy project update docs --extra-endpoint 'POST /v1/rerank'",
        "llm-proxy project update docs --isolation token",
        "llm-proxy project update docs --base-url https://eu.example.com --api-key-env EU_KEY",
    )
)
@with_database
async def update(
    session: Session,
    project: ProjectArgument,
    *,
    name: Annotated[str | None, typer.Option(metavar="NAME", help="Rename it.")] = None,
    active: Annotated[
        bool | None,
        typer.Option("--active/--inactive", help="Let its tokens in, or refuse them at once."),
    ] = None,
    provider: Annotated[str | None, typer.Option(help=_PROVIDER_HELP)] = None,
    base_url: BaseUrl = None,
    v1_prefix: V1Prefix = None,
    cloud_project: CloudProject = None,
    location: CloudLocation = None,
    api_key: ApiKey = None,
    api_key_stdin: ApiKeyStdin = False,
    api_key_env: ApiKeyVariable = None,
    requests_per_minute: RequestsPerMinute = None,
    max_parallel_requests: MaxParallelRequests = None,
    allowed_models: AllowedModels = None,
    allowed_origins: AllowedOrigins = None,
    unmetered: Unmetered = None,
    isolation: Isolation = None,
    end_user_from_body: EndUserFromBody = None,
    failover: Failover = None,
    cache: Cache = None,
    allowed_endpoints: AllowedEndpoints = None,
    extra_endpoint: ExtraEndpoints = None,
    budget: Budgets = None,
    policies: Policies = None,
    as_json: Json = False,
) -> None:
    """Change what is named; none takes a limit away.

    Keys are not sent elsewhere than they were entered for: another address
    needs a key for it, which replaces those. It is asked for on a terminal.
    """
    found = await lookup.project(project)
    given = api_key is not None or api_key_stdin or api_key_env is not None
    fields = values.sent(
        name=name,
        is_active=active,
        provider=provider,
        api_key=prompts.api_key(api_key, api_key_stdin, api_key_env) if given else None,
        base_url=base_url,
        v1_prefix=v1_prefix,
        project=cloud_project,
        location=location,
        requests_per_minute=requests_per_minute,
        max_parallel_requests=max_parallel_requests,
        allowed_models=allowed_models,
        allowed_origins=allowed_origins,
        unmetered=unmetered,
        isolation=isolation,
        end_user_from_body=end_user_from_body,
        failover=failover,
        cache=cache,
        allowed_endpoints=allowed_endpoints,
        extra_endpoints=values.together(extra_endpoint),
        budgets=values.together(budget),
        policies=policies,
    )
    try:
        await _change(session, found, fields)
    except KeyMustBeGiven as exc:
        if given or not sys.stdin.isatty():
            raise CommandError(f"{exc} See --api-key-stdin and --api-key-env.") from exc
        output.say(str(exc))
        await _change(session, found, {**fields, "api_key": prompts.api_key(None, False, None)})
    await _print(session, found, as_json=as_json, said=f"Project {found.name} was updated.")


async def _change(session: Session, project: Project, fields: Mapping[str, Any]) -> None:
    known = configured(session.settings)
    wanted = values.changes(ProjectChange, fields, **{PROVIDERS: known})
    await project.change(
        by=session.actor,
        upstreams=upstreams(session.settings, known),
        key=GivenKey(wanted.api_key, session.ring()) if wanted.api_key else None,
        **wanted.fields(),
    )


@app.command("purge-cache", epilog=examples("llm-proxy project purge-cache docs --yes"))
@with_database
async def purge_cache(session: Session, project: ProjectArgument, *, yes: Yes = False) -> None:
    """Forget every answer that is kept for a project.

    Its setting stays: what is asked for again is kept again.
    """
    found = await lookup.project(project)
    prompts.confirm(f"Forget every kept answer of the project {found.name}?", yes=yes)
    await found.purge_cache(by=session.actor)
    output.say(f"No kept answer of {found.name} is given any more.")


@app.command(epilog=examples("llm-proxy project delete docs --yes"))
@with_database
async def delete(session: Session, project: ProjectArgument, *, yes: Yes = False) -> None:
    """Delete a project: its tokens are revoked and its keys erased.

    Usage, requests and the audit trail are kept.
    """
    found = await lookup.project(project)
    tokens = await Token.filter(project_id=found.id, revoked_at__isnull=True).count()
    prompts.confirm(
        f"Delete the project {found.name}, revoke its {tokens} tokens and erase its keys?", yes=yes
    )
    await found.erase(by=session.actor)
    output.say(f"Project {found.name} was deleted.")


async def _print(
    session: Session, project: Project, *, as_json: bool, said: str | None = None
) -> None:
    (use,) = await session.used(project)
    item = views.plain(ProjectView.of(project, await project.current_keys(), use))
    if said is not None:
        output.say(said)
    if as_json:
        output.print_json(item)
        return
    keys, rest = item.pop("keys"), views.without_limits(item)
    # Under the options' names: "project" of a project says nothing.
    output.record({"cloud_project" if name == "project" else name: it for name, it in rest.items()})
    views.print_limits(item)
    output.table(keys, views.KEY_COLUMNS)
