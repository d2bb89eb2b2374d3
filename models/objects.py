"""What upstream accounts keep for us: files, batches, stored responses, and whose they are."""

from typing import Final

from tortoise import Model, fields

#: What one row is about: another project's account may give the same id.
OBJECT_KEY: Final = ("project_id", "id")


class UpstreamObject(Model):
    """An id that an answer of an upstream created, with who asked for it and which key knows it."""

    row_id = fields.BigIntField(primary_key=True)
    # The upstream's: compared byte for byte.
    id = fields.CharField(max_length=256)
    kind = fields.CharField(max_length=32)
    provider = fields.CharField(max_length=64)
    project_id = fields.UUIDField()
    token_id = fields.UUIDField()
    key_id = fields.UUIDField()
    created_at = fields.DatetimeField()
    # Of a response in the background: when its usage was counted.
    counted_at = fields.DatetimeField(null=True)

    class Meta:
        table = "upstream_object"
        unique_together = (OBJECT_KEY,)
        indexes = (("token_id", "kind", "created_at"), ("kind", "created_at"))
