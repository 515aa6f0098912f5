"""The demo's own test PKI: made once, a certificate per organisation and one for the region, renewed before they end.

Every node and the region look at the same `ca.pem` and `crl.pem`: `babyconnect pki revoke` in the demo's home is
seen by all of them while they run.
"""

from __future__ import annotations

import datetime as dt
import pathlib

from babyconnect.birthcare.identifiers import Ura
from babyconnect.cli.demonstration.plan import HOST, REGION, Member, Plan
from babyconnect.cli.failure import Failure
from babyconnect.trust import certificates, pki
from babyconnect.trust.issuing import Holder
from babyconnect.trust.pki import Pki
from babyconnect.trust.private_files import FileFault
from babyconnect.trust.uzi_name import UziName

FOLDER = "pki"
TLS = "tls"
DAYS = 90
RENEW_BEFORE = dt.timedelta(days=30)


def certify(home: pathlib.Path, plan: Plan, now: dt.datetime) -> None:
    """Every certificate there is to be, valid for a while yet, and lists that are new."""
    folder = home / FOLDER
    try:
        if not (folder / "root.pem").exists():
            pki.create(folder, "demo", now)
        with pki.opened(folder) as opened:
            _kept(opened, home / "region" / TLS, Holder(REGION, None, (REGION,)), now)
            for member in plan.members:
                _kept(opened, home / "nodes" / member.slug / TLS, _holder(member), now)
            opened.publish_lists(now, DAYS)
    except FileFault as fault:
        raise Failure(f"the demo's certificates: {fault}; remove {folder} and they are made anew") from fault


def section(home: pathlib.Path, port: int, base_url: str) -> str:
    """`[tls]` of a configuration whose certificate lies beside it."""
    shared = home / FOLDER
    return (
        f'[tls]\nlisten = "{HOST}:{port}"\nbase_url = "{base_url}"\n'
        f'certificate_file = "{TLS}/certificate.pem"\nkey_file = "{TLS}/key.pem"\n'
        f'client_ca_file = "{shared / "ca.pem"}"\ncrl_file = "{shared / "crl.pem"}"\n'
    )


def _holder(member: Member) -> Holder:
    name = UziName(Ura(member.ura), f"9{member.ura}", member.agb or "00000000")
    return Holder(member.name, name, ("localhost",), (HOST,))


def _kept(opened: Pki, out: pathlib.Path, holder: Holder, now: dt.datetime) -> None:
    """The certificate in `out` as it is, when it can stay; a new one in its place when it ends soon or is not ours."""
    if not (out / "certificate.pem").exists() or not (out / "key.pem").exists():
        for name in ("certificate.pem", "key.pem"):
            (out / name).unlink(missing_ok=True)
        opened.issue(holder, out, now, DAYS)
        return
    here = pki.load_certificate(out / "certificate.pem")
    trusted = certificates.Trusted((opened.issuing.certificate, opened.root.certificate))
    believed = certificates.believed(pki.der(here), trusted, "server", now + RENEW_BEFORE)
    if isinstance(believed, certificates.Rejected):
        opened.rotate(out, now, DAYS, holder)
