"""The one way a command says that it cannot go on."""


class Failure(Exception):
    """The text is the one sentence for stderr; the exit code is 1."""
