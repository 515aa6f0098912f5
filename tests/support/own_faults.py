"""Where hostile input is tried, a fault of ours fails the test, also where users would be told of it politely."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import pytest

from babyconnect.flows import faults


@pytest.fixture(autouse=True, scope="module")
def faults_are_failures() -> Iterator[None]:
    def fails(place: str, fault: BaseException) -> NoReturn:
        raise AssertionError(f"broke on {place}") from fault

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(faults, "told", fails)
        yield
