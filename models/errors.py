"""What can go wrong in the data room.

Each class carries a stable `code`, which the management API, the admin and the command line show
as it is, and says in its docstring what the caller did or what the caller sees.
"""

from collections.abc import Sequence
from uuid import UUID


class ModelError(Exception):
    """Anything this room raises on purpose."""

    code = "error"


class DatabaseUnavailable(ModelError):
    """The database cannot be reached, or cut the connection: try again later."""

    code = "database_unavailable"


class DatabaseNotOpened(DatabaseUnavailable):
    """The file, or the directory that it is in, cannot be opened or made."""


class DatabaseReadOnly(DatabaseUnavailable):
    """The database takes no writes now: a replica, a server that is set so, a read-only disk."""


class DatabaseBlocked(DatabaseUnavailable):
    """Another transaction kept a row or table that we need locked for longer than we wait, or
    waited for one of ours."""


class TooManyConnections(DatabaseUnavailable):
    """The server has as many connections as it, the database or the role may have."""


class DatabaseDamaged(DatabaseUnavailable):
    """The file is no SQLite database, or its pages contradict each other: restore a backup."""

    code = "database_damaged"


class Refused(ModelError):
    """A rule of the domain forbids the change; the caller sees a conflict."""

    code = "conflict"


class NameTaken(Refused):
    """A living project, administrator or management token has this name already."""

    code = "name_taken"


class ProjectInactive(Refused):
    """Tokens are issued for active projects only."""

    code = "project_inactive"


class ProjectDeleted(Refused):
    """The project was deleted; its history is read-only."""

    code = "project_deleted"


class AdministratorRemoved(Refused):
    """The account was removed while it was to be changed."""

    code = "administrator_removed"


class KeyRemoved(Refused):
    """The upstream key was removed while it was to be changed."""

    code = "key_removed"


class KeyMustBeGiven(Refused):
    """The change would send keys elsewhere than they were entered for, and brings no new one.

    `keys` holds their ids and hints.
    """

    code = "key_must_be_given"

    def __init__(self, message: str, keys: Sequence[tuple[UUID, str]]) -> None:
        super().__init__(message)
        self.keys = tuple(keys)


class KeyNotNeeded(Refused):
    """An API key was given to replace those that a change sends elsewhere, and there are none."""

    code = "key_not_needed"


class OriginNotAllowed(Refused):
    """The address of a project is not among the operator's UPSTREAM_ORIGINS."""

    code = "origin_not_allowed"


class EndpointNotServed(Refused):
    """A path begins as no provider's here does: no request to it reaches a project."""

    code = "endpoint_not_served"


class KeyNotUsable(Refused):
    """A key that its provider's requests could not present: of another kind, or not allowed."""

    code = "key_not_usable"


class ProviderNotUsable(Refused):
    """A key's own provider answers errors in another form than its project's clients expect."""

    code = "provider_not_usable"


class BaseUrlMissing(Refused):
    """The provider has no address of its own, so that each of its projects has to name one."""

    code = "base_url_missing"


class DestinationRefused(ModelError):
    """Fields of a destination that its kind does not allow; `problems` has each of them, as pairs
    of its name and what is wrong."""

    code = "invalid_request"

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(" ".join(f"{field}: {message}" for field, message in problems))
        self.problems = tuple(problems)


class TooManyDestinations(Refused):
    """Each request may have to be kept for all of them, so that their number is bounded."""

    code = "too_many_destinations"


class DestinationRemoved(Refused):
    """The destination was deleted while it was to be changed."""

    code = "destination_removed"


class SecretMustBeGiven(Refused):
    """The change would send secrets elsewhere than they were entered for; `fields` names them."""

    code = "secret_must_be_given"

    def __init__(self, message: str, fields: Sequence[str]) -> None:
        super().__init__(message)
        self.fields = tuple(fields)


class NotOfTheProject(Refused):
    """What is named in `field` is no key or token of the project."""

    code = "not_of_the_project"

    def __init__(self, message: str, field: str) -> None:
        super().__init__(message)
        self.field = field


class TokenRevoked(Refused):
    """A revoked token stays revoked: it can be neither changed nor rotated."""

    code = "token_revoked"


class LifetimeTooLong(Refused):
    """The token would outlive the operator's TOKEN_MAX_LIFETIME."""

    code = "lifetime_too_long"


class LastAdministrator(Refused):
    """Removing or demoting the only active administrator would leave none who can sign in."""

    code = "last_administrator"


class TooManyHashes(ModelError):
    """More passwords wait to be hashed than may: try again in a second or two."""

    code = "too_many_hashes"


class UnknownEncryptionKey(ModelError):
    """The text was encrypted with a key that is not (or no longer) in ENCRYPTION_KEY."""

    code = "unknown_encryption_key"


class CorruptCiphertext(ModelError):
    """The text was altered, cut, or moved from the row it was encrypted for."""

    code = "corrupt_ciphertext"
