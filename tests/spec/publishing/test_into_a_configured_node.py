"""Publishing into a node as its settings describe it: the engine is a setting, what comes of it is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from babyconnect.wiring import publishing
from tests.spec.publishing.records import bundle, record

SETTINGS = """
[node]
name = "Verloskundigenpraktijk Test"
ura = "90000999"
kind = "midwifery_practice"
base_url = "http://127.0.0.1:9"
listen = "127.0.0.1:9"

[region]
url = "http://127.0.0.1:9"
name = "test"

[store]
engine = "{engine}"
dsn_file = "dsn"
tenant = "configured"
"""


@pytest.mark.parametrize("engine", ["memory", "sqlite", "postgres"])
async def test_every_engine_of_the_settings_keeps_a_record_and_knows_it_again(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    dsn = request.getfixturevalue("postgres_server").dsn if engine == "postgres" else ""
    (tmp_path / "dsn").write_text(dsn)
    (tmp_path / "node.toml").write_text(SETTINGS.format(engine=engine))
    file = tmp_path / "record.json"
    file.write_bytes(bundle(*record()))
    async with publishing.opened(tmp_path / "node.toml") as node:
        first = await node.publish([file], {}, {})
        second = await node.publish([file], {}, {})
    assert [one.status for one in first.inputs] == ["published with warnings"]
    assert {found.rule for one in first.inputs for found in one.findings} == {"cardinality"}
    assert [one.status for one in second.inputs] == ["already published"]


async def test_what_the_profiles_say_is_left_out_where_the_settings_say_so(tmp_path: Path) -> None:
    settings = SETTINGS.format(engine="memory") + "[intake]\ncheck_profiles = false\n"
    (tmp_path / "node.toml").write_text(settings)
    (tmp_path / "dsn").write_text("")
    file = tmp_path / "record.json"
    file.write_bytes(bundle(*record()))
    async with publishing.opened(tmp_path / "node.toml") as node:
        report = await node.publish([file], {}, {})
    assert [(one.status, one.findings) for one in report.inputs] == [("published", ())]
