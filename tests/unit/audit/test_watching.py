"""What an organisation tells besides the log, and how long the log is kept: read strictly, refused with a sentence."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from babyconnect import settings
from babyconnect.settings import SettingsRefused
from babyconnect.wiring import oversight

GOOD = """
[[staff]]
person = "local:lotte"
bsn = "999900730"
names = ["van der Veen-de Boer"]

[[attention]]
bsn = "999990019"
"""


def link(years: int) -> Any:
    return SimpleNamespace(path="node.toml", chosen=SimpleNamespace(audit=settings.AuditSection(retention_years=years)))


def test_a_watch_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "watch.toml").write_text(GOOD)
    content = oversight.watch_file(tmp_path / "watch.toml")
    assert content["staff"][0]["person"] == "local:lotte" and len(content["attention"]) == 1


@pytest.mark.parametrize("wrong", ["[[staff", '[[staff]]\nperson = "x"\nbsn = "123456789"', 'staff = "all of them"'])
def test_a_watch_file_that_is_none_is_refused_without_a_word_of_its_content(tmp_path: Path, wrong: str) -> None:
    (tmp_path / "watch.toml").write_text(wrong)
    with pytest.raises(SettingsRefused) as refused:
        oversight.watch_file(tmp_path / "watch.toml")
    assert "123456789" not in str(refused.value) and "all of them" not in str(refused.value)


def test_family_names_are_compared_by_their_parts_without_prefixes() -> None:
    assert oversight.folded(["van der Veen-de Boer"]) == {"veen", "boer"}
    assert oversight.folded(["El Idrissi"]) == oversight.folded(["IDRISSI"])


def test_a_log_is_kept_five_years_at_least() -> None:
    assert oversight.retention(link(5)) >= dt.timedelta(days=5 * 365 + 1)
    with pytest.raises(SettingsRefused, match="5 years or more"):
        oversight.retention(link(4))
