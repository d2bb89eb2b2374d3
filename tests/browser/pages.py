"""The pages that are looked at for accessibility; `tests/admin/test_pages.py` asks for each one."""

from typing import Final

PAGES: Final = (
    "account", "audit", "audit?action=nothing", "audit/{event}", "dashboard",
    "dashboard?range=7d&show=tokens&by=project&top=token", "dashboard?range=30d&show=cost",
    "dashboard?range=custom&from=2026-01-01&to=2026-01-02", "nowhere",
    "destinations", "destinations/new", "destinations/new?kind=webhook",
    "destinations/{destination}", "destinations/{destination}/edit",
    "destinations/{destination}/renew", "destinations/{destination}/delete",
    "events", "events?kind=database.away",
    "management-tokens", "management-tokens/new", "management-tokens/{management_token}/revoke",
    "projects", "projects?q=nothing", "projects/new",
    "projects/{project}", "projects/{project}/edit", "projects/{project}/deactivate",
    "projects/{project}/endpoints",
    "projects/{project}/revoke-tokens", "projects/{project}/delete",
    "projects/{project}/purge-cache",
    "projects/{project}/keys/{key}/edit", "projects/{project}/keys/{key}/remove",
    "providers", "providers?name=openai", "providers?name=openrouter&q=nothing",
    "requests", "requests?model=nothing", "requests?outcome=refused", "requests/{request}",
    "tokens", "tokens?q=nothing", "tokens/new", "tokens/{token}", "tokens/{token}/edit",
    "tokens/{token}/rotate", "tokens/{token}/test", "tokens/{token}/revoke",
    "tokens/revoke?ids={token}",
    "users", "users/new", "users/{user}", "users/{user}/remove",
)  # fmt: skip
