"""`llm-proxy provider`: the kinds of upstreams that this installation knows."""

from typing import Annotated

import typer

import config
from cli import output, views
from cli.command_table import examples, noun
from cli.errors import NotFound
from cli.options import Json
from manage.schemas.providers import ProviderView
from proxy.providers.files import configured

app = noun("provider")

_COLUMNS = ("name", "base_url", "auth", "error_shape", "prices", "endpoints")


@app.command("list", epilog=examples("llm-proxy provider list", "llm-proxy provider list --json"))
def list_(*, as_json: Json = False) -> None:
    """Show the built-in providers and those of PROVIDERS_FILE.

    Braces in a base URL stand for what a project's own has to fill in.
    """
    known = configured(config.load())
    items = [views.plain(ProviderView.of(provider)) for provider in known.values()]
    if as_json:
        output.print_json({"data": items})
        return
    output.table([{**item, "endpoints": len(item["endpoints"])} for item in items], _COLUMNS)


@app.command(
    epilog=examples("llm-proxy provider show gemini", "llm-proxy provider show vllm --json")
)
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name.")],
    *,
    as_json: Json = False,
) -> None:
    """Show one provider, with what it allows and what it has off by default."""
    known = configured(config.load())
    if name not in known:
        raise NotFound(f"There is no provider {name}; there are {', '.join(known)}.")
    item = views.plain(ProviderView.of(known[name]))
    if as_json:
        output.print_json(item)
        return
    endpoints, off = item.pop("endpoints"), item.pop("off_by_default")
    output.record(item)
    output.table(endpoints, ("method", "path", "usage"))
    if off:
        output.table(off, ("method", "path", "reason"))
