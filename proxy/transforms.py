"""What may be changed of a request and of its answer while they pass, as two interfaces.

A `RequestTransform` is applied by `forward.outgoing`, a `StreamTransform` by `DataPlane._relay`;
there are three today: one asks a stream for its usage and keeps the event that reports it
(`body/usage_splice.py`, `usage/meter.py`), one shows a token the models that it may use
(`model_lists.py`), one has a batch's results fetched from us (`batch_results.py`). Where none
applies, the data path pays a test or two for each request. `tests/proxy/transform_rules.py` has the
rules as tests; run every new transform through them.
"""

from __future__ import annotations

from typing import Final, Protocol

from proxy.headers import RawHeaders


class RequestTransform(Protocol):
    """Changes a request that was let in, before it is forwarded.

    Only a body that was read whole can be replaced.
    """

    @property
    def body(self) -> tuple[bytes, ...] | None:
        """What is sent in place of the client's body, without a content coding; None: that body."""
        ...

    def headers(self, headers: RawHeaders) -> RawHeaders:
        """The fields to send, of those that would have been; the list given is not changed.

        `Content-Length`, `Transfer-Encoding`, `Host` and the credential are not its to state:
        `forward.outgoing` does that behind it.
        """
        ...


class StreamTransform(Protocol):
    """Sees every byte of an answer once and in order, and returns what the client gets.

    Rules: bytes that do not concern it come out identical, however the stream was cut, and none
    is held longer than it takes to decide about it; what it holds is bounded; nothing is raised
    for what the upstream sent; one call takes about a millisecond at most.
    """

    #: More has come than one turn of the event loop has time for: `catch_up` is called, in turns of
    #: their own, before anything else is relayed.
    behind: bool

    @property
    def withholds(self) -> bool:
        """Whether bytes may be kept from the client, so that no length can be announced."""
        ...

    def relay(self, data: bytes) -> bytes:
        """Take the next bytes of the answer; returns those that go to the client now."""
        ...

    def catch_up(self) -> bytes:
        """One more turn's work; returns bytes that were held back for it."""
        ...

    def end(self) -> bytes:
        """The answer ended cleanly; returns bytes that were still held back.

        Not called for an answer that breaks: what is held back then is dropped with the
        connection.
        """
        ...


class AnswerTransform(StreamTransform, Protocol):
    """A `StreamTransform` that answers to the client for the head, too."""

    @property
    def voids(self) -> tuple[bytes, ...]:
        """Fields, in lower case, that do not hold of what the client gets where it `withholds`."""
        ...


class AsItIs:
    """Of an answer that nobody changes or reads any more."""

    behind = False
    withholds = False
    voids: tuple[bytes, ...] = ()

    def relay(self, data: bytes) -> bytes:
        """All of it goes on."""
        return data

    def catch_up(self) -> bytes:
        """There is nothing to catch up with."""
        return b""

    def end(self) -> bytes:
        """Nothing was held back."""
        return b""


AS_IT_IS: Final = AsItIs()
