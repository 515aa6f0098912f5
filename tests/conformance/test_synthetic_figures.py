"""The figures of the product are what its generator makes of the published tables, wherever these are present."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from babyconnect.synthetic.figures import figures
from tests.support.needs import nictiz

ROOT = Path(__file__).parents[2]


def test_the_table_is_what_the_generator_makes_of_the_published_figures() -> None:
    folder = nictiz().parent / "figures"
    made = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "distil_figures.py"), str(folder)],
        capture_output=True,
        text=True,
        check=True,
    )
    kept = ROOT / "src" / "babyconnect" / "definitions" / "synthetic" / "figures.csv"
    assert made.stdout == kept.read_text(encoding="utf-8")


def test_shares_that_make_a_whole_do() -> None:
    for prefix in ("place", "gestation", "parity", "weekday"):
        total = sum(figure.value for key, figure in figures().items() if key.startswith(prefix + "."))
        assert abs(total - 100) < 0.2, prefix
