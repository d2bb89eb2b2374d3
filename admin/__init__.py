"""HTML control plane, `/admin/*`.

    plane        the blueprint: hands the table of pages and the filters to what serves them
    web/         from a request to a view: page_table, dispatch, request, session, csrf, throttle,
                 errors, rendering, assets; it imports no view and no component
    components/  what pages are made of: tables, charts, filters, confirmation, one_time_secret
    forms/       input: fields, what is wrong with them, what they change
    views/       the pages, one module per family

Conventions:

*   A view is `async def name(ctx: AuthenticatedContext, **ids: UUID) -> HTTPResponse`, at most
    30 lines, decorated with `@pages.get("/path/{thing_id}")` or `@pages.post(…)` of its module's
    `Pages`.
    A GET is open to both roles, a POST to `admin` alone, unless `role=` says otherwise; a page
    that only leads to a change (a form, a confirmation) says `role="admin"` too.
*   Sessions, roles, CSRF and headers are checked before the view runs; no view does it again.
    Every form has `{{ csrf() }}`.
*   Domain rules live on the models: `await token.revoke(by=ctx.actor)`.
*   `ctx.render("tokens/index.html", partial="tokens/_table.html", …)` answers an HTMX swap with
    the partial and any other request with the page, which includes the same partial.
*   After a change: `ctx.redirect("/admin/tokens", toast="The token was revoked.")`, which is a
    303, or HX-Redirect for HTMX. Never answer a POST with a page, but for a form with errors (422).
*   A dangerous change has a page of its own (`…/revoke`) that says what will happen; a link to it
    with `data-dialog` opens the same thing as a dialog. See `templates/components/danger.html`.
*   A name in a template that is not given is an error (StrictUndefined); everything is escaped.
*   No inline style or script: the policy forbids both. Colours and sizes are the custom
    properties of `static/tokens.css`; SVG takes them by class.
*   Links and files: `{{ asset("frame.css") }}`, hashed. Times: `{{ row.at | ago }}` or `moment`.
    Numbers: `count`, `compact`, `usd`, `milliseconds`. Long names: `middle`.

Nothing here knows the data plane or the management API.
"""

from admin.plane import blueprint

__all__ = ["blueprint"]
