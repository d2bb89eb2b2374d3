"""JSON control plane, `/manage/*`.

    plane       the blueprint, which is all that `app.py` needs
    dispatch    from a request to a view and back: admit, validate, call, answer
    auth, throttle           who calls; slowing wrong tokens down
    reading, schemas/        what may be sent, and what comes back; they know no web framework
    errors, refusals         what is refused, and how that is answered
    cursors, pagination      where a page ended; the next one
    operations  the table that routing, validation and the document are made from
    views/      the operations, one module per resource
    openapi, docs            the document made from the same table, and its page

Rules of the domain are on the models; nothing here knows the data plane or the admin pages.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from manage.plane import blueprint

__all__ = ["blueprint"]


def __getattr__(name: str) -> Any:
    # Late: the command line takes the schemas from here, and does without the web framework.
    if name == "blueprint":
        from manage.plane import blueprint  # noqa: PLC0415

        return blueprint
    raise AttributeError(name)
