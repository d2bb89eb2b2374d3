"""`request_tag`: a row for each tag of a row of the request log, to find those that have a tag.

Whoever writes a row of the log that has tags puts them here, in the same transaction; a trigger
removes them with it. None puts them, since SQLite has the rows of a statement wait in a table of
their own for a trigger, also one that fires for none of them: a seventh of what each of them costs
(findings/sqlite-copies-pages-for-a-trigger-that-never-fires.sh).
"""

from collections.abc import Iterable, Mapping

from models.db.conditions import insert


async def put(tagged: Iterable[tuple[str, Mapping[str, str] | None]]) -> None:
    """Note what each row of the log, by its id, was tagged with. Raises DatabaseUnavailable."""
    rows = [
        (f"{key}={value}", row_id) for row_id, tags in tagged for key, value in (tags or {}).items()
    ]
    await insert("request_tag (tag, request_id)", "ON CONFLICT DO NOTHING", rows)
