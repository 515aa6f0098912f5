"""`babyconnect pki`, as an operator uses it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from babyconnect.cli.main import main
from babyconnect.trust import issuing


@pytest.fixture
def pki(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run("init", tmp_path / "pki") == 0
    assert issue(tmp_path / "pki", "90000001") == 0
    capsys.readouterr()
    return tmp_path / "pki"


def run(*words: object) -> int:
    before = os.umask(0o022)
    try:
        return main(["pki", *map(str, words)])
    finally:
        os.umask(before)


def issue(folder: Path, ura: str, *more: str) -> int:
    return run("issue", folder, "--name", "Praktijk", "--ura", ura, "--ip", "127.0.0.1", *more)


def check(folder: Path, *more: object) -> int:
    lists = ("--ca", folder / "ca.pem", "--crl", folder / "crl.pem")
    return run("check", folder / "90000001" / "certificate.pem", *lists, *more)


def test_an_issued_certificate_is_believed_for_both_uses(pki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(pki) == 0
    assert check(pki, "--use", "server", "--ura", "90000001") == 0
    assert capsys.readouterr().out.startswith("believed: URA 90000001, until ")


def test_its_authorities_say_that_they_are_a_test(pki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("show", pki / "ca.pem")
    assert len(re.findall(r"CN=TEST Babyconnect", capsys.readouterr().out)) == 2


def test_private_keys_are_readable_by_their_owner_only(pki: Path) -> None:
    private = [*pki.rglob("*.key"), *pki.rglob("key.pem"), pki / "issued.json"]
    assert len(private) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in private} == {0o600}


def test_nothing_is_overwritten(pki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.read_bytes() for path in pki.rglob("*") if path.is_file()}
    assert run("init", pki) == 1
    assert issue(pki, "90000001") == 1
    said = capsys.readouterr().err
    assert "holds a PKI already; it is not overwritten" in said
    assert "is there already; `babyconnect pki rotate` renews it" in said
    assert before == {path: path.read_bytes() for path in pki.rglob("*") if path.is_file()}


def test_a_revoked_certificate_is_not_believed(pki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = pki / "90000001" / "certificate.pem"
    assert run("revoke", pki, "--certificate", file, "--reason", "key-compromise") == 0
    assert check(pki) == 1
    assert "not believed: certificate_revoked" in capsys.readouterr().err
    run("list", pki)
    assert re.search(r"90000001  revoked .* \(key-compromise\)  Praktijk", capsys.readouterr().out)


def test_rotation_puts_another_key_in_place_and_may_revoke_the_old(pki: Path, tmp_path: Path) -> None:
    old = (pki / "90000001" / "certificate.pem").read_bytes()
    (tmp_path / "old.pem").write_bytes(old)
    key = (pki / "90000001" / "key.pem").read_bytes()
    assert run("rotate", pki, pki / "90000001", "--revoke") == 0
    assert (pki / "90000001" / "key.pem").read_bytes() != key
    assert check(pki, "--ura", "90000001") == 0
    assert run("check", tmp_path / "old.pem", "--ca", pki / "ca.pem", "--crl", pki / "crl.pem") == 1


def test_an_rsa_pki_like_pkioverheid_serves_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuing, "RSA_BITS", {"authority": 2048, "organisation": 2048})  # large ones take seconds
    assert run("init", tmp_path / "rsa", "--key", "rsa") == 0
    assert issue(tmp_path / "rsa", "90000001", "--key", "rsa") == 0
    assert check(tmp_path / "rsa") == 0


def test_a_certificate_is_of_one_organisation(pki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(pki, "--ura", "90000002") == 1
    assert "is of URA 90000001, not of 90000002" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["issue", "{pki}", "--name", "X", "--ura", "123", "--dns", "a"], 2, "a URA has 8 digits"),
        (["issue", "{pki}", "--name", "X", "--ura", "90000003"], 2, "--dns or --ip is needed"),
        (["issue", "{pki}", "--name", "X", "--dns", "a b"], 2, "'a b' is not a host name"),
        (["issue", "{pki}", "--name", "X", "--ip", "1.2.3"], 2, "does not appear to be an IPv4 or IPv6 address"),
        (["issue", "{pki}/none", "--name", "X", "--dns", "a"], 1, "holds no PKI; make one with `babyconnect pki init"),
        (["revoke", "{pki}", "--serial", "abc"], 1, "issued no certificate with serial number abc"),
        (["revoke", "{pki}", "--serial", "xyz"], 2, "a hexadecimal number is expected"),
        (["show", "{pki}/crl.pem"], 1, "holds no certificate in PEM form"),
        (["check", "{pki}/ca.pem", "--ca", "{pki}/none"], 1, "cannot be read: No such file"),
        (["rotate", "{pki}", "{pki}/none"], 1, "cannot be read: No such file"),
    ],
)
def test_bad_use_is_one_sentence(
    pki: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, said: str
) -> None:
    assert run(*(word.replace("{pki}", str(pki)) for word in words)) == code
    text = capsys.readouterr().err
    assert said in text
    assert text.count("\n") == 1


def test_a_key_that_others_may_read_does_not_issue(pki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (pki / "issuing.key").chmod(0o644)
    assert issue(pki, "90000003") == 1
    assert "may be read by others than its owner" in capsys.readouterr().err


def test_lists_can_be_made_anew_before_they_are_outdated(pki: Path) -> None:
    before = (pki / "crl.pem").read_bytes()
    assert run("crl", pki, "--days", "60") == 0
    assert (pki / "crl.pem").read_bytes() != before
    assert check(pki) == 0
