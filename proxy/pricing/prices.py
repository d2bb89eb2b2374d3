"""Whose price counts: PRICES_FILE's, the upstream's own, or the sheet's.

A price is asked for once per answer, on the data path. What a model costs is worked out when it
is first asked for, and again at midnight (UTC) or at an hour that the sheet names; between those,
a price is a look-up and a few multiplications.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from proxy.pricing import overlay, price_file, sheet, sizes, stated
from proxy.pricing.names import are_alike
from proxy.pricing.price_file import PriceEntry, PriceFile
from proxy.pricing.rates import Tariff
from proxy.pricing.sheet import Terms
from proxy.pricing.sizes import Sizes
from proxy.providers.provider import CostUnit
from proxy.usage.accumulator import Usage

#: So long is what an operator's entry lasts in the memo; it ends with a reload anyway.
_ALWAYS: Final = float("inf")


class Call(NamedTuple):
    """What was asked, and where.

    `answered` is the model that the answer names, `place` the region that `overlay.place` finds in
    the upstream's address. `cost_field` says where its answers state their cost, in `cost_unit`;
    '' where they do not.
    """

    provider: str
    model: str
    answered: str = ""
    place: str = ""
    cost_field: str = ""
    cost_unit: CostUnit = "usd"
    own: str = ""
    """The provider's own name, where the price sheet has it under another."""


#: Nano-dollars, and whose price it is: None and '' where no price is known.
Price: TypeAlias = tuple[int | None, str]

_UNKNOWN: Final[Price] = (None, "")
#: The call, and what the answer says of its terms.
_Key: TypeAlias = tuple[Call, str | None, str | None, str | None]


class Prices:
    """The prices of one worker."""

    __slots__ = ("_file", "_sizes", "_tariffs", "version")

    def __init__(self, file: PriceFile | None = None) -> None:
        self._file = file or PriceFile()
        self._tariffs: dict[_Key, Tariff] = {}
        self._sizes: dict[tuple[str, str, str], Sizes] = {}
        #: Another number once they were changed.
        self.version = 0

    def use(self, file: PriceFile) -> None:
        """Price by another PRICES_FILE from now on."""
        self._file = file
        self._tariffs.clear()
        self._sizes.clear()
        self.version += 1

    def price(self, call: Call, usage: Usage, at: float, raw: bytes | None = None) -> Price:
        """What `usage` costs at `at` (Unix seconds). `raw` is the answer's `usage` object."""
        tariff = self.tariff_of(call, usage, at)
        if call[4] and tariff.source != price_file.SOURCE:
            said = stated.read(raw, call.cost_field, call.cost_unit)
            if said.said:
                return _UNKNOWN if said.nanos is None else (said.nanos, stated.SOURCE)
        nanos = tariff.price(usage)
        return _UNKNOWN if nanos is None else (nanos, tariff.source)

    def tariff_of(self, call: Call, usage: Usage, at: float) -> Tariff:
        """By what the call's model is priced at `at`, on the terms that the answer names."""
        return self._known((call, usage.service_tier, usage.speed, usage.inference_geo), at)

    def _known(self, key: _Key, at: float) -> Tariff:
        tariff = self._tariffs.get(key)
        if tariff is None or not tariff.since <= at < tariff.until:
            tariff = self._remember(key, at)
        return tariff

    def _remember(self, key: _Key, at: float) -> Tariff:
        call, tier, speed, geo = key
        terms = Terms(sheet.tier_of(_lower(tier)), _lower(speed), _lower(geo), call.place)
        if any(len(part) > sheet.NAME_MAX for part in (*call, *terms)):
            return _none(at)
        if len(self._tariffs) >= sheet.REMEMBERED_MAX and key not in self._tariffs:
            del self._tariffs[next(iter(self._tariffs))]
        tariff = self._tariffs[key] = self.tariff(call, terms, at)
        return tariff

    def tariff(self, call: Call, terms: Terms, at: float) -> Tariff:
        """What the call's model costs on these terms; one without tiers where unknown."""
        asked, answered = call.model, call.answered or call.model
        # Of two names of one model the longer one says more: the date, or Bedrock's region. An
        # operator who names the other means it as well.
        names: tuple[str, ...] = (answered,)
        if are_alike(asked, answered):
            names = tuple(sorted({answered: None, asked: None}, key=len, reverse=True))
        for name in names:
            by_file = self._by_file(call, name, terms, at)
            if by_file is not None:
                return by_file
        for name in names:
            by_sheet = _by_sheet(call.provider, name, terms, at)
            if by_sheet is not None:
                return by_sheet
        return self._by_file(call, asked, terms, at) or _none(at)

    def names(self, *providers: str) -> list[str]:
        """The models that PRICES_FILE has a price for by their very names."""
        said = (entry.pattern.partition("/") for _, entry in self._file.entries if entry.prices)
        return [
            model for name, _, model in said if name in providers and not {"*", "?"} & set(model)
        ]

    def _entry(self, call: Call, model: str) -> PriceEntry | None:
        """What PRICES_FILE says, which may call a provider by either name."""
        own = self._file.entry(call.own, model) if call.own else None
        return own or self._file.entry(call.provider, model)

    def _by_file(self, call: Call, model: str, terms: Terms, at: float) -> Tariff | None:
        entry = self._entry(call, model)
        if entry is None or not entry.prices:
            return None
        if entry.same_as is not None:
            found = _by_sheet(*entry.same_as, terms, at) or _none(at)
            return Tariff(found.tiers, price_file.SOURCE, since=at, until=found.until)
        return Tariff(entry.at(terms) or (), price_file.SOURCE, since=0, until=_ALWAYS)

    def terms(self, call: Call) -> list[Terms]:
        """The terms on which the call's model has prices of its own, the standard ones first."""
        entry = self._entry(call, call.model)
        if entry is None or not entry.prices:
            return sheet.terms_of(call.provider, call.model)
        if entry.same_as is not None:
            return sheet.terms_of(*entry.same_as)
        return [Terms(), *(Terms(name) for name in entry.service_tiers)]

    def sizes(self, provider: str, model: str, own: str = "") -> Sizes:
        """A model's context length and maximum output in tokens, where they are known.

        `own` is the provider's own name, where the price sheet has it under another.
        """
        key = provider, model, own
        known = self._sizes.get(key)
        if known is None:
            known = self._sizes_of(*key)
            if len(model) <= sheet.NAME_MAX:
                if len(self._sizes) >= sheet.REMEMBERED_MAX:
                    del self._sizes[next(iter(self._sizes))]
                self._sizes[key] = known
        return known

    def _sizes_of(self, provider: str, model: str, own: str) -> Sizes:
        entry = self._file.entry(own, model) if own else None
        entry = entry or self._file.entry(provider, model)
        known = (provider, model) if entry is None or entry.same_as is None else entry.same_as
        listed = sizes.of(*known)
        context = sheet.context_length(*known) or listed.context_length
        if entry is None:
            return Sizes(context, listed.max_output)
        return Sizes(entry.context_length or context, entry.max_output or listed.max_output)

    def of(self, call: Call, terms: Terms, at: float) -> Tariff:
        """What the call's model costs at `at` on terms that the request names."""
        return self._known((call, terms.service_tier, terms.speed, terms.geo), at)


def _by_sheet(provider: str, model: str, terms: Terms, at: float) -> Tariff | None:
    """The sheet's price as the overlay has it; None where neither knows the model."""
    said = overlay.rows(provider, model)
    if any(row.is_open for row in said):
        return _none(at)
    own = next((row for row in said if row.prices is not None), None)
    found: Tariff | None
    if own is not None:
        rates = () if terms.wanted else ((-1, overlay.rates_of(own)),)
        found = Tariff(rates, sheet.SOURCE, since=at, until=sheet.midnight(at))
    else:
        found = sheet.tariff(provider, model, terms, at)
    if found is None:
        return None
    factor = overlay.factor(provider, model.lower(), terms.place, terms.geo)
    if factor is None:
        return _none(at)
    tiers = [(start, overlay.changed(rates, said)) for start, rates in found.tiers]
    if factor != 1:
        tiers = [(start, rates.times(factor)) for start, rates in tiers]
    return Tariff(tuple(tiers), found.source, since=at, until=found.until)


def _none(at: float) -> Tariff:
    return Tariff((), "", since=at, until=sheet.midnight(at))


def _lower(text: str | None) -> str:
    return text.lower() if text else ""
