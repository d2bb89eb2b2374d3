#!/usr/bin/env bash
# Tortoise drops `limit` and `order_by` of an update and of a delete on SQLite and PostgreSQL, without a word.
#
# Seen with tortoise-orm 1.1.9 on SQLite (CPython 3.11 and 3.13), and alike with asyncpg 0.32.0 on PostgreSQL 18.6,
# for which the SQL is made by the same code. The change log of 0.17 says of both that they work with `limit` and
# `order_by`; they do where the SQL has such clauses, on MySQL. Elsewhere one guesses an error, as Django's
# "Cannot use 'limit' or 'offset' with delete", or a subquery. `count`, `exists` and reading heed
# the limit of the same query. So a log that is to lose its oldest rows, so many at a time, loses them all.
#
# Output seen, of five rows and limit(2):
#   counted: 2
#   updated: 5
#   deleted: 5, left: 0
#   DELETE FROM "entry"
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet tortoise-orm==1.1.9
cd "$work"
cat >stored.py <<'PY'
from tortoise import Model, fields


class Entry(Model):
    id = fields.IntField(primary_key=True)
    sent = fields.BooleanField(default=False)
PY
PYTHONPATH=. "$work/venv/bin/python" - <<'PY'
import asyncio

from stored import Entry
from tortoise import Tortoise


async def main() -> None:
    await Tortoise.init(db_url="sqlite://:memory:", modules={"models": ["stored"]})
    await Tortoise.generate_schemas()
    await Entry.bulk_create([Entry(id=number) for number in range(1, 6)])
    oldest = Entry.all().order_by("id").limit(2)
    counted = await oldest.count()
    updated = await oldest.update(sent=True)
    assert await Entry.filter(sent=True).count() == updated
    sql = oldest.delete().sql()
    deleted = await oldest.delete()
    left = await Entry.all().count()
    await Tortoise.close_connections()
    print("counted:", counted)
    print("updated:", updated)
    print(f"deleted: {deleted}, left: {left}")
    print(sql)
    assert (counted, updated, deleted, left) == (2, 5, 5, 0)
    assert sql == 'DELETE FROM "entry"', sql


asyncio.run(main())
PY
