"""What is used of a token's or project's policies, as their pages show it."""

from collections.abc import Sequence
from typing import NamedTuple

from admin.web.request import AuthenticatedContext
from models import Project, Token
from models.budgets import Policy
from models.spending import PolicyUse, limited


class ShownPolicy(NamedTuple):
    """A policy; `requests` are what is used of its quota, None where that is not known."""

    rule: Policy
    requests: int | None


class ShownUse(NamedTuple):
    """All that is shown of one row."""

    policies: Sequence[ShownPolicy]


async def used_of(ctx: AuthenticatedContext, row: Token | Project) -> ShownUse:
    """What a row has, and what is used of it. Asks only where it has something."""
    subject = limited(row)
    uses = await ctx.service.spending.of([subject]) if subject.policies else None
    known = (PolicyUse(None, ()),) * len(subject.policies) if uses is None else uses[0].policies
    return ShownUse(
        [ShownPolicy(rule, use.requests) for rule, use in zip(subject.policies, known, strict=True)]
    )
