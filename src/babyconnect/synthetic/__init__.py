"""A synthetic region: women, their pregnancies, and what each organisation recorded of them in its own format.

Calibrated on Dutch figures (`definitions/synthetic/figures.csv`, a source per row); where no figure was found a row of
`assumptions.csv` says so.  The same seed and date give the same bytes.  Nothing here is about a real person: BSNs are
test numbers, places do not exist.  What lies in the folders it writes: `synthetic.folder`.
"""

from __future__ import annotations

from babyconnect.synthetic.organisations import Organisation, published
from babyconnect.synthetic.population import Client, region, special_cases
from babyconnect.synthetic.sample import Dispensed, Sample, admitted, dispensed, sample, scans
from babyconnect.synthetic.writing import Known, Summary, write

__all__ = [
    "Client",
    "Dispensed",
    "Known",
    "Organisation",
    "Sample",
    "Summary",
    "admitted",
    "dispensed",
    "published",
    "region",
    "sample",
    "scans",
    "special_cases",
    "write",
]
