"""The clients of the regional services by name, for whoever composes them (`wiring`, `flows`)."""

from babyconnect.network.consent.client import ConsentCodes, ConsentDesk
from babyconnect.network.consent.replica import ConsentReplica
from babyconnect.network.directory.replica import Directory
from babyconnect.network.localisation.client import LocalisationClient
from babyconnect.network.pseudonyms.client import PseudonymClient
from babyconnect.network.signed import Region

__all__ = [
    "ConsentCodes",
    "ConsentDesk",
    "ConsentReplica",
    "Directory",
    "LocalisationClient",
    "PseudonymClient",
    "Region",
]
