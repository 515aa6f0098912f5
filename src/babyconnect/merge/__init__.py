"""Many answers to one record: linking, folding, conflicts, gaps, timeline (domain §8).  Pure."""

from babyconnect.merge.compose import merge

__all__ = ["merge"]
