"""How Tortoise makes the models' classes: without a look at their sources.

For every class it would parse the module again that the class is in, for comments that begin with
`#:` and become the columns' own, which takes 85 ms of each process. Here a model that has something
to say in the database lists it as its `column_comments`.
"""

from tortoise import models


def _comments(model: type[models.Model]) -> dict[str, str]:
    listed: dict[str, str] = vars(model).get("column_comments", {})
    return listed


vars(models)["_get_comments"] = _comments
