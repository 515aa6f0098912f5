"""The account of the machine that runs a command: what the operating system says, never what the environment says.

`getpass.getuser` believes LOGNAME, so that anybody could put another's name in the log.
"""

from __future__ import annotations

import os
import pwd

from babyconnect.trust.persons import TERMINAL


def own() -> str:
    """Its name; its number where the machine has no name for it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def person() -> str:
    """It, as the log knows it."""
    return f"{TERMINAL}{own()}"
