"""Tells an upstream, such as a gateway that bills by team, whom a request is for: by its tag."""

from config import Settings
from proxy.middleware import View


class TagHeader:
    """The tag `team` of a token or a request, as `X-Team`, in both directions."""

    async def request(self, view: View) -> None:
        # What a client says by itself does not count.
        view.remove_header("x-team")
        if team := view.tags.get("team"):
            view.set_header("x-team", team)

    def response_head(self, view: View) -> None:
        if team := view.tags.get("team"):
            view.set_header("x-team", team)


def middleware(_: Settings) -> TagHeader:
    return TagHeader()
