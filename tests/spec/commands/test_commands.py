"""The commands' contract: help everywhere, exit codes 0, 1 and 2, one clear sentence on stderr (design §5)."""

from __future__ import annotations

import json
import os
import pathlib
import pwd
import subprocess
import sys

import pytest

from babyconnect.cli import account
from babyconnect.cli.main import COMMANDS, main
from tests.support.needs import nictiz

SMALL = {"resourceType": "Patient", "id": "p1", "birthDate": "1990-02-30"}


def run(*words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "babyconnect", *words],
        capture_output=True, text=True, check=False, input=stdin, timeout=120,
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    done = run(command, "--help")
    assert done.returncode == 0
    assert f"babyconnect {command}" in done.stdout


@pytest.mark.parametrize(
    "words",
    [[], ["bogus"], ["publish"], ["node"], ["consult", "--config", "x"], ["demo", "--fault", "a=b"], ["audit"]],
)
def test_bad_use_exits_with_2(words: list[str]) -> None:
    assert run(*words).returncode == 2


def test_a_configuration_that_is_not_there_is_one_sentence_and_exit_1() -> None:
    done = run("node", "--config", "/nowhere/node.toml")
    assert done.returncode == 1
    assert done.stderr.startswith("babyconnect node: /nowhere/node.toml: cannot be read")
    assert "Traceback" not in done.stderr


def test_who_works_at_a_terminal_is_the_account_that_runs_it_whatever_its_environment_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert account.person() == f"terminal:{pwd.getpwuid(os.getuid()).pw_name}"
    sources = pathlib.Path(account.__file__).parent.glob("*.py")
    assert [path.name for path in sources if "import getpass" in path.read_text(encoding="utf-8")] == []


def test_a_number_that_fails_the_eleven_check_is_not_repeated(tmp_path: pathlib.Path) -> None:
    done = run("consult", "--config", str(tmp_path / "node.toml"), "--bsn", "-", stdin="123456789\n")
    assert done.returncode == 1
    assert "eleven-check" in done.stderr
    assert "123456789" not in done.stderr


def test_validate_names_file_place_and_rule_of_an_impossible_date(tmp_path: pathlib.Path) -> None:
    (tmp_path / "p.json").write_text(json.dumps(SMALL))
    done = run("validate", str(tmp_path / "p.json"))
    assert done.returncode == 1
    assert "p.json" in done.stdout
    assert "birthDate" in done.stdout


def test_translate_writes_one_bundle_per_input(tmp_path: pathlib.Path) -> None:
    folder = nictiz() / "hl7-mappings" / "ada-2-fhir-stu3" / "peri-3.2.6"
    source = next(folder.glob("med_mij_01*/ada_instance/*3A*.xml"))
    done = run("translate", str(source), "--date", "T=2026-06-01", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    (written,) = (tmp_path / "out").iterdir()
    assert len(json.loads(written.read_bytes())["entry"]) == 24


def test_synthesise_says_what_it_made_and_refuses_a_folder_with_something_in_it(tmp_path: pathlib.Path) -> None:
    out = tmp_path / "region"
    done = run("synthesise", "--out", str(out), "--women", "14", "--today", "2026-11-21")
    assert done.returncode == 0, done.stderr
    assert "14 women" in done.stdout
    again = run("synthesise", "--out", str(out), "--women", "14")
    assert again.returncode == 1
    assert "not empty" in again.stderr


def test_a_folder_without_a_log_is_told_as_that_and_not_as_one_that_was_touched(tmp_path: pathlib.Path) -> None:
    done = run("audit", "verify", str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"babyconnect audit: {tmp_path}: there is no log here\n"


def test_audit_verify_finds_a_log_whole_and_a_flipped_bit(tmp_path: pathlib.Path) -> None:
    import datetime as dt

    from babyconnect.audit.event import Actor, Place, event
    from babyconnect.audit.log import AuditLog

    log = AuditLog.open(tmp_path / "log", "test")
    for _ in range(20):
        log.append_and_wait(event("start", "ok", dt.datetime.now(dt.UTC), Actor("90000001"), Place("test")))
    log.close()
    assert run("audit", "verify", str(tmp_path / "log")).returncode == 0
    segment = max(
        (path for path in (tmp_path / "log").rglob("*") if path.is_file()), key=lambda path: path.stat().st_size
    )
    content = bytearray(segment.read_bytes())
    content[len(content) // 2] ^= 1
    segment.write_bytes(content)
    done = run("audit", "verify", str(tmp_path))
    assert done.returncode == 1
    assert f"{segment.relative_to(tmp_path)}: line " in done.stdout
    assert "1 segment," in done.stdout


@pytest.mark.parametrize("command", ["node", "region", "publish", "demo"])
def test_what_a_command_keeps_can_be_read_by_its_own_user_only(
    command: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "store.sqlite"
    words = {"publish": [str(tmp_path), "--config", "x"], "demo": []}.get(command, ["--config", "x"])
    monkeypatch.setattr(f"babyconnect.cli.{command}.run", lambda options: kept.write_bytes(b"") or 0)
    before = os.umask(0o022)
    try:
        assert main([command, *words]) == 0
    finally:
        os.umask(before)
    assert kept.stat().st_mode & 0o077 == 0
