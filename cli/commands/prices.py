"""`llm-proxy prices`: what models cost, and by whose word."""

from collections.abc import Iterator, Sequence
from time import time
from typing import Annotated, Any, Final

import typer

from cli import output, session
from cli.command_table import examples, noun
from cli.errors import CommandError, NotFound, WrongUsage
from cli.options import Json
from proxy.pricing import overlay, price_file, watch
from proxy.pricing.prices import Call, Prices
from proxy.pricing.rates import Rates, usd
from proxy.pricing.sheet import listed_name
from proxy.providers.files import configured
from proxy.providers.provider import Provider

app = noun("prices")

#: As PRICES_FILE calls them, each with the field of `Rates`, and how many of them a price is for.
_RATES: Final = (
    ("input", "prompt", 10**6),
    ("output", "completion", 10**6),
    ("cache_read", "cached", 10**6),
    ("cache_write", "cache_write", 10**6),
    ("cache_write_1h", "cache_write_1h", 10**6),
    ("audio_input", "audio_input", 10**6),
    ("audio_output", "audio_output", 10**6),
    ("image_input", "image_input", 10**6),
    ("image_output", "image_output", 10**6),
    ("request", "request", 1),
    ("web_search", "web_search", 1),
    ("audio_minute", "audio_second", 60),
)
#: Parts of a usage that a rate is for, where they are called differently.
_PART_OF: Final = {
    "cached": "cached",
    "web_search": "web_searches",
    "audio_second": "audio_seconds",
}


@app.command(epilog=examples("llm-proxy prices show gpt-4o", "llm-proxy prices show local/qwen3"))
def show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Its name, or PROVIDER/NAME.")],
    *,
    as_json: Json = False,
) -> None:
    """Show what a model costs now, in USD.

    Tokens are by the million, requests, searches and minutes of audio each.
    A dash is a price that is not known: what has such a part has no cost.
    """
    settings = session.load()
    prices = Prices(price_file.read(settings.prices_file))
    providers = configured(settings)
    asked = [(providers[provider], name) for provider, name in _asked(model, list(providers))]
    found = [row for provider, name in asked for row in _rows(prices, provider, name)]
    if not found:
        reasons = [
            reason
            for provider, name in asked
            for reason in overlay.reasons(provider.listed_as, name)
        ]
        why = f" ({'; '.join(dict.fromkeys(reasons))})" if reasons else ""
        raise NotFound(f"No price is known for {model}{why}. PRICES_FILE may say one.")
    if as_json:
        output.print_json({"data": found})
        return
    shown = [name for name, *_ in _RATES if any(row[name] is not None for row in found)]
    output.table(found, ("provider", "source", "service_tier", "over", *shown))


def _asked(model: str, providers: Sequence[str]) -> list[tuple[str, str]]:
    provider, slash, name = model.partition("/")
    # Names of models have slashes, too.
    named = [(provider, name)] if slash and name and provider in providers else []
    return named or [(one, model) for one in providers]


def _rows(prices: Prices, provider: Provider, model: str) -> Iterator[dict[str, Any]]:
    listed_as = provider.listed_as
    context_length, max_output = prices.sizes(listed_as, model)
    call = Call(listed_as, model, own="" if listed_as == provider.name else provider.name)
    for terms in prices.terms(call):
        tariff = prices.tariff(call, terms, time())
        for over, rates in reversed(tariff.tiers):
            yield {
                "provider": provider.name,
                "model": model,
                "listed_as": listed_name(listed_as, model),
                "source": tariff.source,
                "service_tier": terms.service_tier or terms.speed or None,
                "over": None if over < 0 else over,
                **_said(rates),
                "context_length": context_length,
                "max_output": max_output,
            }


def _said(rates: Rates) -> dict[str, float | None]:
    return {name: _dollars(rates, field, per) for name, field, per in _RATES}


def _dollars(rates: Rates, field: str, per: int) -> float | None:
    rate = getattr(rates, field)
    if rate is None or (field == "request" and not rate):
        return None
    if _PART_OF.get(field, field) in rates.open or rates.uncounted:
        return None
    return float(usd(rate, per))


@app.command(epilog=examples("llm-proxy prices reload"))
def reload(*, as_json: Json = False) -> None:
    """Have the running workers of this machine read PRICES_FILE again.

    The file is checked first; one with a mistake is not asked for. Workers
    read it within a second. SIGHUP to the service does the same.
    """
    settings = session.load()
    if settings.prices_file is None:
        raise WrongUsage("PRICES_FILE is not set: there is nothing to read.")
    file = price_file.read(settings.prices_file)
    entries = len(file.entries)
    for stranger in price_file.strangers(file, configured(settings)):
        output.say(f"Warning: {stranger}")
    try:
        watch.ask(settings.data_dir)
    except OSError as exc:
        raise CommandError(f"DATA_DIR cannot be written: {exc}") from exc
    if as_json:
        output.print_json({"entries": entries})
    else:
        output.say(f"Entries: {entries}. Workers read them within a second.")
