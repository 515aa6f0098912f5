"""An entry of the register of evidence as JSON, and back.  [own]: no published interface exists for it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from babyconnect.birthcare.identifiers import Ura
from babyconnect.network.contract import Given, GivenBasis

MOST_DAYS = 400
_REFERENCE = re.compile(r"[A-Za-z0-9\-._/]{8,64}")
_EPISODE = re.compile(r"[A-Za-z0-9\-.]{0,64}")


def written(given: Given) -> dict[str, Any]:
    return {
        "reference": given.reference,
        "basis": given.basis,
        "issuer": given.issuer.value,
        "receiver": given.receiver.value,
        "start": given.start.isoformat(),
        "end": given.end.isoformat(),
        "episode": given.episode,
        "standing": given.standing,
    }


def include(given: Sequence[Given]) -> dict[str, Any]:
    """What goes along with the index's answer, as R4 Parameters."""
    return {
        "resourceType": "Parameters",
        "id": "evidence",
        "parameter": [{"name": "given", "part": [_part(*pair) for pair in written(one).items()]} for one in given],
    }


def _part(name: str, value: Any) -> dict[str, Any]:
    return {"name": name, "valueBoolean" if isinstance(value, bool) else "valueString": value}


def included(parameters: Mapping[str, Any]) -> tuple[Given, ...]:
    """The other way.  Raises ValueError, KeyError, TypeError or AttributeError for what is not that."""
    return tuple(
        read({part["name"]: part.get("valueString", part.get("valueBoolean")) for part in one["part"]})
        for one in parameters["parameter"]
    )


def read(said: Mapping[str, Any]) -> Given:
    """Raises ValueError with a sentence that quotes nothing."""
    reference, episode, basis = said.get("reference"), said.get("episode", ""), said.get("basis")
    if not isinstance(reference, str) or not _REFERENCE.fullmatch(reference):
        raise ValueError("reference is an opaque id")
    if not isinstance(episode, str) or not _EPISODE.fullmatch(episode):
        raise ValueError("episode is an opaque id")
    if basis not in get_args(GivenBasis):
        raise ValueError("basis is announcement, referral or locum")
    try:
        start, end = (dt.date.fromisoformat(str(said.get(name))) for name in ("start", "end"))
        issuer, receiver = Ura(str(said.get("issuer"))), Ura(str(said.get("receiver")))
    except ValueError:
        raise ValueError("issuer and receiver are URAs, start and end are days") from None
    if not 0 <= (end - start).days <= MOST_DAYS or issuer == receiver:
        raise ValueError("between two organisations, for a period that ends")
    standing = said.get("standing", True) is True
    return Given(reference, cast(GivenBasis, basis), issuer, receiver, start, end, episode, standing)
