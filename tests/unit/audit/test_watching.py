"""What an organisation tells besides the log, and how long the log is kept: read strictly, refused with a sentence."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest

from babyconnect import settings
from babyconnect.audit import patterns
from babyconnect.audit.event import About, Actor, Place, event
from babyconnect.audit.log import AuditLog
from babyconnect.audit.reading import Wanted, search
from babyconnect.audit.verify import verify
from babyconnect.cli.main import main
from babyconnect.settings import SettingsRefused
from babyconnect.trust import keys
from babyconnect.wiring import oversight

CONFIG = """
[node]
name = "Praktijk"
ura = "00000003"
kind = "midwifery_practice"
base_url = "http://node.test"
listen = "127.0.0.1:1"

[region]
url = "http://region.test"
name = "ommelanden"
"""

GOOD = """
[[staff]]
person = "local:lotte"
bsn = "999900730"
names = ["van der Veen-de Boer"]

[[attention]]
bsn = "999990019"
"""


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
    assert patterns.folded_names(["van der Veen-de Boer"]) == {"veen", "boer"}
    assert patterns.folded_names(["El Idrissi"]) == patterns.folded_names(["IDRISSI"])


def test_what_any_key_of_the_node_signed_stays_signed_after_it_was_replaced(tmp_path: Path) -> None:
    old, new = keys.generate(), keys.generate()
    public = tmp_path / "organisation.public.json"
    public.write_bytes(orjson.dumps(keys.jwks(old, new)))
    ring = SimpleNamespace(published=keys.jwks(new), places=SimpleNamespace(public=public))
    genuine = oversight.genuine_by(SimpleNamespace(ring=ring))  # type: ignore[arg-type]
    assert genuine(old.kid, b"text", old.sign(b"text")) and genuine(new.kid, b"text", new.sign(b"text"))
    assert not genuine(keys.generate().kid, b"text", new.sign(b"text"))
    assert not genuine(old.kid, b"other", old.sign(b"text"))
    public.unlink()
    assert oversight.genuine_by(SimpleNamespace(ring=ring))(new.kid, b"text", new.sign(b"text"))  # type: ignore[arg-type]


def test_a_log_is_kept_five_years_at_least() -> None:
    assert oversight.term(Path("node.toml"), settings.AuditSection()) >= dt.timedelta(days=5 * 365 + 1)
    with pytest.raises(SettingsRefused, match="5 years or more"):
        oversight.term(Path("node.toml"), settings.AuditSection(retention_years=4))


def test_the_log_is_exported_from_a_terminal_and_that_is_logged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "node.toml").write_text(CONFIG)
    log = AuditLog.open(tmp_path / "audit" / "node", "00000003")
    for n in range(3):
        moment = dt.datetime(2026, 6, 1 + n, tzinfo=dt.UTC)
        log.append_and_wait(event("search", "ok", moment, Actor("00000003", f"p{n}"), Place("00000003"), About("c1")))
    export = ["audit", "export", "--config", str(tmp_path / "node.toml"), "--until", "2026-06-02"]
    assert main([*export, "--out", str(tmp_path / "all.ndjson")]) == 0  # while the node has its log open
    log.close()
    lines = [orjson.loads(line) for line in (tmp_path / "all.ndjson").read_bytes().splitlines()]
    assert [line["resourceType"] for line in lines] == ["AuditEvent"] * 2
    assert (tmp_path / "all.ndjson").stat().st_mode & 0o077 == 0
    assert main([*export, "--out", str(tmp_path / "all.ndjson")]) == 1
    assert main([*export, "--form", "csv", "--person", "p1", "--out", str(tmp_path / "one.csv")]) == 0
    assert len((tmp_path / "one.csv").read_text().splitlines()) == 2
    exports = [entry.event for entry in search(tmp_path / "audit", Wanted(types=frozenset({"log.export"})))]
    assert [one["object"] for one in exports] == ["export/ndjson", "export/csv"]
    assert verify(tmp_path / "audit").ok
    assert "is there already" in capsys.readouterr().err
