"""The words of the screens: complete in both languages, and each one that a page asks for is there."""

from __future__ import annotations

import re
import string
from pathlib import Path

import pytest

from babyconnect import web
from babyconnect.birthcare.parties import Kind, Role
from babyconnect.definitions import document
from babyconnect.web.texts import LANGUAGES, Texts

TEXTS = document("texts.toml")
KEYS = [f"{section}.{name}" for section, words in TEXTS.items() for name in words]


@pytest.mark.parametrize("key", KEYS)
def test_a_text_is_there_in_every_language_with_the_same_values_to_fill_in(key: str) -> None:
    texts = [Texts(language)(key) for language in LANGUAGES]
    assert all(texts)
    filled = [{name for _, name, _, _ in string.Formatter().parse(text) if name} for text in texts]
    assert filled[0] == filled[1]


def test_every_text_that_a_template_asks_for_by_name_exists() -> None:
    folder = Path(web.__path__[0]) / "templates"
    asked = {
        key
        for file in folder.rglob("*.html")
        for key in re.findall(r'\bt\("([a-z_]+\.[a-z_0-9]+)"[,)]', file.read_text())
    }
    assert len(asked) > 200 and asked <= set(KEYS)


def test_every_role_and_kind_of_organisation_has_a_name() -> None:
    assert {f"roles.{role.value}" for role in Role} | {f"kinds.{kind.value}" for kind in Kind} <= set(KEYS)


def test_an_unknown_language_is_dutch() -> None:
    assert Texts("<script>").language == "nl"


def test_the_line_on_withheld_items_is_the_same_in_every_language_and_as_the_view_has_it() -> None:
    assert Texts("nl")("record.withheld") == Texts("en")("record.withheld")
    assert Texts("nl")("record.withheld") == document("sections/phrases.toml")["withheld"]
