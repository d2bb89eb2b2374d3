"""`llm-proxy budget`: what is spent of a token's or a project's budgets."""

from typing import Annotated, Final

import typer

from cli import lookup, output, prompts
from cli.command_table import examples, noun
from cli.errors import CommandError
from cli.options import Yes
from cli.session import Session, with_database
from models import Project, Token, spending
from models.budget_text import budget_text
from models.budgets import Budget, BudgetLimit, budgets_of, policies_of
from models.windows import Period
from proxy.limits.store import LimitsUnavailable

app = noun("budget")

_WHOSE: Final = "give --token or --project, and only one of them"


@app.command(
    epilog=examples(
        "llm-proxy budget reset --token 0199… --yes",
        "llm-proxy budget reset --project docs --limit usd --period month",
        "llm-proxy budget reset --project docs --policy images",
    )
)
@with_database
async def reset(
    session: Session,
    *,
    token: Annotated[str | None, typer.Option(metavar="TOKEN", help="Of this one (id).")] = None,
    project: Annotated[
        str | None, typer.Option(metavar="PROJECT", help="Of this one (id or name).")
    ] = None,
    policy: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of this policy of it, not its own.")
    ] = None,
    limit: Annotated[BudgetLimit | None, typer.Option(help="Only of this kind.")] = None,
    period: Annotated[Period | None, typer.Option(help="Only of this period.")] = None,
    yes: Yes = False,
) -> None:
    """Let budgets have spent nothing in the window that is now.

    Their amounts stay, and so does what running requests hold of them.
    """
    if (token is None) == (project is None):
        raise typer.BadParameter(_WHOSE)
    row = await (lookup.token(token) if token is not None else lookup.project(project or ""))
    chosen = [
        budget
        for budget in _budgets(row, policy)
        if limit in (None, budget.limit) and period in (None, budget.period)
    ]
    if not chosen:
        raise CommandError("There is no such budget.")
    texts = ", ".join(map(budget_text, chosen))
    prompts.confirm(f"Set what is spent of {texts} to nothing?", yes=yes)
    try:
        await spending.reset(session.spending, row, chosen, policy=policy, by=session.actor)
    except LimitsUnavailable as exc:
        raise CommandError(f"What is spent cannot be changed: {exc}") from exc
    output.say(f"Nothing is spent of {texts}.")


def _budgets(row: Token | Project, policy: str | None) -> tuple[Budget, ...]:
    if policy is None:
        return budgets_of(row.budgets)
    for found in policies_of(row.policies):
        if found.name == policy:
            return found.budgets
    raise CommandError("There is no policy of this name.")
