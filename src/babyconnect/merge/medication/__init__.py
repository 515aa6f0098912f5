"""Building blocks of many sources to one medication overview (domain §7: medication safety).  Pure."""

from babyconnect.merge.medication import advised
from babyconnect.merge.medication.overview import overview
from babyconnect.merge.medication.warnings import LACTATION_DAYS, Situation, provided

__all__ = ["LACTATION_DAYS", "Situation", "advised", "overview", "provided"]
