"""The ways in which a command says that it cannot go on."""


class Failure(Exception):
    """The text is the one sentence for stderr; `code` is what the command exits with."""

    code = 1


class BadUse(Failure):
    """What was asked cannot be: known only after the command line was read."""

    code = 2
