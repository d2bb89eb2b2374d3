"""`llm-proxy project`: an upstream account, or several, and the limits its tokens share."""

from typing import Annotated

import typer

from cli import lookup, output, prompts, shown, values
from cli.commands import examples, noun
from cli.options import (
    AllowedModels,
    AllowedOrigins,
    ApiKey,
    ApiKeyStdin,
    ApiKeyVariable,
    BaseUrl,
    Cursor,
    Json,
    Limit,
    MaxParallelRequests,
    ProjectArgument,
    RequestsPerMinute,
    Search,
    Unmetered,
    Yes,
)
from cli.session import Session, with_database
from manage.schemas.projects import PROVIDERS, ProjectChange, ProjectCreation, ProjectView
from models import Project, Token, listing
from proxy.provider_files import configured
from proxy.providers import BUILT_IN

app = noun("project")

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
    name: Annotated[str, typer.Option(metavar="NAME", help="No two may share it.")],
    api_key: ApiKey = None,
    api_key_stdin: ApiKeyStdin = False,
    api_key_env: ApiKeyVariable = None,
    provider: Annotated[
        str, typer.Option(help=f"{', '.join(BUILT_IN)}, or one of PROVIDERS_FILE.")
    ] = "openai",
    base_url: BaseUrl = None,
    requests_per_minute: RequestsPerMinute = None,
    max_parallel_requests: MaxParallelRequests = None,
    allowed_models: AllowedModels = None,
    allowed_origins: AllowedOrigins = None,
    unmetered: Unmetered = None,
    as_json: Json = False,
) -> None:
    """Make a project. Its API key is asked for unless an option brings it."""
    fields = values.sent(
        name=name,
        provider=provider,
        api_key=prompts.api_key(api_key, api_key_stdin, api_key_env),
        base_url=base_url,
        requests_per_minute=requests_per_minute,
        max_parallel_requests=max_parallel_requests,
        allowed_models=allowed_models,
        allowed_origins=allowed_origins,
        unmetered=unmetered,
    )
    wanted = values.validated(ProjectCreation, fields, **{PROVIDERS: configured(session.settings)})
    project = await Project.create_with_key(
        provider=wanted.provider,
        api_key=wanted.api_key,
        ring=session.ring(),
        by=session.actor,
        **wanted.fields(),
    )
    await _print(project, as_json=as_json, said=f"Project {project.name} was made.")


@app.command(
    "list", epilog=examples("llm-proxy project list", "llm-proxy project list -q docs --json")
)
@with_database
async def list_(
    _session: Session,
    *,
    query: Search = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Only those that are, or are not.")
    ] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    as_json: Json = False,
) -> None:
    """Show projects, newest first."""
    rows = listing.projects(q=query, is_active=active)
    found, following = await listing.page(rows, limit=limit, before=lookup.cursor(cursor))
    items = [shown.plain(ProjectView.of(project, list(project.keys))) for project in found]
    if not as_json:
        items = [{**item, "keys": len(item["keys"])} for item in items]
    output.page(items, _COLUMNS, as_json=as_json, following=following)


@app.command(epilog=examples("llm-proxy project show docs"))
@with_database
async def show(_session: Session, project: ProjectArgument, *, as_json: Json = False) -> None:
    """Show one project, with its keys."""
    await _print(await lookup.project(project), as_json=as_json)


@app.command(
    epilog=examples(
        "llm-proxy project update docs --requests-per-minute 600",
        "llm-proxy project update docs --inactive",
        "llm-proxy project update docs --allowed-models none --unmetered refuse",
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
    base_url: BaseUrl = None,
    requests_per_minute: RequestsPerMinute = None,
    max_parallel_requests: MaxParallelRequests = None,
    allowed_models: AllowedModels = None,
    allowed_origins: AllowedOrigins = None,
    unmetered: Unmetered = None,
    as_json: Json = False,
) -> None:
    """Change what is named; none takes a limit away."""
    found = await lookup.project(project)
    fields = values.sent(
        name=name,
        is_active=active,
        base_url=base_url,
        requests_per_minute=requests_per_minute,
        max_parallel_requests=max_parallel_requests,
        allowed_models=allowed_models,
        allowed_origins=allowed_origins,
        unmetered=unmetered,
    )
    await found.change(by=session.actor, **values.changes(ProjectChange, fields).fields())
    await _print(found, as_json=as_json, said=f"Project {found.name} was updated.")


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


async def _print(project: Project, *, as_json: bool, said: str | None = None) -> None:
    item = shown.plain(ProjectView.of(project, await project.keys.all()))
    if said is not None:
        output.say(said)
    if as_json:
        output.print_json(item)
        return
    keys = item.pop("keys")
    output.record(item)
    output.table(keys, shown.KEY_COLUMNS)
