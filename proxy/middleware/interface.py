"""What a middleware is written against: the public interface, typed.

`MIDDLEWARE="package.module:factory"` names a `Factory`. What it returns has any of the hooks of
`Middleware`; one without a hook costs nothing there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, NoReturn, Protocol

from config import Settings


class Misused(Exception):
    """A middleware asked for something that it cannot have. The message holds nothing of a request,
    so that it may be logged."""


class Party(NamedTuple):
    """A project or a token. `name` is what people call it, and may be empty for a token."""

    id: str
    name: str


class Fields(Mapping[str, str]):
    """Header fields by their names, in whatever case; the lines of one are joined by ", "."""

    def get_all(self, name: str) -> list[str]:
        """The value of each line of a field, in order."""
        raise NotImplementedError


class View(Protocol):
    """One request, from its `request` hook to its last `event`. It is the same object in all."""

    @property
    def project(self) -> Party:
        """Whose request it is."""
        ...

    @property
    def token(self) -> Party:
        """With which token; never its secret."""
        ...

    @property
    def tags(self) -> Mapping[str, str]:
        """Those of the token and of `X-LLM-Proxy-Tags`."""
        ...

    @property
    def end_user(self) -> str:
        """What `X-LLM-Proxy-User` says; "" where it is absent."""
        ...

    @property
    def provider(self) -> str:
        """The project's."""
        ...

    @property
    def method(self) -> str:
        """In upper case."""
        ...

    @property
    def path(self) -> str:
        """As the client sent it, without the query."""
        ...

    @property
    def query(self) -> str:
        """What follows the path's "?", "" where nothing does."""
        ...

    @property
    def headers(self) -> Fields:
        """The request's in `request`, the answer's in `response_head` and `event`.

        Without credentials and cookies, and without what frames a message.
        """
        ...

    @property
    def body(self) -> bytes | None:
        """In `request`: the whole body, without a content coding, where a middleware says
        `keeps_body`; b"" where there is none. None in every other case."""
        ...

    @property
    def status(self) -> int | None:
        """The answer's; None in `request`."""
        ...

    @property
    def state(self) -> dict[str, Any]:
        """Empty, for what a middleware wants to know again in a later hook of this request."""
        ...

    def set_header(self, name: str, value: str) -> None:
        """Put one line in the place of all lines of a field, of the request in `request` and of the
        answer in `response_head`. Raises Misused."""
        ...

    def remove_header(self, name: str) -> None:
        """Take away all lines of a field. Raises Misused."""
        ...

    def replace_body(self, body: bytes) -> None:
        """Send this in place of the client's body, without a content coding; in `request`, with
        `keeps_body`. Raises Misused."""
        ...

    def refuse(self, status: int, code: str, message: str) -> NoReturn:
        """Answer in place of the upstream, in the shape that the client's SDK expects; in
        `request`. `status` is from 400 to 599, `code` of lower-case letters, digits and "_".
        Raises Misused. Does not return."""
        ...


class Middleware(Protocol):
    """All that one may have. `mypy` holds a class against it where it inherits from it.

    One object serves all requests of a worker, many at a time.
    """

    keeps_body: bool
    """Whether `request` needs the body. Without this attribute: no."""

    async def request(self, view: View) -> None:
        """A request was let in, and its model, its cost and its limits are not looked at yet: they
        judge what this makes of it."""
        ...

    def response_head(self, view: View) -> None:
        """An upstream's answer, or a kept one, is about to begin."""
        ...

    def event(self, view: View, data: bytes) -> bytes | None:
        """A piece of its body: an event of an event stream with the blank line that ends it, a line
        of newline-delimited JSON, or a JSON answer as a whole.

        Returns what goes to the client in its place: None for the same, b"" for nothing.
        """
        ...


class Factory(Protocol):
    """Makes a middleware, once in each process."""

    def __call__(self, settings: Settings) -> object:
        """`settings` are the proxy's own."""
        ...
