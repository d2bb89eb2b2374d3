"""Which of a project's kept answers are still current: those of its cache's epoch.

The epoch stands in the key of every kept answer. A new one puts all others out of reach on every
machine, as soon as the generation is known there, whoever keeps the project's own row locked.
"""

from tortoise import Model, fields


class ProjectCache(Model):
    """A project without a row is in its first epoch, 0."""

    project_id = fields.UUIDField(primary_key=True, generated=False)
    epoch = fields.BigIntField(default=0, db_default=0)

    class Meta:
        table = "project_cache"
