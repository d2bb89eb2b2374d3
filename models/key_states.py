"""What is known of upstream keys from their answers, shared by all workers and machines.

Beside the keys' own rows, which a change or a removal may have locked. A key that is restored or
imported begins without a state: its next answer says it anew.
"""

from tortoise import Model, fields


class KeyRest(Model):
    """Until when a key is not asked for one model, or one endpoint where no model is named."""

    id = fields.BigIntField(primary_key=True)
    key_id = fields.UUIDField()
    model = fields.CharField(max_length=200)
    # '' where the model is named.
    endpoint = fields.CharField(max_length=200)
    until = fields.DatetimeField(db_index=True)
    reason = fields.CharField(max_length=200)

    class Meta:
        table = "key_rest"
        unique_together = (("key_id", "model", "endpoint"),)


class KeyState(Model):
    """A key's last error, and whether it is suspended: an answer and a test said that it is bad."""

    key_id = fields.UUIDField(primary_key=True, generated=False)
    suspended_at = fields.DatetimeField(null=True)
    # When one worker, which moves this on, tests it again; how often that failed.
    test_at = fields.DatetimeField(null=True)
    failed_tests = fields.IntField(default=0)
    last_error = fields.CharField(max_length=200, null=True)
    last_error_at = fields.DatetimeField(null=True)

    class Meta:
        table = "key_state"
