"""A test public-key infrastructure in a folder: made, issued from, renewed, revoked (`babyconnect pki`).

root.pem root.key      the root; its key is needed for the root's own list only
issuing.pem issuing.key the CA that issues
ca.pem                 issuing CA and root: what every party trusts (`tls.client_ca_file`)
crl.pem                both authorities' lists of revoked certificates (`tls.crl_file`)
issued.json            what was issued to whom, and what of it was revoked
NAME/certificate.pem, NAME/key.pem  per organisation, unless written elsewhere
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from babyconnect.trust import certificates, issuing, private_files
from babyconnect.trust.issuing import Authority, Holder, Key, KeyKind
from babyconnect.trust.private_files import FileFault

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 365
LIST_DAYS = 30
PEM = serialization.Encoding.PEM


class Issued(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of `issued.json`.  `serial` in hexadecimal, as certificates are spoken of."""

    serial: str
    name: str
    ura: str
    until: dt.datetime
    folder: str
    revoked: dt.datetime | None = None
    reason: str = ""


class Register(msgspec.Struct, forbid_unknown_fields=True):
    crl_number: int = 0
    issued: list[Issued] = []


@dataclass(slots=True, repr=False)
class Pki:
    """An opened folder.  `key` is what kind of keys it makes."""

    folder: Path
    root: Authority
    issuing: Authority
    register: Register

    @property
    def lists_file(self) -> Path:
        return self.folder / "crl.pem"

    def issue(self, holder: Holder, out: Path, now: dt.datetime, days: float, kind: KeyKind = "ec") -> x509.Certificate:
        """A key and certificate in `out`, which has none yet."""
        for name in ("certificate.pem", "key.pem"):
            if (out / name).exists():
                raise FileFault(f"{out / name} is there already; `babyconnect pki rotate` renews it")
        key = issuing.make_key(kind)
        certificate = issuing.issue(self.issuing, holder, key, now, days)
        private_files.make(out / "key.pem", private_pem(key), private=True)
        private_files.make(out / "certificate.pem", self._with_issuer(certificate))
        self._note(certificate, holder, out)
        return certificate

    def rotate(self, out: Path, now: dt.datetime, days: float, holder: Holder | None = None) -> x509.Certificate:
        """A new key and certificate in place of those in `out`, for the same holder unless another is given.

        The old certificate stays valid until it expires or is revoked: connections go on meanwhile.
        """
        old = load_certificate(out / "certificate.pem")
        holder = holder or issuing.holder_of(old)
        key = issuing.make_key("rsa" if isinstance(old.public_key(), rsa.RSAPublicKey) else "ec")
        certificate = issuing.issue(self.issuing, holder, key, now, days)
        # Between the two a reader finds a pair that does not fit and keeps what it had.
        private_files.replace(out / "key.pem", private_pem(key), private=True)
        private_files.replace(out / "certificate.pem", self._with_issuer(certificate))
        self._note(certificate, holder, out)
        return certificate

    def revoke(self, serial: int, now: dt.datetime, reason: str = "", days: float = LIST_DAYS) -> Issued:
        """From the next reading of the list on it is believed nowhere.  FileFault when we never issued it."""
        wanted = f"{serial:x}"
        for at, one in enumerate(self.register.issued):
            if one.serial == wanted:
                if one.revoked is None:
                    self.register.issued[at] = msgspec.structs.replace(one, revoked=now, reason=reason)
                self.publish_lists(now, days)
                return self.register.issued[at]
        raise FileFault(f"{self.folder} issued no certificate with serial number {wanted}")

    def publish_lists(self, now: dt.datetime, days: float = LIST_DAYS) -> None:
        """Both authorities' lists anew, valid for `days`."""
        self.register.crl_number += 1
        # A second is the grain of a certificate's times.
        gone = {int(one.serial, 16): one.revoked for one in self.register.issued if one.revoked is not None}
        made = [
            issuing.revocations(self.issuing, gone, self.register.crl_number, now, days),
            issuing.revocations(self.root, {}, self.register.crl_number, now, days),
        ]
        self._save()
        private_files.replace(self.lists_file, b"".join(one.public_bytes(PEM) for one in made))

    def _with_issuer(self, certificate: x509.Certificate) -> bytes:
        return certificate.public_bytes(PEM) + self.issuing.certificate.public_bytes(PEM)

    def _note(self, certificate: x509.Certificate, holder: Holder, out: Path) -> None:
        ura = holder.uzi.ura.value if holder.uzi else ""
        until = certificate.not_valid_after_utc
        self.register.issued.append(Issued(f"{certificate.serial_number:x}", holder.name, ura, until, str(out)))
        self._save()

    def _save(self) -> None:
        private_files.replace(
            self.folder / "issued.json", msgspec.json.format(msgspec.json.encode(self.register), indent=1), private=True
        )


def create(folder: Path, name: str, now: dt.datetime, kind: KeyKind = "ec", days: int = AUTHORITY_DAYS) -> None:
    """A new PKI in `folder`, which holds none yet.  Its authorities are called TEST."""
    if (folder / "root.pem").exists() or (folder / "root.key").exists():
        raise FileFault(f"{folder} holds a PKI already; it is not overwritten")
    root_key, issuing_key = (issuing.make_key(kind, "authority") for _ in range(2))
    root = issuing.make_root(name, root_key, now, days)
    below = issuing.make_issuing(name, issuing_key, root, now, days)
    private_files.make(folder / "root.key", private_pem(root_key), private=True)
    private_files.make(folder / "issuing.key", private_pem(issuing_key), private=True)
    private_files.make(folder / "issuing.pem", below.certificate.public_bytes(PEM))
    private_files.make(folder / "ca.pem", below.certificate.public_bytes(PEM) + root.certificate.public_bytes(PEM))
    private_files.make(folder / "root.pem", root.certificate.public_bytes(PEM))
    with opened(folder) as pki:
        pki.publish_lists(now)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Pki]:
    """The PKI in `folder`, ours alone until the block is left: two that issue at once would lose a line."""
    if not (folder / "root.pem").is_file():
        raise FileFault(f"{folder} holds no PKI; make one with `babyconnect pki init {folder}`")
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Pki(folder, _authority(folder, "root"), _authority(folder, "issuing"), _register(folder))
    finally:
        os.close(lock)


def _authority(folder: Path, name: str) -> Authority:
    return Authority(load_certificate(folder / f"{name}.pem"), load_key(folder / f"{name}.key"))


def _register(folder: Path) -> Register:
    path = folder / "issued.json"
    if not path.exists():
        return Register()
    try:
        return msgspec.json.decode(private_files.read(path), type=Register)
    except msgspec.MsgspecError as problem:
        raise FileFault(f"{path}: {problem}") from problem


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def private_pem(key: Key) -> bytes:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def load_key(path: Path) -> Key:
    content = private_files.read(path, private=True)
    try:
        key = serialization.load_pem_private_key(content, None)
    except (ValueError, TypeError) as problem:
        raise FileFault(f"{path} holds no private key without a password") from problem
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise FileFault(f"{path} holds no EC or RSA key")
    return key


def load_certificate(path: Path) -> x509.Certificate:
    """The first certificate in a PEM file."""
    return load_certificates(path)[0]


def load_certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(private_files.read(path))
    except ValueError as problem:
        raise FileFault(f"{path} holds no certificate in PEM form") from problem


def load_lists(path: Path) -> list[x509.CertificateRevocationList]:
    """Every list in a PEM file."""
    end = b"-----END X509 CRL-----"
    blocks = [part + end for part in private_files.read(path).split(end)[:-1]]
    try:
        found = [x509.load_pem_x509_crl(block[block.index(b"-----BEGIN X509 CRL-----") :]) for block in blocks]
    except ValueError as problem:
        raise FileFault(f"{path} holds something that is no list of revoked certificates") from problem
    if not found:
        raise FileFault(f"{path} holds no list of revoked certificates in PEM form")
    return found


def trusted(authorities: Path, lists: Path | None) -> certificates.Trusted:
    """What `trust.certificates` believes by, from files."""
    return certificates.Trusted(
        tuple(load_certificates(authorities)), tuple(load_lists(lists)) if lists is not None else None
    )
