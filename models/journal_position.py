"""How far each journal has been drained: what makes a batch count once."""

from tortoise import Model, fields


class JournalPosition(Model):
    """Moved in the same transaction as the counters that a batch adds to."""

    journal_id = fields.CharField(max_length=64, primary_key=True)
    position = fields.BigIntField()
    updated_at = fields.DatetimeField()

    class Meta:
        table = "journal_position"
