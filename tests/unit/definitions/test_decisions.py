"""The index of decision records names each of them once, by its own title."""

import pathlib
import re

FOLDER = pathlib.Path(__file__).parents[3] / "docs" / "decisions"


def test_the_index_lists_each_record_by_its_title() -> None:
    listed = re.findall(r"^- \[(.*)\]\((.*)\)$", (FOLDER / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    there = {
        (file.read_text(encoding="utf-8").splitlines()[0].removeprefix("# "), file.name)
        for file in FOLDER.glob("20*.md")
    }
    assert len(listed) == len(set(listed))
    assert set(listed) == there
