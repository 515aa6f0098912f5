"""What a connection between organisations is made of: TLS as the Dutch NCSC calls it good, with both certificates.

Files are looked at again while the process runs: new connections are made with what is there now, and the verdict on a
connection that stands is as old as the files' last change.  Files that do not fit together (a rotation half done) are
passed over until they do; the lists of revoked certificates decide by their own date how long that may last.
"""

from __future__ import annotations

import datetime as dt
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog
from cryptography.hazmat.primitives.serialization import Encoding

from babyconnect.birthcare.peer import Peer
from babyconnect.definitions import document
from babyconnect.trust import certificates, pki
from babyconnect.trust.certificates import BelievedCertificate, OrganisationCertificate, Trusted
from babyconnect.trust.ends import Ends, ends
from babyconnect.trust.jose import Rejected
from babyconnect.trust.openssl import NotNarrowed, narrow
from babyconnect.trust.private_files import FileFault, read

LOOK_EVERY_SECONDS = 0.5
VERDICT_FOR = dt.timedelta(seconds=30)
MOST_KNOWN = 4_096
OLDEST = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Files:
    """Where the material is."""

    certificate: Path
    key: Path
    authorities: Path
    lists: Path
    oldest: str = "1.3"

    def marks(self) -> tuple[tuple[int, int, int], ...]:
        """What tells that a file was changed; a file that is away for a moment is a change too."""
        return tuple(_mark(path) for path in (self.certificate, self.key, self.authorities, self.lists))


@dataclass(frozen=True, slots=True)
class Loaded:
    """One reading of the files.  `number` grows with each."""

    number: int
    server: ssl.SSLContext
    client: ssl.SSLContext
    trusted: Trusted
    own: bytes


class Material:
    """The material as it is now.  `now`: the wall clock; `ticks`: monotonic seconds."""

    def __init__(
        self,
        files: Files,
        now: Callable[[], dt.datetime],
        ticks: Callable[[], float] = time.monotonic,
        every: float = LOOK_EVERY_SECONDS,
    ) -> None:
        """Raises FileFault when the files cannot be used: a node does not start without."""
        self.files, self._now, self._ticks, self._every = files, now, ticks, every
        self._marks = files.marks()
        self._looked = ticks()
        self._complaint = ""
        self._known: dict[bytes, tuple[int, dt.datetime, dt.datetime, Peer]] = {}
        self._loaded = _load(files, 1)

    def current(self) -> Loaded:
        """What the files say, looked at no longer ago than `every`."""
        at = self._ticks()
        if at - self._looked >= self._every:
            self._looked = at
            self._look()
        return self._loaded

    def _look(self) -> None:
        marks = self.files.marks()
        if marks == self._marks:
            return
        try:
            self._loaded = _load(self.files, self._loaded.number + 1)
        except FileFault as fault:
            # Not remembered as seen: it is tried again, and complained of once.
            if str(fault) != self._complaint:
                self._complaint = str(fault)
                log.warning("tls_files_not_taken", reason=str(fault))
            return
        self._marks, self._complaint = marks, ""
        log.info("tls_files_taken", certificate=certificates.thumbprint(self._loaded.own))

    def client_peer(self, der: bytes) -> Peer | Rejected:
        """Whose client certificate this is.  Asked at every request: a verdict is kept until the files change, or until
        a certificate or list that it rests on may have ended."""
        loaded, now = self.current(), self._now()
        known = self._known.get(der)
        if known is not None and known[0] == loaded.number and known[1] <= now < known[2]:
            return known[3]
        found = certificates.organisation(der, loaded.trusted, "client", now)
        if isinstance(found, Rejected):
            self._known.pop(der, None)
            return found
        peer = Peer(found.ura, found.thumbprint)
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[der] = (loaded.number, now, min(found.certificate.not_after, now + VERDICT_FOR), peer)
        return peer

    def server_flaw(self, der: bytes | None, ura: str) -> str | None:
        """Why this is not the server of the organisation `ura` ("": a party without one); None when it is."""
        if not der:
            return "certificate_missing"
        trusted, now = self.current().trusted, self._now()
        found: OrganisationCertificate | BelievedCertificate | Rejected
        if not ura:
            found = certificates.believed(der, trusted, "server", now)
        else:
            found = certificates.organisation(der, trusted, "server", now)
        if isinstance(found, Rejected):
            return found.reason
        if isinstance(found, OrganisationCertificate) and found.ura.value != ura:
            return "certificate_of_another_organisation"
        return None

    def ends(self) -> Ends:
        """What ends when, and what is wrong by now: what an operator watches."""
        loaded = self.current()
        found = ends(loaded.own, loaded.trusted, self._now())
        return replace(found, soon=(*found.soon, "tls_files_not_taken")) if self._complaint else found

    def serving(self) -> ssl.SSLContext:
        """A server's context whose every handshake is by the files as they are then (RFC 6066 §3 as the hook)."""
        first = self.current().server

        def latest(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> None:
            connection.context = self.current().server

        first.sni_callback = latest
        return first


def _mark(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_ino, found.st_size)


def _load(files: Files, number: int) -> Loaded:
    own = pki.load_certificate(files.certificate)
    read(files.key, private=True)
    trusted = pki.trusted(files.authorities, files.lists)
    server = _context(ssl.PROTOCOL_TLS_SERVER, files)
    # A caller without a certificate gets what is public; one with a certificate that is not believed gets nothing.
    server.verify_mode = ssl.CERT_OPTIONAL
    # Resuming a session would skip looking at the certificate again.
    server.num_tickets = 0
    client = _context(ssl.PROTOCOL_TLS_CLIENT, files)
    return Loaded(number, server, client, trusted, own.public_bytes(Encoding.DER))


def _context(kind: Any, files: Files) -> ssl.SSLContext:
    table: dict[str, Any] = document("certificates.toml")["tls"]
    context = ssl.SSLContext(kind)
    context.minimum_version = OLDEST[files.oldest]
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET | ssl.OP_NO_RENEGOTIATION
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    try:
        context.set_ciphers(":".join(table["suites_1_2"]))
        narrow(context, table["suites_1_3"], _groups(table))
        context.load_cert_chain(files.certificate, files.key)
        context.load_verify_locations(cafile=files.authorities)
        context.load_verify_locations(cafile=files.lists)
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_CHAIN
    except NotNarrowed as fault:
        raise FileFault(f"TLS cannot be kept to what is good: {fault}") from fault
    except (OSError, ValueError) as fault:
        # ssl.SSLError is an OSError; its text holds names of routines and files, no key.
        raise FileFault(f"{files.certificate}, its key and {files.authorities} do not go together: {fault}") from fault
    return context


def _groups(table: Mapping[str, Any]) -> list[str]:
    hybrid = list(ssl.OPENSSL_VERSION_INFO[:2]) >= table["hybrid_since"]
    return [*(table["hybrid_groups"] if hybrid else ()), *table["groups"]]
