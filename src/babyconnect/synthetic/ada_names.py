"""How a dossier's things are called and dated in its ADA record."""

from __future__ import annotations

import datetime as dt

from babyconnect.synthetic.dossier import Dossier, Moment

LOCAL = "2.16.840.1.113883.2.4.3.11.999.7.6"
"""Nictiz' test OID, under which local numbers are written."""


def text(when: Moment) -> str:
    """A moment as ADA writes it: a date, or a date and time to the second."""
    return when.strftime("%Y-%m-%dT%H:%M:%S") if isinstance(when, dt.datetime) else when.isoformat()


def woman_id(dossier: Dossier) -> str:
    return f"V{dossier.number}"


def child_id(dossier: Dossier, rank: int) -> str:
    return f"K{dossier.number}-{rank}"
