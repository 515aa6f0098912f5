"""ADA of the medication process 9 → STU3 resources of the zib2017 medication profiles.  Provisional: see the table."""

from babyconnect.translate.medication.record import translate

__all__ = ["translate"]
