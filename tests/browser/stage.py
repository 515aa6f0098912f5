"""A stage for browser tests: the local identity provider and one viewer in one process, with scripted sources.

    python -m tests.browser.stage PORT

The client's BSN chooses the play: which sources answer, when, how, and what they tell.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import pathlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from joserfc.jwk import ECKey

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Function, Kind, Party, Person, Role
from babyconnect.birthcare.resources import HOME as AMSTERDAM
from babyconnect.delivery import build_view
from babyconnect.delivery.view import Badge, Fact, Header, Line, Moment, Section, View
from babyconnect.flows.handing_in import HandingIn
from babyconnect.flows.journal import Journal
from babyconnect.flows.looking import Seen, Unseen
from babyconnect.flows.viewing import Asked, ListedClient, Viewing
from babyconnect.merge import merge
from babyconnect.sources.showing import Showable, showable
from babyconnect.synthetic.astraia import picture as ultrasound_picture
from babyconnect.web.administration import handing_in
from babyconnect.web.consents import staff
from babyconnect.web.login.relying_party import Issuer
from babyconnect.web.login.routes import LoginEvent
from babyconnect.web.simulators.identity_provider import Client, provider_app
from babyconnect.web.simulators.users import User, hash_password
from babyconnect.web.viewer.site import viewer_app
from tests.browser.her_site import build as her_site_of
from tests.spec.publishing.records import Node
from tests.support import made, ultrasound
from tests.support.consents import LocalRegister, Log, consenting
from tests.support.made import dossier
from tests.support.medicines import agreed, allergic, drug, used
from tests.support.needs import nictiz as nictiz_folder
from tests.support.published import NTS, resources
from tests.support.sample_view import sample

OWN = Party(Ura("90000001"), "Verloskundigenpraktijk De Linde", Kind.MIDWIFERY_PRACTICE)
PARTIES = (
    OWN,
    Party(Ura("90000002"), "Ziekenhuis Oostpoort", Kind.HOSPITAL),
    Party(Ura("90000003"), "Echocentrum Zicht", Kind.ULTRASOUND_CENTRE),
    Party(Ura("90000004"), "Kraamzorg De Wieg", Kind.MATERNITY_HOME_CARE),
    Party(Ura("90000005"), "JGZ Oost", Kind.YOUTH_HEALTH_CARE),
)
ALL_ANSWER = "999900730"
HOSTILE_TEXTS = "999990019"
NOBODY = "999990020"
TROUBLE = "999990032"
BROKEN = "999990044"
TWINS = "999990056"
MEDICINES = "999990068"
SCANS = "999990081"
PAYLOAD = "\"><img src=x onerror=document.title='gehackt'><script>document.title='gehackt'</script>{{7*7}}'"
PASSWORD = "geheim-voor-de-test"
SECRET = "geheim-van-de-kijker"


def _answer(party: Party, status: str = "answered", milliseconds: float = 50) -> SourceAnswer:
    resources: Any = ({"resourceType": "Patient", "id": party.ura.value},) if status == "answered" else ()
    return SourceAnswer(party, status, resources, milliseconds)  # type: ignore[arg-type]


async def consult(bsn: Bsn, person: Person) -> AsyncIterator[Asked | SourceAnswer]:
    """The play."""
    if bsn.value == NOBODY:
        yield Asked(())
        return
    yield Asked(PARTIES)
    if bsn.value == BROKEN:
        yield _answer(PARTIES[0])
        raise RuntimeError(f"must not be shown: {bsn.value}")
    trouble = {"90000002": "timed_out", "90000004": "refused", "90000005": "invalid"} if bsn.value == TROUBLE else {}
    for index, party in enumerate(PARTIES):
        await asyncio.sleep((0.05, 0.2, 0.1, 0.05, 1.1)[index])
        yield _answer(party, trouble.get(party.ura.value, "answered"))


def picture(answers: Sequence[SourceAnswer], today: dt.date) -> View:
    """As many sections as there are answers, so that a page is seen to fill in.  A hostile client is all payload."""
    view = big()
    if not answers:
        empty = Header("", "", "", "", ())
        return dataclasses.replace(
            view,
            header=empty,
            banners=(),
            summary=(),
            disputes=(),
            missing=(),
            timeline=(),
            sections=(),
            pregnancies=(),
        )
    if len(answers) < 3:
        view = dataclasses.replace(view, disputes=(), missing=(), sections=view.sections[: len(answers) + 1])
    return view


_CODES = {"id", "code", "tone", "kind", "state", "ura"}


def hostile(value: Any, name: str = "") -> Any:
    """The same view with the payload in every text, in anchors too."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: hostile(getattr(value, f.name), f.name) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(hostile(part, name) for part in value)
    if isinstance(value, str) and name not in _CODES and name != "gestation":
        return PAYLOAD
    return value


def big() -> View:
    """The sample view with as much in it as a real record has."""
    view = sample()
    linde = Badge("90000001", OWN.name, OWN.kind.value)
    echo = Badge("90000003", "Echocentrum Zicht", "ultrasound_centre")
    hospital = Badge("90000002", "Ziekenhuis Oostpoort", "hospital")
    moments = tuple(
        Moment(f"{day} {month}", f"{date}", f"{weeks}+{days}", text, kind, "i2", "", (badge,))
        for day, month, date, weeks, days, text, kind, badge in (
            ("6", "oktober 2025", "2025-10-06", 10, 1, "Intake", "visit", linde),
            ("13", "oktober 2025", "2025-10-13", 11, 1, "Termijnecho", "ultrasound", echo),
            ("13", "oktober 2025", "2025-10-14", 11, 2, "Bloedonderzoek", "laboratory", linde),
            ("10", "november 2025", "2025-11-10", 15, 1, "Controle", "visit", linde),
            ("15", "december 2025", "2025-12-15", 20, 1, "20 wekenecho", "ultrasound", echo),
            ("6", "januari 2026", "2026-01-06", 23, 2, "Controle", "visit", linde),
            ("9", "februari 2026", "2026-02-09", 28, 1, "Verwijzing", "referral", linde),
            ("9", "februari 2026", "2026-02-09", 28, 1, "Zwangerschapshypertensie", "problem", hospital),
            ("9", "februari 2026", "2026-02-09", 28, 1, "Controle", "visit", hospital),
            ("3", "mei 2026", "2026-05-03", 40, 0, "Geboorte", "birth", hospital),
        )
    )
    lines = tuple(
        Line(f"l{n}", label, text, when, "2025-10-13", author, (badge,))
        for n, (label, text, when, author, badge) in enumerate(
            (
                ("Hb", "7,4 mmol/L", "14 oktober 2025", "Lab", linde),
                ("Bloedgroep", "O", "14 oktober 2025", "Lab", linde),
                ("Irregulaire antistoffen", "negatief", "14 oktober 2025", "", linde),
                ("Hepatitis B (HBsAg)", "negatief", "14 oktober 2025", "", linde),
                ("Glucose", "4,9 mmol/L", "6 januari 2026", "", hospital),
            )
        )
    )
    extra = Section("lab", "Laboratorium", lines)
    return dataclasses.replace(
        view,
        timeline=moments,
        sections=(*view.sections, extra),
        summary=(*view.summary, Fact("medication", "Medicatie", "foliumzuur, labetalol", "", (linde, hospital))),
    )


def twin_answers(today: dt.date) -> tuple[SourceAnswer, ...]:
    """The published twin case, first and second line, as two organisations give it."""
    base = nictiz_folder() / NTS
    folders = {OWN: "VLK-basis-3A-V2_meerling_1elijn", PARTIES[1]: "VLK-basis-3B-V2_meerling_2elijn"}
    return tuple(
        SourceAnswer(party, "answered", tuple(resources(base / name, today)), 50.0, client="JAMILA-J-XXX-KWEE")
        for party, name in folders.items()
    )


async def published_twins(bsn: Bsn, person: Person) -> AsyncIterator[Asked | SourceAnswer]:
    """Both organisations, one after the other."""
    yield Asked(PARTIES[:2])
    for answer in twin_answers(now().date()):
        await asyncio.sleep(0.05)
        yield answer


LOOKED: list[str] = []
"""Titles of the files that the page asked for, in this process."""
PDF = b"%PDF-1.7\n%%EOF\n"


async def look(bsn: Bsn, person: Person, declared: Any, file: Any) -> Seen | Unseen:
    """The files of the ultrasound centre; one that it does not give any more."""
    LOOKED.append(file.title)
    if "weg" in file.title:
        return Unseen("refused")
    content = ultrasound_picture(30) if file.image else PDF
    how = showable(content)
    assert isinstance(how, Showable)
    return Seen(content, how)


def _birth_plan(day: dt.date) -> dict[str, Any]:
    return {
        "resourceType": "DocumentReference", "id": "plan", "status": "current", "indexed": f"{day}T10:00:00Z",
        "type": {"coding": [{"system": "urn:oid:2.16.840.1.113883.2.4.4.13", "code": "Bevalplan"}]},
        "content": [{"attachment": {"contentType": "application/pdf", "title": "Bevalplan", "url": "Binary/plan"}}],
    }  # fmt: skip


async def scans(bsn: Bsn, person: Person) -> AsyncIterator[Asked | SourceAnswer]:
    """An ultrasound centre about twins of 34 weeks, one of whom stays behind; as its system exports it."""
    today = now().date()
    due = today + dt.timedelta(days=280 - 34 * 7)
    grown = [(24, (620, 45), (600, 40)), (28, (1090, 42), (980, 22)), (32, (1750, 41), (1390, 7))]
    said = "<efw percentile='{1}' reference='Verburg 2008'>{0}</efw><ac percentile='{2}'>{3}</ac>"
    exams = [
        ultrasound.exam(
            said.format(*one, one[1] + 4, 180 + week) + ultrasound.embedded(ultrasound.png(week), title="Profiel"),
            said.format(*two, two[1] + 3, 170 + week)
            + (ultrasound.embedded(ultrasound.png(1), title="Hart, weg bij de bron") if week == 32 else ""),
            id=str(week), day=(due - dt.timedelta(days=280 - week * 7)).isoformat(), type="growth",
        )
        for week, one, two in grown
    ]  # fmt: skip
    pregnancy = (
        f"<id>1</id><gravida>1</gravida><para>0</para><edd method='ultrasound'>{due.isoformat()}</edd>"
        "<chorionicity>DCDA</chorionicity>"
    )
    made = ultrasound.translated(ultrasound.export(*exams, pregnancy=pregnancy), today=today)
    yield Asked((PARTIES[2],))
    given = [one for one in made.resources if one["resourceType"] != "Binary"]
    yield SourceAnswer(PARTIES[2], "answered", (*given, _birth_plan(today)), milliseconds=40)


async def medicines(bsn: Bsn, person: Person) -> AsyncIterator[Asked | SourceAnswer]:
    """Three organisations about one woman of 32 weeks: a dose that differs, a painkiller too late, one not judged."""
    gp, hospital, midwife = (dossier(party) for party in (made.GP, made.HOSPITAL, made.MIDWIFE))
    for one in (gp, hospital, midwife):
        one.due(280 - 7 * 32 + (now().date() - made.TODAY).days, True)
    agreed(gp, "a", drug("C07AG01", "labetalol"), -40, dose="2 × per dag 1 tablet van 100 mg", treatment="A")
    used(midwife, "b", drug("C07AG01", "labetalol"), -40, dose="3 × per dag 2 tabletten van 100 mg")
    agreed(gp, "c", drug("M01AE02", "naproxen"), -300, dose="2 × per dag 1 tablet")
    used(midwife, "d", drug("", "Zelfzorgmiddel tegen misselijkheid"), -20)
    agreed(hospital, "e", drug("J01CA04", "amoxicilline"), -90, -83, dose="3 × per dag 1 capsule")
    allergic(gp, "f", {"text": "rode kleurstof"})
    yield Asked((made.GP, made.HOSPITAL, made.MIDWIFE))
    for one in (gp, hospital, midwife):
        yield one.answer()


def real_picture(answers: Sequence[SourceAnswer], today: dt.date, busy: Sequence[Party], kept: dict[Any, Any]) -> View:
    """What the product makes of answers."""
    return build_view(merge(answers, today), busy, kept)


def now() -> dt.datetime:
    return dt.datetime.now(AMSTERDAM)


async def todays_clients(person: Person) -> Sequence[ListedClient]:
    return (
        ListedClient(Bsn(ALL_ANSWER), "Noor Voorbeeld", dt.date(1995, 3, 4), "28+3", "controle 09:40"),
        ListedClient(Bsn(TROUBLE), "Sanne <b>Test</b>", dt.date(1990, 1, 31), "12+0", "intake 10:20"),
    )


async def note(event: LoginEvent) -> None:
    """The stage has no audit log."""


@dataclasses.dataclass
class Changes:
    """What the region tells of changes: whenever anything is recorded, whoever it is about."""

    register: LocalRegister

    def now(self) -> float:
        return 0.0

    async def of(self, bsn: Bsn, since: float) -> AsyncIterator[None]:
        known = self.register.service.sequence()
        while True:
            await self.register.service.wait_for_change(known, 1.0)
            if self.register.service.sequence() > known:
                known = self.register.service.sequence()
                yield


async def build(port: int) -> Any:
    """The application and how to close it, as `api.server.serve` wants them."""
    base = f"http://127.0.0.1:{port}"
    salt = b"0123456789abcdef"
    users = (
        User("anna", hash_password(PASSWORD, salt), Person("local:anna", "Anna de Vries", Role.MIDWIFE), OWN.ura),
        User(
            "bas",
            hash_password(PASSWORD, salt),
            Person("local:bas", "Bas", Role.EMPLOYEE),
            OWN.ura,
            OWN.name,
            (Function.ADMINISTRATOR,),
        ),
        User("else", hash_password(PASSWORD, salt), Person("local:else", "Else", Role.NURSE), Ura("90000002")),
    )
    clients = (Client("viewer-90000001", OWN.name, (f"{base}/viewer/terug",)),)
    provider = provider_app(f"{base}/idp", users, clients, ECKey.generate_key("P-256"), time.time)

    def draw(answers: Sequence[SourceAnswer], today: dt.date, busy: Sequence[Party], kept: dict[Any, Any]) -> View:
        return picture(answers, today)

    viewing: Viewing[View] = Viewing(consult, draw, now)
    hostile_viewing: Viewing[View] = Viewing(consult, lambda answers, today, busy, kept: hostile(big()), now)

    by_bsn = {HOSTILE_TEXTS: hostile_viewing, TWINS: Viewing(published_twins, real_picture, now)}
    by_bsn[MEDICINES] = Viewing(medicines, real_picture, now)
    by_bsn[SCANS] = Viewing(scans, real_picture, now)

    class Either:
        """Opens the hostile client with hostile texts, the published one with what the product makes of her."""

        def open(self, bsn: Bsn, person: Person, declared: Any = None) -> Any:
            return by_bsn.get(bsn.value, viewing).open(bsn, person, declared)

    register = LocalRegister(pathlib.Path(tempfile.mkdtemp()), OWN, now)
    desk = HandingIn(Node().node, Journal(OWN, Log(), b"k" * 32, now), 9_000_000)
    viewer = viewer_app(
        party=OWN,
        base_url=base,
        issuer=Issuer(f"{base}/idp", "viewer-90000001"),
        viewing=Either(),
        look=look,
        todays_clients=todays_clients,
        now=now,
        note=note,
        chapters=[
            staff.chapter(consenting(register, Log()), {party.ura: party for party in PARTIES}.get),
            handing_in.chapter(desk, time.monotonic),
        ],
        changes=Changes(register),
    )

    clients_provider, her_site = await her_site_of(base, PARTIES, hash_password(PASSWORD, salt), now, note)
    by_path = {"/idp-clients": clients_provider, "/client": her_site, "/idp": provider}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found = next((app for prefix, app in by_path.items() if scope["path"].startswith(prefix)), viewer)
        await found(scope, receive, send)

    async def close() -> None:
        await viewer.close()
        await her_site.close()

    return app, close


if __name__ == "__main__":
    from babyconnect.api.server import serve

    number = int(sys.argv[1])
    serve(lambda: build(number), f"127.0.0.1:{number}")
