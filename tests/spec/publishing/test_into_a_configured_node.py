"""Publishing into a node as its settings describe it: the engine is a setting, what comes of it is the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from babyconnect.wiring import publishing
from tests.spec.publishing.records import bundle, record
from tests.support import filled_in
from tests.support.filled_in import small

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


async def test_what_a_sheet_takes_back_is_in_the_nodes_log(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(SETTINGS.format(engine="sqlite"))
    before, now = tmp_path / "may.csv", tmp_path / "june.csv"
    row = {"Dossiernummer": "D-1", "Datum en tijd": "12-05-2026", "Gewicht (kg)": "70"}
    before.write_bytes(filled_in.text({**small(), "controles": [*small()["controles"], row]}))
    now.write_bytes(filled_in.text(small()))
    async with publishing.opened(tmp_path / "node.toml") as node:
        await node.publish([before], {}, {})
        gone = await node.vanishing([now], {}, {})
        report = await node.publish_instead([now], {}, {}, gone)
    (logged,) = [path.read_text() for path in (tmp_path / "audit").rglob("audit-*.jsonl")]
    assert [one.rows for one in gone] == [("Controles: 12-05-2026",)]
    assert report.inputs[0].withdrawn == len(gone[0].items) and gone[0].client in logged
