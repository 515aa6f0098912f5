"""Records of a synthetic region, one after another, whatever its size; never more than one of them in memory."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator

from babyconnect.synthetic import published
from babyconnect.synthetic.dossier import Dossier
from babyconnect.synthetic.organisations import Network
from babyconnect.synthetic.population import client
from babyconnect.synthetic.recording import record

TODAY = dt.date(2026, 11, 21)
RECORDS = int(os.environ.get("BABYCONNECT_ROUND_TRIPS", "8"))
"""Records of each law of a round trip; `make soak` takes 2,000."""
NETWORK = Network(published())


def dossiers(by_ada: bool, number: int = RECORDS) -> Iterator[Dossier]:
    """The first records of a region that its organisations export as ADA, or as STU3."""
    left, size = number, max(400, 3 * number)
    for index in range(size):
        for dossier in record(client(index, size, 5, TODAY, NETWORK), 5, TODAY, NETWORK):
            if (dossier.organisation.records == "ada" and dossier.course is not None) is by_ada:
                yield dossier
                left -= 1
            if not left:
                return
