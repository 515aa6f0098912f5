"""What an operator configures of mutual TLS, and what is said when it cannot be."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from babyconnect.definitions import document
from babyconnect.settings import SettingsRefused
from babyconnect.trust.tls import Files, Material
from babyconnect.wiring import link, secured
from tests.support import pki
from tests.support.pki import HOSPITAL, PRACTICE, Folder

NODE = """
[node]
name = "Proef"
ura = "90000001"
kind = "midwifery_practice"
base_url = "http://127.0.0.1:9"
listen = "127.0.0.1:9"
[region]
url = "{region}"
name = "proef"
[tls]
{tls}
"""
WHOLE = {
    "listen": "127.0.0.1:10",
    "base_url": "https://127.0.0.1:10/",
    "certificate_file": "pki/own/certificate.pem",
    "key_file": "pki/own/key.pem",
    "client_ca_file": "pki/ca.pem",
    "crl_file": "pki/crl.pem",
}
GOOD = document("certificates.toml")["tls"]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = pki.make(tmp_path / "pki")
    made.issue("own", PRACTICE)
    made.issue("other", HOSPITAL)
    return made


def configured(folder: Folder, region: str = "https://127.0.0.1:8", **changed: str | None) -> Path:
    lines = [f'{key} = "{value}"' for key, value in {**WHOLE, **changed}.items() if value is not None]
    path = folder.path.parent / "node.toml"
    path.write_text(NODE.format(region=region, tls="\n".join(lines)))
    return path


def test_other_organisations_are_told_the_address_of_the_secured_listener(folder: Folder) -> None:
    chosen = link.settings_of(configured(folder))
    assert link.machine_base(chosen) == "https://127.0.0.1:10"
    assert link.machine_base(link.settings_of(configured(folder, base_url=None))) == "http://127.0.0.1:9"


def test_one_listener_is_made_with_the_certificate_and_none_without_an_address(folder: Folder) -> None:
    path = configured(folder)
    (listener,) = secured.listeners(path, link.settings_of(path).tls)
    assert (listener.host, listener.port) == ("127.0.0.1", 10)
    path = configured(folder, listen=None)
    assert secured.listeners(path, link.settings_of(path).tls) == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"certificate_file": None}, "tls.listen: without tls.certificate_file nothing can be served there"),
        ({"key_file": None}, "tls.certificate_file needs tls.key_file, tls.client_ca_file and tls.crl_file"),
        ({"client_ca_file": None}, "tls.certificate_file needs tls.key_file, tls.client_ca_file and tls.crl_file"),
        ({"crl_file": None}, "tls.certificate_file needs tls.key_file, tls.client_ca_file and tls.crl_file"),
        ({"minimum_version": "1.1"}, "tls.minimum_version: 1.3 or 1.2 is expected"),
        ({"key_file": "pki/other/key.pem"}, "do not go together"),
        ({"key_file": "pki/none.pem"}, "cannot be read: No such file"),
        ({"certificate_file": "pki/crl.pem"}, "holds no certificate in PEM form"),
        ({"crl_file": "pki/ca.pem"}, "holds no list of revoked certificates"),
        ({"client_ca_file": "pki/own/key.pem"}, "holds no certificate in PEM form"),
    ],
)
def test_what_cannot_be_is_one_sentence(folder: Folder, changed: dict[str, str | None], said: str) -> None:
    path = configured(folder, **changed)
    with pytest.raises(SettingsRefused, match=said):
        secured.material(path, link.settings_of(path).tls)


def test_a_private_key_that_others_may_read_is_not_used(folder: Folder) -> None:
    (folder.path / "own" / "key.pem").chmod(0o640)
    path = configured(folder)
    with pytest.raises(SettingsRefused, match="may be read by others than its owner"):
        secured.material(path, link.settings_of(path).tls)


async def test_a_node_with_a_certificate_speaks_to_no_region_without(folder: Folder) -> None:
    with pytest.raises(SettingsRefused, match="an https address is expected"):
        await link.open_link(configured(folder, region="http://127.0.0.1:8"))


@pytest.mark.parametrize("oldest", ["1.3", "1.2"])
def test_no_suite_is_offered_that_is_not_called_good(folder: Folder, oldest: str) -> None:
    files = folder.files("own")
    loaded = Material(Files(files.certificate, files.key, files.authorities, files.lists, oldest), pki.now).current()
    for context in (loaded.server, loaded.client):
        offered = {suite["name"] for suite in context.get_ciphers()}
        assert offered <= {*GOOD["suites_1_3"], *GOOD["suites_1_2"]}
        assert context.minimum_version is (ssl.TLSVersion.TLSv1_3 if oldest == "1.3" else ssl.TLSVersion.TLSv1_2)
