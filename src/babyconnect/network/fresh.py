"""Names of what is made here: a consent, a code, a message.

They are logged, and a log blanks whatever can be a BSN: so none of them holds nine digits in a row.
"""

from __future__ import annotations

import re
import uuid

_NINE_DIGITS = re.compile(r"[0-9]{9}")


def fresh() -> uuid.UUID:
    """A random UUID (RFC 9562 §5.4) that a log writes as it is."""
    made = uuid.uuid4()
    while _NINE_DIGITS.search(str(made)):
        made = uuid.uuid4()
    return made
