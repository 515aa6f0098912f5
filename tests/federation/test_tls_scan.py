"""A node's listener, scanned from outside by somebody else's scanner: only what the Dutch NCSC calls good."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from babyconnect.definitions import document
from tests.federation.certified import certified
from tests.support.needs import sslyze

SCANS = "certinfo sslv2 sslv3 tlsv1 tlsv1_1 tlsv1_2 tlsv1_3 elliptic_curves reneg heartbleed openssl_ccs compression"
SCANS += " resum early_data robot"
GOOD = document("certificates.toml")["tls"]


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the scanner found out about a node that runs as a process of its own."""
    scanner = sslyze()
    home = tmp_path_factory.mktemp("scanned")
    with certified(home) as running:
        address = f"127.0.0.1:{running.member('hospital').secured_port}"
        command = [scanner, f"--json_out={home / 'scan.json'}", *(f"--{name}" for name in SCANS.split()), address]
        subprocess.run(command, capture_output=True, check=False, timeout=120)
    found = json.loads((home / "scan.json").read_text())["server_scan_results"][0]
    assert found["scan_status"] == "COMPLETED"
    return found["scan_result"]


def accepted(scan: dict[str, Any], version: str) -> set[str]:
    found = scan[f"{version}_cipher_suites"]
    assert found["status"] == "COMPLETED"
    return {one["cipher_suite"]["name"] for one in found["result"]["accepted_cipher_suites"]}


@pytest.mark.parametrize("version", ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2"])
def test_no_version_but_the_good_one_is_spoken(scan: dict[str, Any], version: str) -> None:
    assert GOOD["versions"] == ["TLSv1.3"]
    assert accepted(scan, version) == set()


def test_only_good_suites_are_accepted(scan: dict[str, Any]) -> None:
    found = accepted(scan, "tls_1_3")
    assert found
    assert found <= set(GOOD["suites_1_3"])


def test_only_good_curves_are_accepted(scan: dict[str, Any]) -> None:
    curves = {one["name"].lower() for one in scan["elliptic_curves"]["result"]["supported_curves"]}
    assert curves
    assert curves <= set(GOOD["curves"])


def test_nothing_is_resumed_compressed_sent_early_or_negotiated_again(scan: dict[str, Any]) -> None:
    assert scan["tls_compression"]["result"]["supports_compression"] is False
    assert scan["tls_1_3_early_data"]["result"]["supports_early_data"] is False
    assert scan["session_renegotiation"]["result"]["is_vulnerable_to_client_renegotiation_dos"] is False
    resumption = scan["session_resumption"]["result"]
    assert resumption["session_id_resumption_result"] != "FULLY_SUPPORTED"
    assert resumption["tls_ticket_resumption_result"] != "FULLY_SUPPORTED"


def test_no_known_attack_on_tls_succeeds(scan: dict[str, Any]) -> None:
    assert scan["heartbleed"]["result"]["is_vulnerable_to_heartbleed"] is False
    assert scan["openssl_ccs_injection"]["result"]["is_vulnerable_to_ccs_injection"] is False
    assert scan["robot"]["result"]["robot_result"].startswith("NOT_VULNERABLE")


def test_its_certificate_is_strong_and_sent_with_who_issued_it(scan: dict[str, Any]) -> None:
    deployment = scan["certificate_info"]["result"]["certificate_deployments"][0]
    leaf, *issuers = deployment["received_certificate_chain"]
    assert leaf["signature_hash_algorithm"]["name"] in document("certificates.toml")["keys"]["hashes"]
    assert leaf["public_key"]["algorithm"].startswith(("_EC", "EC"))
    assert issuers[0]["subject"]["rfc4514_string"] == leaf["issuer"]["rfc4514_string"]
    assert "TEST" in leaf["issuer"]["rfc4514_string"]
