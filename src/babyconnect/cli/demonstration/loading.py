"""`demo --load DIR`: real records, one folder per organisation, into nodes of their own beside the synthetic region.

What a folder does not say about itself (`organisation.toml`) is read from its records or made up as test data, and the
output says which.  Masked BSNs are matched between folders on family name and birth date, only to give one woman one
test number in all of them.
"""

from __future__ import annotations

import datetime as dt
import pathlib
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import msgspec

from babyconnect.birthcare.access import Shielded
from babyconnect.birthcare.identifiers import Bsn, passes_eleven_check
from babyconnect.birthcare.parties import Kind, Role
from babyconnect.cli.demonstration.plan import LogIn, Member, Plan, Showcase, Special
from babyconnect.cli.failure import Failure
from babyconnect.cli.words import counted
from babyconnect.definitions import document
from babyconnect.flows.inputs import Input
from babyconnect.flows.introduce import Introduction, introduce
from babyconnect.flows.material import Wanted
from babyconnect.flows.translating import translating
from babyconnect.sources import organisation
from babyconnect.sources.organisation import Organisation, Unreadable
from babyconnect.sources.recognise import LIMIT

Say = Callable[[str], None]
FIRST_TEST_URA = 90990001
FIRST_TEST_BSN = 999950000
MOST_SAID = 20
ROLE_OF = {
    Kind.MIDWIFERY_PRACTICE: Role.MIDWIFE,
    Kind.HOSPITAL: Role.GYNAECOLOGIST,
    Kind.ULTRASOUND_CENTRE: Role.SONOGRAPHER,
    Kind.MATERNITY_HOME_CARE: Role.MATERNITY_CARER,
    Kind.YOUTH_HEALTH_CARE: Role.YOUTH_DOCTOR,
    Kind.GENERAL_PRACTITIONER: Role.GENERAL_PRACTITIONER,
    Kind.PHARMACY: Role.PHARMACIST,
}


@dataclass(slots=True)
class _Folder:
    """One organisation that is being loaded."""

    path: pathlib.Path
    slug: str
    stated: Organisation
    read: Introduction
    member: Member | None = None


def load(home: pathlib.Path, plan: Plan, source: pathlib.Path, say: Say) -> None:
    """Add the organisations in `source` to the plan; a folder that was loaded before is left as it is."""
    before = {member.slug for member in plan.members}
    paths = _folders(source)
    fresh = [path for path in paths if slug_of(path) not in before]
    if not fresh:
        say(f"everything in {source} was loaded before")
        return
    new = list(_usable(home, plan, fresh, say))
    if not new and len(fresh) == len(paths):
        raise Failure(f"--load {source}: none of its folders can be used; what is wrong with each is said above")
    numbers = _numbers(new, plan, say)
    for one in new:
        _copy(one, numbers, [m.ura for m in plan.members if m.loaded], plan.today, say)
    _add_clients(plan, new, numbers)


def _folders(source: pathlib.Path) -> list[pathlib.Path]:
    if not source.is_dir():
        raise Failure(f"--load {source}: there is no such folder")
    found = sorted(path for path in source.iterdir() if path.is_dir() and not path.name.startswith("."))
    if not found:
        raise Failure(f"--load {source}: one folder per organisation is expected, there is none")
    return found


def slug_of(path: pathlib.Path) -> str:
    """The short name of the organisation whose records lie in this folder."""
    return re.sub(r"[^a-z0-9]+", "-", path.name.lower()).strip("-") or "loaded"


def _usable(home: pathlib.Path, plan: Plan, paths: list[pathlib.Path], say: Say) -> Iterator[_Folder]:
    """Every folder that can be an organisation, now a member; another is named, left out, and ends nothing."""
    for path in paths:
        try:
            one = _Folder(
                path, slug_of(path), organisation.read(path), introduce(path, LIMIT, {"T": plan.today}, plan.today)
            )
            one.member = _member(home, plan, one, say)
        except (Unreadable, Failure) as problem:
            say(f"loading {path.name}: LEFT OUT: {problem}")
            continue
        plan.members.append(one.member)
        yield one


def _said(path: pathlib.Path, today: dt.date) -> Iterator[str]:
    """What cannot be read in a folder's records, as `translate` says it: place, rule and sentence."""
    for outcome in translating([Input(path.name, path)], LIMIT, {"T": today}, Wanted(today)):
        for found in outcome.findings:
            if found.severity == "error":
                yield f"\n  {found.severity} at {found.place} [{found.rule}] {found.text}"


def _taken(plan: Plan, slug: str, stated: Organisation) -> str:
    """What this organisation says of itself that another one already is; "" when nothing."""
    if slug in {member.slug for member in plan.members}:
        return f"another organisation is called {slug}; rename the folder"
    if stated.ura and stated.ura.value in {member.ura for member in plan.members}:
        return f"{organisation.FILE}: ura: {stated.ura} is that of {plan.member(stated.ura.value).name}"
    used = {person.username for member in plan.members for person in member.log_ins}
    twice = sorted({person.username for person in stated.staff} & used)
    return f"{organisation.FILE}: staff: somebody else has the log-in {', '.join(twice)}" if twice else ""


def _member(home: pathlib.Path, plan: Plan, one: _Folder, say: Say) -> Member:
    stated, found = one.stated, one.read
    if problem := _taken(plan, one.slug, stated):
        raise Failure(problem)
    kind = stated.kind or found.kind
    if kind is None:
        wrong = list(_said(one.path, plan.today))
        more = [f"\n  and {len(wrong) - MOST_SAID} more"] if len(wrong) > MOST_SAID else []
        raise Failure(
            "its records do not say what kind of organisation this is; say so in organisation.toml"
            + "".join([*wrong[:MOST_SAID], *more])
        )
    name = stated.name or found.name or one.slug
    ura = stated.ura.value if stated.ura else _test_ura(plan)
    agb = stated.agb or found.agb
    say(
        f"loading {one.path.name}: {name} ({kind.value}), {'its' if stated.ura else 'test'} URA {ura}"
        + ("" if stated.name and stated.kind else "; name and kind read from its records")
    )
    people = [LogIn(s.username, s.name, s.role) for s in stated.staff]
    role = document("parties.toml")["role"][ROLE_OF[kind]]["name"]
    return Member(
        slug=one.slug,
        name=name,
        ura=ura,
        kind=kind,
        agb=agb.value if agb else "",
        port=plan.next_port(),
        records=str(home / "loaded" / one.slug),
        log_ins=tuple(people or [LogIn(one.slug, f"{role} van {name}", ROLE_OF[kind])]),
        loaded=True,
        dates={"T": plan.today.isoformat()},
    )


def _test_ura(plan: Plan) -> str:
    used = {member.ura for member in plan.members}
    return next(str(number) for number in range(FIRST_TEST_URA, FIRST_TEST_URA + 9999) if str(number) not in used)


def _numbers(folders: list[_Folder], plan: Plan, say: Say) -> dict[tuple[str, str], Bsn]:
    """A BSN for every (folder, Patient id): stated, in the records, the same person's elsewhere, or a test number."""
    known: dict[tuple[str, str], Bsn] = {}
    clients = [(one, client) for one in folders for client in one.read.clients]
    for one, client in clients:
        bsn = one.stated.bsns.get(client.patient) or client.bsn
        if bsn is not None and all(client.person):
            known.setdefault(client.person, bsn)
    fresh = _unused(plan, {bsn.value for bsn in known.values()})
    numbers = {}
    for one, client in clients:
        bsn = one.stated.bsns.get(client.patient) or client.bsn
        if bsn is None:
            matched = known.get(client.person) if all(client.person) else None
            bsn = matched or next(fresh)
            if all(client.person):
                known[client.person] = bsn
            say(
                f"loading {one.path.name}: Patient {client.patient} has no readable BSN: "
                + ("matched on name and birth date with another folder" if matched else f"test number {bsn.value}")
            )
        numbers[one.slug, client.patient] = bsn
    return numbers


def _unused(plan: Plan, taken: set[str]) -> Iterator[Bsn]:
    for member in plan.members:
        taken |= {bsn.value for bsn in organisation.read(pathlib.Path(member.records)).bsns.values()}
    for number in range(FIRST_TEST_BSN, 999999999):
        if passes_eleven_check(str(number)) and str(number) not in taken:
            yield Bsn(str(number))


def _copy(one: _Folder, numbers: dict[tuple[str, str], Bsn], loaded: list[str], today: dt.date, say: Say) -> None:
    """The records into the demo's home, with what was found or made up in an organisation.toml beside them."""
    assert one.member is not None
    target = pathlib.Path(one.member.records)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(one.path, target, ignore=lambda _, names: [n for n in names if n == organisation.FILE])
    bsns = {patient: bsn for (slug, patient), bsn in numbers.items() if slug == one.slug}
    bsns |= {patient: bsn for patient, bsn in one.stated.bsns.items() if patient not in bsns}
    stated = one.stated
    text = [
        f"name = {_text(one.member.name)}",
        f'ura = "{one.member.ura}"',
        f'kind = "{one.member.kind.value}"',
        "",
        "[bsn]",
        *(f'{_text(patient)} = "{bsn.value}"' for patient, bsn in bsns.items()),
    ]
    for patient in bsns if not stated.enrolments else ():
        text += [
            "",
            "[[enrolment]]",
            f"patient = {_text(patient)}",
            f'start = "{(today - dt.timedelta(days=300)).isoformat()}"',
        ]
    for patient, relation in stated.enrolments:
        text += [
            "",
            "[[enrolment]]",
            f"patient = {_text(patient)}",
            f'start = "{relation.start}"',
            *([f'end = "{relation.end}"'] if relation.end else []),
            f'basis = "{relation.basis}"',
        ]
    if stated.consents:
        text += _stated_consents(stated)
    else:
        text += _full_consents(set(bsns.values()), loaded, one.member.ura)
        say(
            f"loading {one.path.name}: {counted(len(bsns), 'client')} enrolled, and consenting to all loaded "
            "organisations (shielded groups too: examples)"
        )
    (target / organisation.FILE).write_text("\n".join(text) + "\n", encoding="utf-8")


def _stated_consents(stated: Organisation) -> list[str]:
    lines = []
    for bsn, consent in stated.consents:
        lines += [
            "",
            "[[consent]]",
            f'bsn = "{bsn.value}"',
            f"permit = {str(consent.permit).lower()}",
            f'actor = "{consent.actor}"',
            f'holder = "{consent.holder}"',
            f"groups = {msgspec.json.encode(sorted(consent.groups)).decode()}",
            *([f'start = "{consent.start.isoformat()}"'] if consent.start else []),
            *([f'end = "{consent.end.isoformat()}"'] if consent.end else []),
        ]
    return lines


def _full_consents(bsns: set[Bsn], loaded: list[str], holder: str) -> list[str]:
    """Yes to every loaded organisation about what this one holds, the shielded groups by name: these are examples."""
    groups = msgspec.json.encode(["*", *(group.value for group in Shielded)]).decode()
    return [
        line
        for bsn in sorted(bsns, key=lambda bsn: bsn.value)
        for ura in loaded
        for line in (
            "",
            "[[consent]]",
            f'bsn = "{bsn.value}"',
            "permit = true",
            f'actor = "ura:{ura}"',
            f'holder = "ura:{holder}"',
            f"groups = {groups}",
        )
    ]


def _add_clients(plan: Plan, folders: list[_Folder], numbers: dict[tuple[str, str], Bsn]) -> None:
    known = {client.bsn for client in plan.loaded}
    for one in folders:
        for client in one.read.clients:
            bsn = numbers[one.slug, client.patient].value
            if bsn not in known:
                known.add(bsn)
                plan.loaded.append(Showcase(client.name, bsn, one.slug))
                plan.special = (*plan.special, Special(f"ingelezen uit {one.path.name}", client.name, bsn, one.slug))


def _text(value: str) -> str:
    return msgspec.json.encode(value).decode()
