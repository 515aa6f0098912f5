"""Every setting is documented, and nothing is documented that does not exist."""

import pathlib
import re

import msgspec
import pytest

from babyconnect import settings

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "configuration.md"


def documented(title: str) -> set[str]:
    chapter = PAGE.read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `(\w+\.\w+)` \|", chapter, flags=re.MULTILINE))


@pytest.mark.parametrize(("title", "kind"), [("Node", settings.Node), ("Region", settings.Region)])
def test_the_page_lists_exactly_the_settings_there_are(title, kind):
    keys = {f"{s.name}.{k.name}" for s in msgspec.structs.fields(kind) for k in msgspec.structs.fields(s.type)}
    assert documented(title) == keys


def test_an_unknown_key_is_refused_with_its_name(tmp_path):
    file = tmp_path / "region.toml"
    file.write_text('[region]\nname="R"\nlisten="x:1"\nbase_url="http://x"\norganisation_file=3\n')
    with pytest.raises(settings.SettingsRefused, match="organisation_file"):
        settings.read(file, settings.Region, {})


def test_the_environment_overrides_the_file(tmp_path):
    file = tmp_path / "region.toml"
    file.write_text('[region]\nname="R"\nlisten="x:1"\nbase_url="http://x"\n')
    read = settings.read(file, settings.Region, {"BABYCONNECT_REGION_HOME": "elsewhere"})
    assert read.region.home == "elsewhere"
