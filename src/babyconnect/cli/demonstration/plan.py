"""Who takes part in a demo, where each answers, and where its files are; kept in the demo's home as `demo.json`."""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import re
import secrets
import unicodedata

import msgspec

from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Function, Kind, Party, Role
from babyconnect.cli.failure import Failure
from babyconnect.sources import organisation
from babyconnect.sources.organisation import Organisation

FILE = "demo.json"
REGION = "ommelanden-test"
HOST = "127.0.0.1"


class LogIn(msgspec.Struct, frozen=True):
    """Somebody who can log in at a member's viewer."""

    username: str
    name: str
    role: str
    functions: tuple[str, ...] = ()


class ClientLogIn(msgspec.Struct, frozen=True):
    """A client who can log in at the client's site of the organisations that treat her."""

    username: str
    name: str
    bsn: str
    loa: str = "substantial"


class Member(msgspec.Struct, frozen=True):
    """One organisation and its node.  `loaded`: its records came with --load."""

    slug: str
    name: str
    ura: str
    kind: Kind
    agb: str
    port: int
    records: str
    log_ins: tuple[LogIn, ...] = ()
    office: tuple[LogIn, ...] = ()
    loaded: bool = False
    dates: dict[str, str] = {}
    secured_port: int = 0

    @property
    def base_url(self) -> str:
        """Where people reach it."""
        return f"http://{HOST}:{self.port}"

    @property
    def secured_url(self) -> str:
        """Where other organisations do."""
        return f"https://{HOST}:{self.secured_port}"

    def care_system(self, plan: Plan) -> str:
        """Where the member's care system is, for the demo played by the region's process."""
        return f"{plan.region_url}/zis/{self.ura}/"

    @property
    def dezi(self) -> bool:
        """Hospitals in the demo log in with the register of professionals, the others with a password."""
        return self.kind is Kind.HOSPITAL

    @property
    def party(self) -> Party:
        return Party(Ura(self.ura), self.name, self.kind)


class Showcase(msgspec.Struct, frozen=True):
    """A client whom `--check` consults about, and the member from whose viewer."""

    name: str
    bsn: str
    member: str


class Special(msgspec.Struct, frozen=True):
    """A client who is worth looking at: what for (Dutch), and the member where she is booked.

    `born`: for who has no BSN, and is found by name and birth date.
    """

    text: str
    name: str
    bsn: str
    member: str
    born: str = ""


class Plan(msgspec.Struct):
    """One demo.  `published`: slugs of the members whose records are in their stores."""

    port: int
    women: int
    seed: int
    today: dt.date
    password: str
    showcase: Showcase
    special: tuple[Special, ...] = ()
    members: list[Member] = []
    published: list[str] = []
    loaded: list[Showcase] = []
    secured_port: int = 0

    @property
    def clients(self) -> list[ClientLogIn]:
        """The clients of the list who have a number; a log-in that establishes too little is there to be refused."""
        known = {one.bsn: one for one in self.special if one.bsn}
        return [ClientLogIn(_username(one.name), one.name, bsn) for bsn, one in known.items()]

    @property
    def region_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def secured_region_url(self) -> str:
        return f"https://{HOST}:{self.secured_port}"

    def member(self, slug: str) -> Member:
        for member in self.members:
            if slug in (member.slug, member.ura):
                return member
        raise Failure(f"there is no organisation '{slug}'; there are {', '.join(m.slug for m in self.members)}")

    @property
    def ports(self) -> list[int]:
        plain = [self.port, *(member.port for member in self.members)]
        secured = [self.secured_port, *(member.secured_port for member in self.members)]
        return [*plain, *(port for port in secured if port)]

    def secure(self) -> None:
        """A port for other organisations' systems for everyone who has none yet."""
        self.secured_port = self.secured_port or self.next_port()
        for at, member in enumerate(self.members):
            if not member.secured_port:
                self.members[at] = msgspec.structs.replace(member, secured_port=self.next_port())

    def next_port(self) -> int:
        return max(self.ports) + 1


def _username(name: str) -> str:
    """`jasmijn.voorbeeld` for Jasmijn Voorbeeld."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return ".".join(re.findall(r"[a-z]+", plain))


def new_password() -> str:
    """Made per demo, so that no password stands in the repository."""
    return f"demo-{secrets.token_hex(3)}"


def load(home: pathlib.Path) -> Plan | None:
    path = home / FILE
    if not path.exists():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as fault:
        raise Failure(f"{path} cannot be read: {fault.strerror}") from fault
    except msgspec.MsgspecError as fault:
        raise Failure(f"{path} is not a demo of this version ({fault}); use another --home") from fault


def save(home: pathlib.Path, plan: Plan) -> None:
    """Whole or not at all; it holds the demo's password, so only its user reads it."""
    path = home / FILE
    part = path.with_suffix(".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(plan), indent=1))
    part.replace(path)


def member_of(folder: pathlib.Path, port: int) -> Member:
    """The member whose records and `organisation.toml` lie in `folder`."""
    found: Organisation = organisation.read(folder)
    if found.ura is None or found.kind is None:
        raise Failure(f"{folder / organisation.FILE}: name, ura and kind are needed")
    return Member(
        slug=folder.name,
        name=found.name or folder.name,
        ura=found.ura.value,
        kind=found.kind,
        agb=found.agb.value if found.agb else "",
        port=port,
        records=str(folder.resolve()),
        log_ins=tuple(LogIn(s.username, s.name, s.role) for s in found.staff),
        office=office(folder.name),
    )


def office(slug: str) -> tuple[LogIn, ...]:
    """Who watches over privacy and who administers at a member; neither gives care.  Two of each: one alone neither
    destroys a record nor changes the rules."""
    return tuple(
        LogIn(f"{short}.{slug}", name, Role.EMPLOYEE.value, (function.value,))
        for short, name, function in (
            ("fg", "Frederiek Gerritsen", Function.PRIVACY_OFFICER),
            ("fg2", "Mirjam Oosterhof", Function.PRIVACY_OFFICER),
            ("beheer", "Bas Herderschee", Function.ADMINISTRATOR),
            ("beheer2", "Ilse Terpstra", Function.ADMINISTRATOR),
        )
    )


def moved(member: Member, by: int) -> Member:
    """The same member at another port."""
    secured = member.secured_port and member.secured_port + by
    return msgspec.structs.replace(member, port=member.port + by, secured_port=secured)
