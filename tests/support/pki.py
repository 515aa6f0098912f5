"""A test PKI for tests, and every certificate that must be refused, made on the spot."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from babyconnect.birthcare.identifiers import Ura
from babyconnect.trust import issuing, pki
from babyconnect.trust.certificates import Trusted
from babyconnect.trust.issuing import Holder
from babyconnect.trust.tls import Files, Material
from babyconnect.trust.uzi_name import UziName

PRACTICE, HOSPITAL = Ura("90000001"), Ura("90000002")
DAY = dt.timedelta(days=1)


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def holder(ura: Ura | None, *uses: str) -> Holder:
    name = UziName(ura, f"9{ura.value}", "00000000") if ura else None
    return Holder(f"Organisation {ura}", name, ("localhost",), ("127.0.0.1",), uses or ("client", "server"))


@dataclass
class Folder:
    """A PKI in a folder and the certificates of it by name."""

    path: Path

    def issue(
        self, name: str, ura: Ura | None, *uses: str, days: float = 30, at: dt.datetime | None = None
    ) -> x509.Certificate:
        with pki.opened(self.path) as opened:
            return opened.issue(holder(ura, *uses), self.path / name, at or now(), days)

    def rotate(self, name: str) -> x509.Certificate:
        with pki.opened(self.path) as opened:
            return opened.rotate(self.path / name, now(), 30)

    def revoke(self, certificate: x509.Certificate) -> None:
        with pki.opened(self.path) as opened:
            opened.revoke(certificate.serial_number, now())

    def files(self, name: str) -> Files:
        at = self.path / name
        return Files(at / "certificate.pem", at / "key.pem", self.path / "ca.pem", self.path / "crl.pem")

    def material(self, name: str) -> Material:
        """Looked at again at every turn, so that no test waits."""
        return Material(self.files(name), now, every=0.0)

    @property
    def trusted(self) -> Trusted:
        return pki.trusted(self.path / "ca.pem", self.path / "crl.pem")


def make(path: Path, name: str = "Proef") -> Folder:
    pki.create(path, name, now())
    return Folder(path)


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


__all__ = ["DAY", "HOSPITAL", "PRACTICE", "Folder", "der", "holder", "issuing", "make", "now"]


def pki_certificate(folder: Folder, name: str) -> x509.Certificate:
    return pki.load_certificate(folder.path / name / "certificate.pem")


def self_made(path: Path, ura: Ura) -> Path:
    """A certificate that says of itself whose it is, and that nobody issued."""
    key = issuing.make_key()
    root = issuing.make_root("Zelf", key, now(), 30)
    made = issuing.issue(root, holder(ura), key, now(), 30)
    path.mkdir()
    (path / "key.pem").write_bytes(pki.private_pem(key))
    (path / "certificate.pem").write_bytes(made.public_bytes(Encoding.PEM))
    return path
