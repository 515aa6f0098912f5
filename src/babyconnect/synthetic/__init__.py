"""A synthetic region: women, their pregnancies, and what each organisation recorded of them in its own format.

Calibrated on Dutch figures (`definitions/synthetic/figures.csv`, a source per row); where no figure was found a row of
`assumptions.csv` says so.  The same seed and date give the same bytes.  Nothing here is about a real person: BSNs are
test numbers, places do not exist.  `docs` of the files it writes: `synthetic.folder`.
"""

from __future__ import annotations

from babyconnect.synthetic.population import region

__all__ = ["region"]
