"""A new token for `/manage`."""

from typing import Annotated

from pydantic import Field

from admin.forms.form import Form
from models.management_tokens import Scope
from models.rules import Name


class ManagementTokenCreation(Form):
    """What it is for, and whether it may change things."""

    name: Annotated[Name, Field(max_length=100)]
    scope: Scope = "read"
