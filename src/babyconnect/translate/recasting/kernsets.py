"""A record of birth care as the record of a kernset for Perined, of which `hl7v3` makes the message."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.definitions import document, rows
from babyconnect.translate.recasting.recast import Known, Recast, Wanted
from babyconnect.translate.recasting.recast import recast as _recast

_TABLES = {"hl7v3-kernset-2.3.5": "kernset", "hl7v3-kernset-2.3.6": "kernset"}


def outputs() -> list[str]:
    """The formats whose record can be made of one of birth care."""
    return list(_TABLES)


def recast(record: AdaRecord, output: str) -> Recast:
    """The kernset that this message is made of, as far as the record holds it."""
    return _recast(record, _wanted(output))


@functools.cache
def _wanted(output: str) -> Wanted:
    message: Mapping[str, Any] = document("hl7v3/messages.toml")[output]
    [(transaction, ref)] = message["transactions"].items()
    elements = {row["path"]: Known(row["concept"], row["lists"]) for row in rows(f"hl7v3/{message['elements']}")}
    codes = f"hl7v3/{message['codes']}" if "codes" in message else ""
    return Wanted(_TABLES[output], transaction, ref, message["version"], elements, codes)
