"""A served region for each table of attacks on its edge: what one uses up of a limit is not another's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.edge import Edge
from tests.attacks.edge import edge as served


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    with served(tmp_path_factory.mktemp("edge")) as found:
        yield found
