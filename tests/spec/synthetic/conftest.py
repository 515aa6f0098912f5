"""The region that the tests of this folder read."""

from __future__ import annotations

from tests.support.synthetic_region import sixty

__all__ = ["sixty"]
