"""How far each journal has been consumed: what makes a batch count once."""

from tortoise import Model, fields


class JournalPosition(Model):
    """Moved in the same transaction as the counters that a batch adds to.

    Rows are never removed, some 100 bytes for each start of a worker: a file may come back long
    after it was consumed and deleted, with a machine that was off, a snapshot or a backup of
    `DATA_DIR`, and without its row it would be counted again from its beginning. No age makes
    that impossible, and nothing else in the file says what the counters already hold.
    """

    journal_id = fields.CharField(max_length=64, primary_key=True)
    position = fields.BigIntField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "journal_position"
