"""Which label may come to light where: a channel is a value, what goes into it a table (`definitions/channels.csv`).

Pure, and closed by default: a pair of channel and label without a row is never shown.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Literal, get_args

from babyconnect.birthcare.access import Channel, Shielded
from babyconnect.definitions import rows

Rule = Literal["decision", "open", "author", "own", "never"]
ADDRESS = "address"
LABELS = frozenset({*(group.value for group in Shielded), ADDRESS})
CLIENT_SIDE = frozenset({Channel.CLIENT_SITE, Channel.PGO, Channel.EXPORT, Channel.PRINT, Channel.NOTIFICATION})
"""Where a client, or who is beside her, reads along."""


@functools.cache
def _table() -> Mapping[tuple[Channel, str], Rule]:
    table: dict[tuple[Channel, str], Rule] = {}
    for row in rows("channels"):
        if row["rule"] not in get_args(Rule) or row["label"] not in LABELS:
            raise ValueError(f"channels.csv: {row['channel']} {row['label']}: no such rule or label")
        table[Channel(row["channel"]), row["label"]] = row["rule"]  # type: ignore[assignment]
    return table


def rule(channel: Channel, label: str) -> Rule:
    """What holds for a label in a channel; what no row foresees is never shown."""
    return _table().get((channel, label), "never")


def labels_by(channel: Channel, wanted: Rule) -> frozenset[str]:
    """The shielded groups for which this rule holds in a channel."""
    return frozenset(group.value for group in Shielded if rule(channel, group.value) == wanted)
