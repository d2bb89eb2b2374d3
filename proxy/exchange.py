"""What is known of one request, from its first byte to its one journal entry."""

from __future__ import annotations

import asyncio
from time import perf_counter, time
from typing import TYPE_CHECKING, Final

import msgspec

from models.entry import Attempt, Outcome
from models.ids import new_request_id
from models.labels import NO_LABELS, Labels
from proxy.access.grant import Grant
from proxy.access.policies import GrantedPolicy
from proxy.body.budget import KeptBytes
from proxy.body.passing_model import PassingModel
from proxy.body_capture import BodyCopies
from proxy.cache.answers import Found
from proxy.cache.leading import Leading
from proxy.downstream import RequestHead
from proxy.driving import Cancellable
from proxy.headers import RawHeaders
from proxy.limits.budgets import BudgetClaim, Charge
from proxy.metering.asks import Asks
from proxy.objects.own_lists import OwnList
from proxy.objects.watch import Watch
from proxy.providers.endpoints import Route
from proxy.settable import settable
from proxy.upstream.target import Target
from proxy.usage.meter import Meter
from proxy.usage.usual import Reading

if TYPE_CHECKING:
    from proxy.decided import Decided
    from proxy.fair_share import Counted
    from proxy.middleware.shaping import Shaped


@settable
class Exchange(msgspec.Struct, eq=False):
    """One request while it runs. Times are `perf_counter` seconds, but for `at`: Unix seconds.

    `ended_by` says who ended a running exchange from outside: a revocation or the shutdown. It is a
    struct, so that all that a usual request has nothing of is set by C.
    """

    head: RequestHead
    method: str
    #: As which it runs.
    run: Cancellable | None = msgspec.field(default_factory=asyncio.current_task)
    id: str = msgspec.field(default_factory=new_request_id)
    at: float = msgspec.field(default_factory=time)
    began: float = msgspec.field(default_factory=perf_counter)
    grant: Grant | None = None
    #: Where it counts in the shares of its token and project.
    shares: Counted = ()
    #: Its body's part of what may be kept; None where none of it is.
    kept: KeptBytes | None = None
    #: The same of what is kept to be sent again, and of what middlewares look into.
    again: KeptBytes | None = None
    digest: str = ""
    #: Its body, where it has come and is more to be known of than is usual.
    arrived: bytes | None = None
    #: What was decided of one that is alike.
    decided: Decided | None = None
    route: Route | None = None
    #: The account that is tried, or was tried last.
    target: Target | None = None
    #: The account that knows what the request names, which alone may be asked.
    pinned: Target | None = None
    #: What leaves out of a list of objects those of others.
    own_list: OwnList | None = None
    #: What its answer may tell of objects.
    watch: Watch | None = None
    #: Each account that was tried, where there are several.
    attempts: tuple[Attempt, ...] = ()
    #: Whether an interim answer has gone to the client.
    informed: bool = False
    model: str = ""
    #: What it is tagged with and whom it is for, where that is said.
    labels: Labels | None = None
    #: Those of its token and project that count it.
    policies: tuple[GrantedPolicy, ...] = ()
    #: What the account that is tried calls it, where that is something else.
    mapped: str = ""
    #: Reads the model of a body that streams through.
    passing: PassingModel | None = None
    #: What its body asks for, where a budget has to know what it may cost.
    asks: Asks | None = None
    #: What it holds of budgets, what they are charged in the end, and what the ones limit of
    #: which that is more.
    holds: tuple[BudgetClaim, ...] = ()
    charge: Charge | None = None
    overshot: tuple[str, ...] = ()
    #: Fields of the answer that lets its only account rest, for which the body counts as well.
    limited: RawHeaders | None = None
    meter: Meter | None = None
    #: An answer that came whole, and how it is read when its request is recorded; in place of a
    #: meter, until the general way has to read it.
    document: bytes = b""
    reading: Reading | None = None
    #: What the cache of its project did: `hit`, `collapsed` (another request's answer, shared
    #: while it came), `miss`, or `bypass` (not looked for); '' where there is none.
    cache: str = ""
    #: What its client is told of that.
    cache_lines: bytes = b""
    #: What answers in place of the upstream.
    found: Found | None = None
    #: Its client, and those that share its answer.
    leading: Leading | None = None
    #: What such an answer had cost when it came from upstream, as far as that is known.
    saved_nanos: int | None = None
    #: Only where bodies are logged.
    copies: BodyCopies | None = None
    #: Its client behind the middlewares, until its answer has ended.
    shaped: Shaped | None = None
    status: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    #: Seconds spent waiting for the client's body, for accounts that failed and for
    #: middlewares, which are not overhead.
    body_wait: float = 0.0
    sent: float | None = None
    first_byte: float | None = None
    started: float | None = None
    #: `overhead_seconds`, once that changes no more.
    overhead: float | None = None
    recorded: bool = False
    #: Why the proxy answers itself, where it does.
    refusal_code: str = ""
    ended_by: Outcome | None = None

    def __repr__(self) -> str:
        # The default would print the client's token.
        return f"Exchange({self.id})"

    def is_for(self, end_user: str) -> None:
        """Note whom the body names, where no header does."""
        labels = self.labels or NO_LABELS
        if end_user and not labels.end_user:
            self.labels = labels._replace(end_user=end_user)

    @property
    def id_text(self) -> bytes:
        """The id as it stands in a header."""
        return self.id.encode("ascii")

    def end(self, outcome: Outcome) -> None:
        """End a running exchange from outside; its client's connection breaks visibly."""
        if self.ended_by is None and self.run is not None and not self.recorded:
            self.ended_by = outcome
            self.run.cancel()

    @property
    def counted(self) -> bool:
        """Whether it uses tokens by its nature, so that its answer is read for them."""
        if self.method != "POST" or self.route is None or (self.cache and self.from_cache):
            return False
        return self.route.dialect != "none"

    @property
    def from_cache(self) -> bool:
        """Whether its answer is a kept or shared one, for which no upstream is paid."""
        return self.cache in ("hit", "collapsed")

    @property
    def whole_for_client(self) -> bool:
        """Whether the event was relayed that ends the answer, and nobody else ended it before."""
        return self.ended_by is None and self.meter is not None and self.meter.terminal_seen

    def left(self, *, written: bool = True) -> Outcome:
        """How a request ended whose client is gone: its answer may have been whole by then.

        Not `written`: without what was relayed last.
        """
        if self.leading is not None and self.leading.outcome is not None:
            return self.leading.outcome
        if not self.whole_for_client:
            return "client_left"
        is_whole = written or self.meter is None or not self.meter.terminal_last
        return "complete" if is_whole else "client_left"

    def begins_whole(self, status: int, size: int) -> None:
        """Note that the answer begins, of which all is here."""
        self.status, self.bytes_out = status, size
        self.first_byte = self.started = now = perf_counter()
        sent = self.sent
        # As `overhead_seconds` has it: nothing lies between the two.
        ours = (now if sent is None else sent) - self.began - self.body_wait
        self.overhead = ours if ours > 0.0 else 0.0  # noqa: FURB136

    def overhead_seconds(self, now: float) -> float:
        """Seconds that the proxy added before the answer began to go out."""
        if self.overhead is not None:
            return self.overhead
        sent, first_byte, until = self.sent, self.first_byte, self.started or now
        ours = (until if sent is None else sent) - self.began - self.body_wait
        if sent is not None and first_byte is not None:
            ours += until - first_byte
        # `max` takes as long as all else.
        return ours if ours > 0.0 else 0.0  # noqa: FURB136


#: As `int` of a float, without what that looks for first.
whole: Final = float.__trunc__
