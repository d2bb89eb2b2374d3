"""The last question before something that cannot be undone: a page, or a dialog of the same."""

from dataclasses import dataclass
from uuid import UUID

from sanic import HTTPResponse

from admin.components import filters
from admin.web.request import AuthenticatedContext
from models.text import written_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Danger:
    """What is asked. `name`, where given, has to be typed."""

    title: str
    consequences: tuple[str, ...]
    action: str
    button: str
    back: str
    name: str | None = None
    ids: tuple[UUID, ...] = ()

    async def ask(self, ctx: AuthenticatedContext, *, error: str = "") -> HTTPResponse:
        """The question; 422 where what was typed is not the name."""
        return await ctx.render(
            "components/danger.html",
            partial="components/_danger.html",
            status=422 if error else 200,
            danger=self,
            error=error,
        )

    def confirmed(self, ctx: AuthenticatedContext) -> bool:
        """Whether the name was typed as it is, or as the page shows it."""
        if self.name is None:
            return True
        typed = ctx.fields.get("name", "").strip()
        return typed in (self.name.strip(), written_out(self.name).strip())


def running(ctx: AuthenticatedContext, *owners: UUID, whose: str) -> str:
    """What happens to the requests that run now."""
    number = sum(map(ctx.service.running, owners))
    if ctx.service.workers > 1:
        here = f", {number:,} of them in this worker" if number else ""
        return f"{whose} running requests end within a second{here}."
    if not number:
        return "No request is running now."
    verb = "ends" if number == 1 else "end"
    return f"{filters.plural(number, 'running request')} {verb} within a second."
