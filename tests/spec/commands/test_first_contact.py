"""What somebody meets who uses a command for the first time, and wrongly: one sentence that says what to do."""

from __future__ import annotations

import json
import os
import pathlib
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from babyconnect.cli import ports
from babyconnect.cli.demonstration.keeping import kept
from babyconnect.cli.demonstration.processes import Processes, Running, _healthy, require_free
from babyconnect.cli.failure import Failure
from babyconnect.cli.main import main
from babyconnect.cli.publish import summary
from babyconnect.flows.findings import Finding, InputReport, Report

NODE = """
[node]
name = "Proef"
ura = "90009991"
kind = "hospital"
base_url = "http://127.0.0.1:{port}"
listen = "127.0.0.1:{port}"

[region]
url = "http://127.0.0.1:9"
name = "proef"
"""


@pytest.fixture
def busy() -> Iterator[int]:
    """A port on which somebody else listens, who shares it with whoever asks (as the nodes' server does)."""
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    """The exit code, and what stood on stderr."""
    before = os.umask(0o022)
    try:
        code = main(words)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    finally:
        os.umask(before)
    return code, capsys.readouterr().err.strip()


def test_a_demo_on_a_port_in_use_starts_nothing_and_says_which(
    busy: int, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(capsys, "demo", "--home", str(tmp_path / "home"), "--port", str(busy))
    assert (code, text) == (1, f"babyconnect demo: port {busy} is in use; give another with --port")
    assert not (tmp_path / "home" / "demo.json").exists()


def test_the_ports_of_all_nodes_are_looked_at_before_the_first_is_started(busy: int) -> None:
    with pytest.raises(Failure, match=f"port {busy} is in use"):
        require_free("127.0.0.1", range(busy - 3, busy + 1))


def test_a_node_does_not_share_a_port_with_another_process(
    busy: int, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "node.toml").write_text(NODE.format(port=busy))
    code, text = said(capsys, "node", "--config", str(tmp_path / "node.toml"))
    assert (code, text) == (1, f"babyconnect node: port {busy} is in use; give another in listen")


def test_a_port_that_nobody_uses_is_free(busy: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    assert not ports.taken("127.0.0.1", free)
    assert ports.taken("127.0.0.1", busy)


SERVES = """
import http.server, json, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"status": "ok", "process": int(sys.argv[1])}).encode()
        self.send_response(200); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Health)
print(server.server_port, flush=True)
server.serve_forever()
"""


def test_another_demos_process_at_our_address_does_not_count_as_ours(tmp_path: pathlib.Path) -> None:
    with Processes() as processes:
        ours = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        for told, counts in ((ours.pid, True), (ours.pid + 1, False)):
            other = subprocess.Popen([sys.executable, "-c", SERVES, str(told)], stdout=subprocess.PIPE)
            assert other.stdout is not None
            at = f"http://127.0.0.1:{int(other.stdout.readline())}"
            processes.running.append(Running("other", at, tmp_path / "log", other))
            assert _healthy(Running("ours", at, tmp_path / "log", ours)) is counts
        processes.running.append(Running("ours", "", tmp_path / "log", ours))


def test_a_home_is_used_by_one_demo_at_a_time(tmp_path: pathlib.Path) -> None:
    refused = pytest.raises(Failure, match=r"a demo is running in .*; stop it, or give another --home")
    with kept(tmp_path / "home"), refused, kept(tmp_path / "home"):
        pass
    with kept(tmp_path / "home"):
        pass


def test_a_home_that_is_a_file_is_one_sentence(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "home").touch()
    code, text = said(capsys, "demo", "--home", str(tmp_path / "home"))
    assert (code, text) == (1, f"babyconnect demo: --home {tmp_path / 'home'} is not a folder")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["demo", "--port", "80"], "a first port is 1024 to 65500"),
        (["demo", "--port", "65501"], "a first port is 1024 to 65500"),
        (["demo", "--women", "0"], "a region has at least 14 women"),
        (["demo", "--women", "-3"], "a region has at least 14 women"),
        (["demo", "--fault", "zkh-meerdijk=slow:-1"], "slow:SECONDS (0 or more)"),
        (["demo", "--fault", "zkh-meerdijk=slow:x"], "slow:SECONDS (0 or more)"),
        (["demo", "--fault", "zkh-meerdijk=slow:nan"], "slow:SECONDS (0 or more)"),
        (["demo", "--fault", "stop"], "ORG=FAULT is expected"),
        (["synthesise", "--out", "x", "--women", "13"], "a region has at least 14 women"),
        (["synthesise", "--out", "x", "--today", "vandaag"], "'vandaag' is not a day as YYYY-MM-DD"),
        (["consult", "--config", "x", "--bsn", "-", "--as", "arts"], "'arts' is none of midwife, clinical_midwife,"),
    ],
)
def test_bad_use_exits_with_2_and_says_the_rule(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(capsys, *words)
    assert code == 2
    assert sentence in text


def test_a_fault_for_an_unknown_organisation_names_those_there_are(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = said(capsys, "demo", "--home", str(tmp_path), "--fault", "zkh-nergens=stop")
    assert code == 2
    assert "there is no organisation 'zkh-nergens'; there are zkh-meerdijk, " in text


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("STORE_ENGINE", "orakel", "store.engine: one of sqlite, postgres, memory"),
        ("STORE_PATH", "garbage", "cannot be opened: file is not a database"),
        ("NODE_FAULT", "slow:x", "node.fault: a fault is one of"),
    ],
)
def test_a_setting_that_cannot_be_is_one_sentence_and_leaves_nothing_open(
    key: str, value: str, sentence: str, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "node.toml").write_text(NODE.format(port=28987))
    (tmp_path / "garbage").write_text("this is no database at all" * 20)
    done = subprocess.run(
        [sys.executable, "-m", "babyconnect", "node", "--config", str(tmp_path / "node.toml")],
        capture_output=True, text=True, check=False, timeout=60, env={**os.environ, f"BABYCONNECT_{key}": value},
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert sentence in done.stderr


def test_translate_says_first_that_the_format_is_another(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.json").write_text('{"resourceType": "Patient", "birthDate": ')
    code, text = said(capsys, "translate", "--from", "ada", str(tmp_path / "p.json"))
    assert (code, text) == (1, "error at p.json [format] this is stu3, not ada")


def test_translate_into_a_file_is_one_sentence(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").touch()
    code, text = said(capsys, "translate", str(tmp_path), "--out", str(tmp_path / "out"))
    assert (code, text) == (1, f"babyconnect translate: --out {tmp_path / 'out'} is a file; a folder is expected")


def test_a_placeholder_of_a_published_example_says_what_to_give(
    tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    patient = {"resourceType": "Patient", "id": "p", "birthDate": "${DATE, T, Y, -30}"}
    (tmp_path / "p.json").write_text(json.dumps(patient))
    code, text = said(capsys, "translate", str(tmp_path / "p.json"))
    assert code == 1
    assert "[date] a placeholder of a published example; give --date T=YYYY-MM-DD" in text
    assert said(capsys, "translate", str(tmp_path / "p.json"), "--date", "T=2026-11-21") == (0, "")


def test_published_with_warnings_lists_the_warnings_and_not_what_is_only_information() -> None:
    findings = (Finding("warning", "a.xml: line 3", "unit", "strange"), Finding("information", "x", "y", "never mind"))
    good = InputReport("b.xml", "published", 1, findings=findings[1:])
    text = summary(Report([InputReport("a.xml", "published with warnings", 2, findings=findings), good]))
    assert "warning at a.xml: line 3 [unit] strange" in text
    assert "never mind" not in text
    assert "b.xml" not in text
    assert text.endswith("2 records: 1 published, 1 published with warnings")
    assert summary(Report([good])) == "1 record: 1 published"


def test_help_keeps_its_capitals(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["validate", "--help"])
    assert "Check records against FHIR STU3" in capsys.readouterr().out
