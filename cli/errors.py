"""What ends a command early, with the message for the terminal."""


class CommandError(Exception):
    """The command could not do what was asked; the message is one clear line each."""

    exit_code = 1


class NotFound(CommandError):
    """Nothing has this id or name."""


class Unreachable(CommandError):
    """No database answers where DATABASE_URL says that it is."""

    exit_code = 2


class WrongUsage(CommandError):
    """The options or the configuration cannot be used."""

    exit_code = 2
