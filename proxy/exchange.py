"""What is known of one request, from its first byte to its one journal entry."""

from __future__ import annotations

from time import perf_counter, time
from typing import TYPE_CHECKING

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
from proxy.driving import current
from proxy.limits.budgets import BudgetClaim, Charge
from proxy.metering.asks import Asks
from proxy.objects.own_lists import OwnList
from proxy.objects.watch import Watch
from proxy.providers.endpoints import Route
from proxy.upstream.target import Target
from proxy.usage.meter import Meter

if TYPE_CHECKING:
    from proxy.decided import Decided
    from proxy.fair_share import Counted
    from proxy.middleware.shaping import Shaped


class Exchange:
    """One request while it runs. Times are `perf_counter` seconds, but for `at`: Unix seconds.

    `ended_by` says who ended a running exchange from outside: a revocation or the shutdown. It is
    no struct: to set a field of one costs ten times as much, and a request sets some twenty.
    """

    __slots__ = (
        "again",
        "asks",
        "at",
        "attempts",
        "began",
        "body_wait",
        "bytes_in",
        "bytes_out",
        "cache",
        "cache_lines",
        "charge",
        "copies",
        "decided",
        "digest",
        "ended_by",
        "first_byte",
        "found",
        "grant",
        "head",
        "holds",
        "id",
        "informed",
        "kept",
        "labels",
        "leading",
        "mapped",
        "meter",
        "method",
        "model",
        "overshot",
        "own_list",
        "passing",
        "pinned",
        "policies",
        "recorded",
        "refusal_code",
        "route",
        "run",
        "saved_nanos",
        "sent",
        "shaped",
        "shares",
        "started",
        "status",
        "target",
        "watch",
    )  # fmt: skip

    #: Its client behind the middlewares, until its answer has ended; not even set where there are
    #: none.
    shaped: Shaped | None

    def __init__(self, head: RequestHead) -> None:
        self.id = new_request_id()
        self.at = time()
        self.began = perf_counter()
        self.head = head
        self.method = head.method
        self.run = current()
        self.grant: Grant | None = None
        #: Where it counts in the shares of its token and project.
        self.shares: Counted | None = None
        #: Its body's part of what may be kept; None where none of it is.
        self.kept: KeptBytes | None = None
        #: The same of what is kept to be sent again, and of what middlewares look into.
        self.again: KeptBytes | None = None
        self.digest = ""
        #: What was decided of one that is alike.
        self.decided: Decided | None = None
        self.route: Route | None = None
        #: The account that is tried, or was tried last.
        self.target: Target | None = None
        #: The account that knows what the request names, which alone may be asked.
        self.pinned: Target | None = None
        #: What leaves out of a list of objects those of others.
        self.own_list: OwnList | None = None
        #: What its answer may tell of objects.
        self.watch: Watch | None = None
        #: Each account that was tried, where there are several.
        self.attempts: tuple[Attempt, ...] = ()
        #: Whether an interim answer has gone to the client.
        self.informed = False
        self.model = ""
        #: What it is tagged with and whom it is for, where that is said.
        self.labels: Labels | None = None
        #: Those of its token and project that count it.
        self.policies: tuple[GrantedPolicy, ...] = ()
        #: What the account that is tried calls it, where that is something else.
        self.mapped = ""
        #: Reads the model of a body that streams through.
        self.passing: PassingModel | None = None
        #: What its body asks for, where a budget has to know what it may cost.
        self.asks: Asks | None = None
        #: What it holds of budgets, what they are charged in the end, and what the ones limit of
        #: which that is more.
        self.holds: tuple[BudgetClaim, ...] = ()
        self.charge: Charge | None = None
        self.overshot: tuple[str, ...] = ()
        self.meter: Meter | None = None
        #: What the cache of its project did: `hit`, `collapsed` (another request's answer, shared
        #: while it came), `miss`, or `bypass` (not looked for); '' where there is none.
        self.cache = ""
        #: What its client is told of that.
        self.cache_lines = b""
        #: What answers in place of the upstream.
        self.found: Found | None = None
        #: Its client, and those that share its answer.
        self.leading: Leading | None = None
        #: What such an answer had cost when it came from upstream, as far as that is known.
        self.saved_nanos: int | None = None
        #: Only where bodies are logged.
        self.copies: BodyCopies | None = None
        self.status = 0
        self.bytes_in = 0
        self.bytes_out = 0
        #: Seconds spent waiting for the client's body, for accounts that failed and for
        #: middlewares, which are not overhead.
        self.body_wait = 0.0
        self.sent: float | None = None
        self.first_byte: float | None = None
        self.started: float | None = None
        self.recorded = False
        #: Why the proxy answers itself, where it does.
        self.refusal_code = ""
        self.ended_by: Outcome | None = None

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

    @property
    def upstream_seconds(self) -> float:
        """From the request's way out to the first byte of the answer."""
        if self.sent is None or self.first_byte is None:
            return 0.0
        return max(0.0, self.first_byte - self.sent)

    def overhead_seconds(self, now: float) -> float:
        """Seconds that the proxy added before the answer began to go out."""
        if self.sent is None:
            return max(0.0, (self.started or now) - self.began - self.body_wait)
        ours = self.sent - self.began - self.body_wait
        if self.first_byte is not None:
            ours += (self.started or now) - self.first_byte
        return ours if ours > 0.0 else 0.0  # noqa: FURB136  (a call takes as long as all else)
