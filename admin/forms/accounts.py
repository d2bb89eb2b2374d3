"""Passwords, names and roles of the people who sign in."""

from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from admin.forms.form import Form
from models.administrators import Role
from models.rules import Name, SearchText, field_error

#: As ADMIN_PASSWORD allows. Longer than any hand would type, short enough to hash.
Password = Annotated[str, Field(min_length=1, max_length=256, repr=False)]
_SHORTEST = 8
#: As the database has it, which is not asked for a longer one.
_USERNAME_MAX = 150


def _long_enough(password: str) -> str:
    if len(password) < _SHORTEST:
        raise field_error(f"At least {_SHORTEST} characters.")
    return password


class _NewPassword(Form):
    SECRETS: ClassVar[frozenset[str]] = frozenset({"current", "password", "again"})

    password: Password
    again: Password

    @field_validator("password")
    @classmethod
    def _is_long_enough(cls, password: str) -> str:
        return _long_enough(password)

    @field_validator("again")
    @classmethod
    def _is_the_same(cls, again: str, info: ValidationInfo) -> str:
        if again != info.data.get("password", again):
            raise field_error("This is not the same as above.")
        return again


class PasswordChange(_NewPassword):
    """A new password for one's own account, with the current one."""

    current: Password


class PasswordReset(_NewPassword):
    """A new password for another account."""


class UserCreation(_NewPassword):
    """A new account."""

    username: Annotated[Name, Field(max_length=_USERNAME_MAX)]
    role: Role = "viewer"


class UserChange(Form):
    """An account's role."""

    role: Role


class SignIn(Form):
    """A name and a password."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"password"})

    username: Annotated[SearchText, Field(min_length=1, max_length=_USERNAME_MAX)]
    password: Password
