"""Nothing may break here, whatever comes in."""

from __future__ import annotations

from tests.support.own_faults import faults_are_failures

__all__ = ["faults_are_failures"]
