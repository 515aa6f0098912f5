"""ADA of the medication process 9, and the older list of dispenses (6.12) → STU3 of the zib2017 medication profiles.

Provisional: see the tables.
"""

from babyconnect.translate.medication.counting import chapters
from babyconnect.translate.medication.dispense_list import recast
from babyconnect.translate.medication.record import translate

__all__ = ["chapters", "recast", "translate"]
