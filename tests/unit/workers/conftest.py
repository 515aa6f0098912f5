from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.unit.workers.stage import Stage


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    made = Stage()
    yield made
    made.close()
