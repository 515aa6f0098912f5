"""A small synthetic region on disk, made once for every test that reads it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from babyconnect import synthetic

TODAY = dt.date(2026, 11, 21)


class Written(NamedTuple):
    """A region and where it lies."""

    folder: Path
    summary: synthetic.Summary

    def files(self, *endings: str) -> list[Path]:
        return sorted(path for path in self.folder.glob("*/*") if path.suffix in endings)

    def ada(self) -> Iterator[Path]:
        return (path for path in self.files(".xml") if b"<adaxml" in path.read_bytes()[:200])

    def stu3(self) -> Iterator[Path]:
        return (
            p for p in self.files(".xml", ".json") if p.suffix == ".json" or b"hl7.org/fhir" in p.read_bytes()[:200]
        )


@pytest.fixture(scope="session")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A region of sixty women, the special cases among them."""
    folder = tmp_path_factory.mktemp("region")
    return Written(folder, synthetic.write(folder / "sixty", 60, 7, TODAY))._replace(folder=folder / "sixty")
