"""`llm-proxy key`: the upstream API keys of a project, each with a share of its tokens."""

from typing import Annotated, Final

import typer

from cli import lookup, output, prompts, values, views
from cli.command_table import examples, noun
from cli.key_testing import tested
from cli.options import (
    ApiKey,
    ApiKeyStdin,
    ApiKeyVariable,
    Auth,
    BaseUrl,
    Json,
    KeyProvider,
    ModelMap,
    V1Prefix,
    Yes,
)
from cli.session import Session, with_database
from manage.schemas.keys import KeyChange, KeyCreation, KeyView
from models import UpstreamKey, key_states
from proxy.providers.files import configured, upstreams

app = noun("key")
#: Of what it depends how a key is presented, which is then looked into.
_PRESENTED: Final = {"auth", "provider"}

Owner = Annotated[str, typer.Option("--project", metavar="PROJECT", help="Its id or its name.")]
KeyArgument = Annotated[str, typer.Argument(metavar="KEY", help="Its id.")]
Label = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="To tell it from others."),
]
Weight = Annotated[
    int | None, typer.Option(help="Its share, relative to the other keys; 1 unless given.")
]
Priority = Annotated[
    int | None, typer.Option(help="0, or more: only while no key of a lower one is fit.")
]


@app.command(
    epilog=examples(
        "llm-proxy key add --project docs --label spare",
        "llm-proxy key add --project docs --api-key-env OTHER_KEY --weight 3",
        "llm-proxy key add --project docs --api-key-env EU --base-url https://eu.example.com",
        "llm-proxy key add --project docs --api-key-env AZ --provider azure-openai"
        " --base-url https://mine.openai.azure.com --model-map gpt-4o=my-deployment",
    )
)
@with_database
async def add(
    session: Session,
    *,
    project: Owner,
    api_key: ApiKey = None,
    api_key_stdin: ApiKeyStdin = False,
    api_key_env: ApiKeyVariable = None,
    label: Label = None,
    weight: Weight = None,
    priority: Priority = None,
    base_url: BaseUrl = None,
    v1_prefix: V1Prefix = None,
    provider: KeyProvider = None,
    auth: Auth = None,
    model_map: ModelMap = None,
    as_json: Json = False,
) -> None:
    """Add a key, in use at once. It is asked for unless an option brings it."""
    owner = await lookup.project(project)
    material = prompts.api_key(api_key, api_key_stdin, api_key_env)
    fields = values.sent(
        api_key=material, label=label, weight=weight, priority=priority, base_url=base_url,
        v1_prefix=v1_prefix, provider=provider, auth=auth, model_map=model_map,
    )  # fmt: skip
    providers = configured(session.settings)
    wanted = values.validated(KeyCreation, fields, providers=providers)
    key = await owner.add_key(
        api_key=wanted.api_key,
        ring=session.ring(),
        by=session.actor,
        upstreams=upstreams(session.settings, providers),
        label=wanted.label or "",
        weight=wanted.weight,
        priority=wanted.priority,
        **wanted.place(),
    )
    _print(key, as_json=as_json, said=f"A key was added to the project {owner.name}.")


@app.command("list", epilog=examples("llm-proxy key list --project docs"))
@with_database
async def list_(_session: Session, *, project: Owner, as_json: Json = False) -> None:
    """Show a project's keys, by hint: their material is never shown."""
    keys = await (await lookup.project(project)).current_keys()
    output.page([views.plain(KeyView.of(key)) for key in keys], views.KEY_COLUMNS, as_json=as_json)


@app.command(epilog=examples("llm-proxy key update 0199… --weight 3"))
@with_database
async def update(
    session: Session,
    key: KeyArgument,
    *,
    label: Label = None,
    weight: Weight = None,
    priority: Priority = None,
    base_url: BaseUrl = None,
    v1_prefix: V1Prefix = None,
    provider: KeyProvider = None,
    auth: Auth = None,
    model_map: ModelMap = None,
    active: Annotated[
        bool | None, typer.Option("--active/--inactive", help="Use it, or not, from now on.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Change what is named."""
    found = await lookup.key(key)
    fields = values.sent(
        label=label, weight=weight, priority=priority, base_url=base_url, v1_prefix=v1_prefix,
        provider=provider, auth=auth, model_map=model_map, is_active=active,
    )  # fmt: skip
    providers = configured(session.settings)
    await found.change(
        by=session.actor,
        upstreams=upstreams(session.settings, providers),
        ring=session.ring() if _PRESENTED & fields.keys() else None,
        **values.changes(KeyChange, fields, providers=providers).fields(),
    )
    await key_states.show([found])
    _print(found, as_json=as_json, said=f"Key {found.hint} was updated.")


@app.command("test", epilog=examples("llm-proxy key test 0199…"))
@with_database
async def ask(session: Session, key: KeyArgument, *, as_json: Json = False) -> None:
    """Ask the upstream whether it takes a key, by the free request that its provider names.

    Exit code 0 it does, 1 it does not, or nothing can be said. A key that it takes is suspended no
    longer.
    """
    found = await lookup.key(key)
    result = await tested(session, found)
    if result.works:
        await key_states.release(found.id)
    if as_json:
        output.print_json({"works": result.works, "message": result.message})
    else:
        output.result(result.message)
    if not result.works:
        raise typer.Exit(1)


@app.command(epilog=examples("llm-proxy key remove 0199… --yes"))
@with_database
async def remove(session: Session, key: KeyArgument, *, yes: Yes = False) -> None:
    """Erase a key. Files and batches that were made with it are then out of reach."""
    found = await lookup.key(key)
    prompts.confirm(f"Erase the key {found.hint} of the project {found.project.name}?", yes=yes)
    await found.remove(by=session.actor)
    output.say(f"Key {found.hint} was erased.")


def _print(key: UpstreamKey, *, as_json: bool, said: str) -> None:
    output.say(said)
    if as_json:
        output.print_json(views.plain(KeyView.of(key)))
    else:
        output.record(views.plain(KeyView.of(key)))
