"""`babyconnect pki`: make and rotate TEST keys and certificates (RFC 5280; names as the UZI-register's).

For trying things out, demonstrations and tests.  In earnest the certificate comes from the UZI-register (PKIoverheid);
the settings, the checks and `pki show`, `pki check` and `pki rotate-key` are the same.
"""

from __future__ import annotations

import argparse
import datetime as dt
import ipaddress
import pathlib
import re
from collections.abc import Callable

from cryptography.hazmat.primitives.serialization import Encoding

from babyconnect.birthcare.identifiers import Agb, Ura
from babyconnect.cli.failure import BadUse, Failure
from babyconnect.cli.words import whole
from babyconnect.settings import SettingsRefused
from babyconnect.trust import certificates, issuing, pki
from babyconnect.trust.issuing import Holder
from babyconnect.trust.jose import Rejected
from babyconnect.trust.private_files import FileFault
from babyconnect.trust.uzi_name import UziName

REASONS = ("key-compromise", "superseded", "ceased", "unspecified")
_HOST = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9-]{1,63})*")
_DAYS = whole(1, 36500, "a number of days is 1 to 36500")


def arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    _init(actions.add_parser("init", help="make a test root and issuing CA in a new folder"))
    _issue(actions.add_parser("issue", help="issue a certificate and key for an organisation (URA) or a region"))
    _rotate(actions.add_parser("rotate", help="put a new key and certificate in place of one; nothing need restart"))
    _revoke(actions.add_parser("revoke", help="revoke a certificate; nodes refuse it as soon as they see the list"))
    lists = actions.add_parser("crl", help="make the lists of revoked certificates anew, before they are outdated")
    _folder(lists)
    lists.add_argument("--days", type=_DAYS, default=pki.LIST_DAYS, metavar="N", help="valid for (default %(default)s)")
    listing = actions.add_parser("list", help="what was issued, to whom, until when, and what was revoked")
    _folder(listing)
    show = actions.add_parser("show", help="what a certificate says")
    show.add_argument("certificate", type=pathlib.Path, metavar="CERTIFICATE")
    _check(actions.add_parser("check", help="whether a node with these files would believe a certificate; exit 1: no"))
    _rotate_key(actions.add_parser("rotate-key", help="give an organisation a new signing key (JWKS), with an overlap"))


def run(options: argparse.Namespace) -> int:
    try:
        return _ACTIONS[options.action](options)
    except FileFault as fault:
        raise Failure(str(fault)) from fault


def _folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=pathlib.Path, metavar="DIR", help="the folder of the test PKI")


def _init(parser: argparse.ArgumentParser) -> None:
    _folder(parser)
    parser.add_argument("--name", default="Babyconnect", metavar="TEXT", help="of the authorities, after TEST")
    parser.add_argument("--key", choices=("ec", "rsa"), default="ec", help="P-256 (default), or RSA as PKIoverheid has")
    parser.add_argument("--days", type=_DAYS, default=pki.AUTHORITY_DAYS, metavar="N", help="valid for (%(default)s)")


def _issue(parser: argparse.ArgumentParser) -> None:
    _folder(parser)
    parser.add_argument("--name", required=True, metavar="TEXT", help="the organisation's name")
    parser.add_argument("--ura", metavar="URA", help="eight digits; leave it out for a region, which has none")
    parser.add_argument(
        "--uzi", default="", metavar="N", help="UZI number of the system, up to 9 digits (default: made)"
    )
    parser.add_argument("--agb", default="00000000", metavar="AGB", help="eight digits (default none)")
    parser.add_argument("--dns", action="append", default=[], metavar="NAME", help="host name; may be repeated")
    parser.add_argument("--ip", action="append", default=[], metavar="ADDRESS", help="IP address; may be repeated")
    parser.add_argument("--use", choices=("both", "client", "server"), default="both", help="default both")
    parser.add_argument("--key", choices=("ec", "rsa"), default="ec", help="P-256 (default) or RSA 3072")
    parser.add_argument("--days", type=_DAYS, default=pki.CERTIFICATE_DAYS, metavar="N", help="valid for (%(default)s)")
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR", help="where certificate.pem and key.pem go")


def _rotate(parser: argparse.ArgumentParser) -> None:
    _folder(parser)
    parser.add_argument("out", type=pathlib.Path, metavar="OUT", help="the folder with certificate.pem and key.pem")
    parser.add_argument("--days", type=_DAYS, default=pki.CERTIFICATE_DAYS, metavar="N", help="valid for (%(default)s)")
    parser.add_argument(
        "--revoke", action="store_true", help="revoke the old one at once: its key is no longer trusted"
    )


def _revoke(parser: argparse.ArgumentParser) -> None:
    _folder(parser)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--certificate", type=pathlib.Path, metavar="FILE")
    which.add_argument("--serial", metavar="HEX", help="as `pki list` and `pki show` print it")
    parser.add_argument(
        "--reason", choices=REASONS, default="unspecified", help="for the register (default %(default)s)"
    )


def _check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("certificate", type=pathlib.Path, metavar="CERTIFICATE")
    parser.add_argument("--ca", type=pathlib.Path, required=True, metavar="FILE", help="as tls.client_ca_file")
    parser.add_argument("--crl", type=pathlib.Path, metavar="FILE", help="as tls.crl_file")
    parser.add_argument("--use", choices=("client", "server"), default="client", help="default client")
    parser.add_argument("--ura", metavar="URA", help="whose it must be")


def _rotate_key(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", required=True, type=pathlib.Path, metavar="FILE", help="node.toml")
    parser.add_argument(
        "--now", action="store_true", help="an incident: the old key is taken out of the directory at once, no overlap"
    )


def _made(options: argparse.Namespace) -> int:
    pki.create(options.folder, options.name, _now(), options.key, options.days)
    print(
        f"a TEST PKI is in {options.folder}: ca.pem (tls.client_ca_file) and crl.pem (tls.crl_file) go to every node;"
    )
    print("root.key and issuing.key stay here: who has them can be any organisation")
    return 0


def _issued(options: argparse.Namespace) -> int:
    holder = _holder(options)
    out = options.out or options.folder / (options.ura or re.sub(r"[^a-z0-9]+", "-", options.name.lower()))
    with pki.opened(options.folder) as opened:
        made = opened.issue(holder, out, _now(), options.days, options.key)
    print(f"{out / 'certificate.pem'} and {out / 'key.pem'}: {_line(made)}")
    return 0


def _holder(options: argparse.Namespace) -> Holder:
    if not options.dns and not options.ip:
        raise BadUse("--dns or --ip is needed: a certificate says by which address its server is reached")
    for name in options.dns:
        if not _HOST.fullmatch(name):
            raise BadUse(f"--dns: '{name}' is not a host name")
    try:
        for address in options.ip:
            ipaddress.ip_address(address)
        uzi = _uzi(options) if options.ura else None
    except ValueError as problem:
        raise BadUse(str(problem)) from problem
    uses = ("client", "server") if options.use == "both" else (options.use,)
    return Holder(options.name, uzi, tuple(options.dns), tuple(options.ip), uses)


def _uzi(options: argparse.Namespace) -> UziName:
    ura = Ura(options.ura)
    # A test number of our own, told by the URA so that it is the same each time.
    number = options.uzi or f"9{ura.value}"
    if not re.fullmatch(r"[0-9]{1,9}", number):
        raise ValueError("a UZI number has up to nine digits")
    return UziName(ura, number, Agb(options.agb).value)


def _rotated(options: argparse.Namespace) -> int:
    with pki.opened(options.folder) as opened:
        old = pki.load_certificate(options.out / "certificate.pem")
        made = opened.rotate(options.out, _now(), options.days)
        print(f"{options.out / 'certificate.pem'} is new: {_line(made)}")
        if options.revoke:
            opened.revoke(old.serial_number, _now(), "superseded")
            print(f"the old one is revoked ({old.serial_number:x}); {opened.lists_file} goes to every node")
    return 0


def _revoked(options: argparse.Namespace) -> int:
    try:
        serial = int(options.serial, 16) if options.serial else pki.load_certificate(options.certificate).serial_number
    except ValueError:
        raise BadUse("--serial: a hexadecimal number is expected") from None
    with pki.opened(options.folder) as opened:
        gone = opened.revoke(serial, _now(), options.reason)
        print(f"revoked: {gone.name} {gone.ura} ({gone.serial}); {opened.lists_file} goes to every node")
    return 0


def _lists(options: argparse.Namespace) -> int:
    with pki.opened(options.folder) as opened:
        opened.publish_lists(_now(), options.days)
        print(f"{opened.lists_file}: valid for {options.days} days; it goes to every node")
    return 0


def _listed(options: argparse.Namespace) -> int:
    with pki.opened(options.folder) as opened:
        for one in opened.register.issued:
            state = (
                f"revoked {one.revoked:%Y-%m-%d %H:%M} ({one.reason})" if one.revoked else f"until {one.until:%Y-%m-%d}"
            )
            print(f"{one.serial}  {one.ura or '-':<8}  {state}  {one.name}  {one.folder}")
    return 0


def _shown(options: argparse.Namespace) -> int:
    for certificate in pki.load_certificates(options.certificate):
        print(_line(certificate))
        print(f"  issued by {certificate.issuer.rfc4514_string()}")
        print(f"  valid from {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC")
        print(f"  valid until {certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC")
        print(f"  x5t#S256 {certificates.thumbprint(certificate.public_bytes(Encoding.DER))}")
    return 0


def _line(certificate: issuing.x509.Certificate) -> str:
    name = certificates.uzi_of(certificate)
    whose = f"URA {name.ura}, UZI {name.uzi}" if isinstance(name, UziName) else "no URA"
    return f"{certificates.subject(certificate)}, {whose}, serial {certificate.serial_number:x}"


def _checked(options: argparse.Namespace) -> int:
    der = pki.load_certificate(options.certificate).public_bytes(Encoding.DER)
    trusted = pki.trusted(options.ca, options.crl)
    found = certificates.organisation(der, trusted, options.use, _now())
    if isinstance(found, Rejected):
        raise Failure(f"{options.certificate}: not believed: {found.reason}")
    if options.ura and found.ura.value != options.ura:
        raise Failure(f"{options.certificate}: is of URA {found.ura}, not of {options.ura}")
    unsaid = "" if options.crl else "; not looked up in a list of revoked certificates (--crl)"
    print(f"believed: URA {found.ura}, until {found.certificate.not_after:%Y-%m-%d %H:%M} UTC{unsaid}")
    return 0


def _key_rotated(options: argparse.Namespace) -> int:
    from babyconnect.wiring import keyring

    try:
        print(keyring.ask_for_rotation(options.config.resolve(), at_once=options.now))
    except SettingsRefused as problem:
        raise Failure(str(problem)) from problem
    return 0


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


_ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "init": _made,
    "issue": _issued,
    "rotate": _rotated,
    "revoke": _revoked,
    "crl": _lists,
    "list": _listed,
    "show": _shown,
    "check": _checked,
    "rotate-key": _key_rotated,
}
