"""Attacks on who an organisation is: every certificate that must open nothing, over real handshakes."""

from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import orjson
import pytest
import uvloop
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from babyconnect.birthcare.identifiers import Ura
from babyconnect.exchange.http1 import Http
from babyconnect.trust import issuing
from babyconnect.trust import pki as product
from babyconnect.trust.openssl import narrow
from tests.federation.secured import Server, serving
from tests.support import pki
from tests.support.pki import DAY, HOSPITAL, PRACTICE, Folder

pytestmark = pytest.mark.timeout(60)
UZI = "2.16.528.1.1007.99.2110-1-990000002-S-90000002-00.000-00000000"
REQUEST = b"GET /fhir/stu3/Patient HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(scope="module")
def event_loop_policy():
    return uvloop.EventLoopPolicy()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    folder = pki.make(tmp_path / "pki")
    folder.issue("practice", PRACTICE)
    folder.issue("hospital", HOSPITAL)
    async with serving(folder) as made:
        yield made


def issued(folder: Folder, **how: object) -> Path:
    folder.issue("caller", HOSPITAL, *how.pop("uses", ()), **how)  # type: ignore[misc,arg-type]
    return folder.path / "caller"


def foreign(folder: Folder) -> Path:
    """Of another CA that bears the same name."""
    other = pki.make(folder.path.parent / "other")
    other.issue("caller", HOSPITAL)
    return other.path / "caller"


def issued_by_an_organisation(folder: Folder) -> Path:
    """The practice plays CA with its own certificate and key."""
    own = folder.path / "practice"
    authority = issuing.Authority(product.load_certificate(own / "certificate.pem"), product.load_key(own / "key.pem"))
    key = issuing.make_key()
    made = issuing.issue(authority, pki.holder(HOSPITAL), key, pki.now(), 30)
    chain = made.public_bytes(product.PEM) + (own / "certificate.pem").read_bytes()
    return written(folder, key, chain)


def named(*names: x509.GeneralName, common: str = "x") -> Callable[[Folder], Path]:
    """Issued by the CA, with these alternative names and nothing else."""

    def make(folder: Folder) -> Path:
        key, now = issuing.make_key(), pki.now()
        with product.opened(folder.path) as opened:
            ca = opened.issuing
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)]))
            .issuer_name(ca.certificate.subject)
            .public_key(key.public_key())
            .serial_number(77)
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
        )
        made = builder.sign(ca.key, issuing.hashes.SHA256())
        chain = made.public_bytes(product.PEM) + ca.certificate.public_bytes(product.PEM)
        return written(folder, key, chain)

    return make


def written(folder: Folder, key: issuing.Key, chain: bytes) -> Path:
    caller = folder.path / "caller"
    caller.mkdir()
    (caller / "key.pem").write_bytes(product.private_pem(key))
    (caller / "certificate.pem").write_bytes(chain)
    return caller


def other_name(text: str, tag: int = 0x16, oid: str = "2.5.5.5") -> x509.OtherName:
    return x509.OtherName(ObjectIdentifier(oid), bytes([tag, len(text)]) + text.encode())


def revoked(folder: Folder) -> Path:
    folder.revoke(folder.issue("caller", HOSPITAL))
    return folder.path / "caller"


def under_an_outdated_list(folder: Folder) -> Path:
    with product.opened(folder.path) as opened:
        opened.publish_lists(pki.now() - 3 * DAY, 1)
    return folder.path / "hospital"


def of_a_revoked_issuer(folder: Folder) -> Path:
    """The root revoked the issuing CA."""
    with product.opened(folder.path) as opened:
        gone = {opened.issuing.certificate.serial_number: pki.now()}
        lists = [
            issuing.revocations(opened.issuing, {}, 9, pki.now(), 30),
            issuing.revocations(opened.root, gone, 9, pki.now(), 30),
        ]
    (folder.path / "crl.pem").write_bytes(b"".join(one.public_bytes(product.PEM) for one in lists))
    return folder.path / "hospital"


BROKEN_OFF: dict[str, Callable[[Folder], Path]] = {
    "of a CA that nobody configured, under the same name": foreign,
    "made by the caller itself": lambda folder: pki.self_made(folder.path / "caller", HOSPITAL),
    "issued by another organisation with its own certificate": issued_by_an_organisation,
    "expired": lambda folder: issued(folder, at=pki.now() - 3 * DAY, days=1),
    "not yet valid": lambda folder: issued(folder, at=pki.now() + DAY),
    "for servers only": lambda folder: issued(folder, uses=("server",)),
    "revoked": revoked,
    "of an issuer that was revoked": of_a_revoked_issuer,
    "while the list of revoked ones is outdated": under_an_outdated_list,
}
REFUSED: dict[str, tuple[Callable[[Folder], Path], str]] = {
    "without a URA": (named(x509.DNSName("node.example")), "ura_missing"),
    "with the URA in its common name": (named(x509.DNSName("node.example"), common=UZI[:64]), "ura_missing"),
    "with the URA in a host name": (named(x509.DNSName(UZI.lower())), "ura_missing"),
    "with the URA in a URI": (named(x509.UniformResourceIdentifier(f"urn:{UZI}")), "ura_missing"),
    "with the URA in a name of another type": (named(other_name(UZI, oid="1.3.6.1.4.1.311.20.2.3")), "ura_missing"),
    "with two URAs": (named(other_name(UZI), other_name(UZI.replace("90000002", "90000003"))), "ura_ambiguous"),
    "with a URA twice": (named(other_name(UZI), other_name(UZI)), "ura_ambiguous"),
    "with more after the URA": (named(other_name(f"{UZI}\x00-S-90000001-00.000-0")), "ura_malformed"),
    "of a person": (named(other_name(UZI.replace("-S-", "-Z-").replace("00.000", "01.015"))), "ura_malformed"),
    "of another register": (named(other_name(UZI.replace(".2110", ".9999"))), "ura_malformed"),
}


@pytest.mark.parametrize("what", BROKEN_OFF)
async def test_the_handshake_is_broken_off_with_a_certificate(server: Server, what: str) -> None:
    caller = BROKEN_OFF[what](server.folder)
    assert await asked(server, caller) is None


@pytest.mark.parametrize("what", REFUSED)
async def test_nothing_is_opened_by_a_certificate_of_the_ca(server: Server, what: str) -> None:
    make, reason = REFUSED[what]
    assert await asked(server, make(server.folder)) == 403
    assert server.refused == [reason]


@pytest.mark.parametrize(
    "header",
    [
        "Client-Cert",
        "Client-Cert-Chain",
        "X-Client-Cert",
        "X-SSL-Client-Cert",
        "X-SSL-Client-Verify",
        "X-Forwarded-Client-Cert",
        "SSL-Client-Cert",
        "X-Peer-URA",
        "Babyconnect.Peer",
    ],
)
async def test_a_certificate_in_a_header_is_nobodys(server: Server, header: str) -> None:
    server.folder.issue("other", Ura("90000009"))
    forged = pki.der(pki.pki_certificate(server.folder, "practice")).hex()
    plain = Http()
    server.clients.append(plain)
    answer = await plain.send("GET", f"{server.plain}/intake", {header: forged})
    assert orjson.loads(answer.body) == {"ura": None}
    assert (await plain.send("GET", f"{server.plain}/fhir/stu3/Patient", {header: forged})).status == 421
    status, said = await server.asked(server.caller("other"), **{header: forged})
    assert (status, said["ura"]) == (200, "90000009")  # type: ignore[index]


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2])
async def test_an_older_version_is_not_spoken(server: Server, version: ssl.TLSVersion) -> None:
    caller = server.folder.path / "hospital"
    assert await asked(server, caller, newest=version) is None
    assert await asked(server, caller, newest=ssl.TLSVersion.TLSv1_3) == 200


async def test_a_suite_that_is_not_called_good_is_not_spoken(server: Server) -> None:
    """A caller who offers AES-128 alone, which TLS 1.3 allows."""
    caller = server.folder.path / "hospital"
    assert await asked(server, caller, suites=["TLS_AES_128_GCM_SHA256"]) is None
    assert await asked(server, caller, suites=["TLS_CHACHA20_POLY1305_SHA256"]) == 200


@pytest.mark.parametrize(("group", "status"), [("P-521", None), ("ffdhe3072", None), ("X25519", 200), ("P-384", 200)])
async def test_a_group_that_is_not_called_good_is_not_spoken(server: Server, group: str, status: int | None) -> None:
    assert await asked(server, server.folder.path / "hospital", groups=[group]) == status


async def test_bytes_that_are_no_handshake_get_no_answer(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(REQUEST)
    answer = await reader.read(1000)
    assert b"HTTP" not in answer
    writer.close()


async def test_a_caller_who_says_nothing_does_not_hold_up_another(server: Server) -> None:
    silent = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(50)]
    began = dt.datetime.now(dt.UTC)
    assert await asked(server, server.folder.path / "hospital") == 200
    assert dt.datetime.now(dt.UTC) - began < dt.timedelta(seconds=5)
    for _, writer in silent:
        writer.close()


async def asked(
    server: Server,
    caller: Path,
    newest: ssl.TLSVersion | None = None,
    suites: Sequence[str] = ("TLS_AES_256_GCM_SHA384",),
    groups: Sequence[str] = ("P-256",),
) -> int | None:
    """The status that a caller with this certificate gets; None when the connection is broken off."""
    context = ssl.create_default_context(cafile=str(server.folder.path / "ca.pem"))
    context.load_cert_chain(caller / "certificate.pem", caller / "key.pem")
    narrow(context, suites, groups)
    if newest is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port, ssl=context)
        writer.write(REQUEST)
        line = await reader.readline()
        writer.close()
    except OSError:
        return None
    return int(line.split()[1]) if line else None
