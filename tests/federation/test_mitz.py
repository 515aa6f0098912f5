"""The Mitz beside the region's register: only a Permit to exactly our question counts; everything else is no.

Against a simulator built from the published messages, over HTTP, asked by the real client.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import orjson
import pytest
from lxml import etree

from babyconnect.api.mitz import notified_app
from babyconnect.birthcare.access import AccessRequest, Asker, Consent, Permit, Purpose, Refused, Relation
from babyconnect.birthcare.identifiers import BSN_SYSTEM, Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party, Responsible, Role
from babyconnect.flows.journal import Journal
from babyconnect.flows.mitz import Listening, MitzBeside, said_to
from babyconnect.network.contract import ConsentsUnknown
from babyconnect.network.mitz.client import Mitz, MitzAnswers
from babyconnect.network.mitz.subscription import Channel, notifications, subscribe, subscription
from babyconnect.trust.assertion import Verified
from babyconnect.trust.decision import decide
from babyconnect.trust.sessions import Issued, Sessions
from babyconnect.web.simulators.mitz import Asked, Simulator, answer, notification
from tests.federation.serving import serving
from tests.support.asgi import ask as call

HOLDER = Party(Ura("00000001"), "Verloskundigenpraktijk Houder", Kind.MIDWIFERY_PRACTICE)
HOSPITAL = Party(Ura("00000002"), "Ziekenhuis Vrager", Kind.HOSPITAL)
BSN = Bsn("999900730")
OTHER = Bsn("999990019")
FOUND = f"{BSN_SYSTEM}|{BSN.value}"
TODAY = dt.date(2026, 4, 1)
NOW = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)
TOKEN = "t" * 40


def asker(role: Role = Role.GYNAECOLOGIST, purpose: Purpose = Purpose.TREATMENT, **more: Any) -> Asker:
    relations = (Relation("episode", "EpisodeOfCare/there", dt.date(2026, 1, 1)),)
    return Asker(HOSPITAL.ura, HOSPITAL.kind, "uzi-900021365", role, purpose, relations, **more)


@dataclass
class Log:
    events: list[Any] = field(default_factory=list)

    async def append(self, event: Any) -> Any:
        self.events.append(event)


@dataclass
class World:
    """A holder with the Mitz: what it asked, what its log says, what it would decide."""

    mitz: Simulator
    base: str
    session: aiohttp.ClientSession
    log: Log = field(default_factory=Log)
    now: float = 0.0
    number: str = FOUND
    """By which her own record has her."""

    def __post_init__(self) -> None:
        journal = Journal(HOLDER, self.log, bytes(32), lambda: NOW)
        asking = Mitz(self.base, self.session, 0.3)
        answers = MitzAnswers(asking.ask, HOLDER, said_to(journal), lambda: self.now)
        self.beside = MitzBeside(HOLDER, journal, answers, number=self.hers)

    async def hers(self, client: str) -> str:
        return self.number

    async def consents(self, *local: Consent, who: Asker | None = None) -> tuple[Consent, ...]:
        return await self.beside.consents("c1", who or asker(), local)

    async def decided(
        self,
        *local: Consent,
        who: Asker | None = None,
        held: tuple[Relation, ...] = (),
        verified: tuple[Relation, ...] = (),
    ) -> Any:
        holding = held or (Relation("episode", "EpisodeOfCare/e1", dt.date(2026, 1, 1)),)
        consents = await self.consents(*local, who=who)
        who = who or asker()
        return decide(
            AccessRequest(
                who, HOLDER.ura, HOLDER.kind, "c1", frozenset({"e1"}), holding, consents, NOW, verified=verified
            )
        )


@pytest.fixture
async def world() -> AsyncIterator[World]:
    mitz = Simulator()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with serving(mitz.application(), port) as base, aiohttp.ClientSession() as session:
        yield World(mitz, base, session)


# --- the question


async def test_the_question_says_who_asks_whom_about_whom_and_the_bsn_is_in_its_body_only(world):
    world.mitz.choices[BSN.value, HOLDER.ura.value] = "Permit"
    await world.consents()
    (asked,) = world.mitz.asked
    assert (asked.patient, asked.holder, asked.user) == (BSN.value, "00000001", "00000002")
    assert (asked.user_type, asked.role, asked.purpose, asked.data) == ("V4", "01.046", "TREAT", "GGC002")
    assert asked.message.startswith("urn:uuid:")
    logged = orjson.dumps(world.log.events)
    assert BSN.value.encode() not in logged
    assert asked.message.removeprefix("urn:uuid:").encode() in logged


async def test_who_acts_for_somebody_is_named_beside_the_one_who_is_responsible(world):
    world.mitz.otherwise = "Permit"
    await world.consents(who=asker(Role.SONOGRAPHER, responsible=Responsible("uzi-1", Role.GYNAECOLOGIST)))
    assert world.mitz.asked[0].role == "01.046"


async def test_a_role_that_the_list_has_no_code_for_cannot_ask_and_gets_nothing(world):
    world.mitz.otherwise = "Permit"
    with pytest.raises(ConsentsUnknown):
        await world.consents(who=asker(Role.SONOGRAPHER))
    assert world.mitz.asked == []


async def test_within_one_organisation_the_mitz_is_not_asked(world):
    own = Asker(HOLDER.ura, HOLDER.kind, "p", Role.MIDWIFE, Purpose.TREATMENT)
    assert await world.consents(who=own) == ()
    assert world.mitz.asked == []


async def test_whose_own_record_has_no_number_is_asked_about_nowhere_and_is_refused(world):
    world.mitz.otherwise, world.number = "Permit", ""
    assert not any(one.permit for one in await world.consents(Consent("local", True, "*", "*")))
    assert world.mitz.asked == []


async def test_every_question_is_by_the_number_that_her_record_has_then(world):
    world.mitz.otherwise = "Permit"
    await world.consents()
    world.now, world.number = world.now + 1, f"{BSN_SYSTEM}|{OTHER.value}"
    await world.consents()
    assert [one.patient for one in world.mitz.asked] == [BSN.value, OTHER.value]


# --- the answer


def replaced(old: bytes, new: bytes) -> Any:
    return lambda body, asked: body.replace(old, new)


def twice(body: bytes, asked: Asked) -> bytes:
    return body.replace(b"</Result>", b"</Result>" + body[body.index(b"<Result>") : body.index(b"</Result>") + 9])


def fault(body: bytes, asked: Asked) -> bytes:
    soap = "http://www.w3.org/2003/05/soap-envelope"
    inner = "<f:Code><f:Value>f:Sender</f:Value></f:Code><f:Reason><f:Text>Permit</f:Text></f:Reason>"
    return f'<f:Envelope xmlns:f="{soap}"><f:Body><f:Fault>{inner}</f:Fault></f:Body></f:Envelope>'.encode()


def of_another(body: bytes, asked: Asked) -> bytes:
    other = Asked(asked.message, OTHER.value, asked.holder, asked.user, asked.user_type, "", "", asked.data)
    return answer(other, "Permit")


def bomb(body: bytes, asked: Asked) -> bytes:
    return b'<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;">]>' + body


def in_saml(in_response_to: str | None) -> Any:
    def wrap(body: bytes, asked: Asked) -> bytes:
        response = body[body.index(b"<Response") : body.index(b"</Response>") + 11].decode()
        id = in_response_to or "_" + asked.message.removeprefix("urn:uuid:")
        return (
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
            f'<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" InResponseTo="{id}">'
            '<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"><x:XACMLAuthzDecisionStatement '
            'xmlns:x="urn:oasis:names:tc:xacml:3.0:profile:saml2.0:v2:schema:assertion:wd-14">'
            f"{response}</x:XACMLAuthzDecisionStatement></a:Assertion></p:Response></s:Body></s:Envelope>"
        ).encode()

    return wrap


async def test_only_a_permit_opens_and_it_opens_what_the_role_may_see(world):
    world.mitz.otherwise = "Permit"
    assert isinstance(await world.decided(), Permit)
    assert world.log.events[-1]["reasons"] == ["permit"]


async def test_a_permit_in_a_saml_statement_in_answer_to_our_query_counts_too(world):
    world.mitz.otherwise, world.mitz.spoil = "Permit", in_saml(None)
    assert isinstance(await world.decided(), Permit)


@pytest.mark.parametrize("decision", ["Deny", "NotApplicable"])
async def test_another_decision_is_no_consent(world, decision):
    world.mitz.otherwise = decision
    assert isinstance(await world.decided(), Refused)
    assert world.log.events[-1]["outcome"] == "refused"


HERS = f'extension="{BSN.value}"'.encode()
ANOTHER = b'/><h:InstanceIdentifier xmlns:h="urn:hl7-org:v3" root="2.16.840.1.113883.2.4.6.3" extension="1"'
NO_ANSWER = {
    "indeterminate": replaced(b"Permit", b"Indeterminate"),
    "a word that is no decision": replaced(b"Permit", b"Yes"),
    "permit in lower case": replaced(b"Permit", b"permit"),
    "no decision": replaced(b"<Decision>Permit</Decision>", b""),
    "two decisions": replaced(b"<Decision>Permit</Decision>", b"<Decision>Permit</Decision><Decision>Deny</Decision>"),
    "two results": twice,
    "no result": replaced(b"Result>", b"Outcome>"),
    "a fault that says permit": fault,
    "about somebody else": of_another,
    "about another holder": replaced(b'extension="00000001"', b'extension="00000009"'),
    "about other data": replaced(b'code="GGC002"', b'code="GGC013"'),
    "about nobody": replaced(b"InstanceIdentifier", b"Identifier"),
    "about two": replaced(HERS, HERS + ANOTHER),
    "of another coding of persons": replaced(b"2.16.840.1.113883.2.4.6.3", b"2.16.840.1.113883.2.4.6.4"),
    "in answer to another message": replaced(b"<a:RelatesTo>urn:uuid:", b"<a:RelatesTo>urn:uuid:0"),
    "in answer to another query": in_saml("_0"),
    "another namespace": replaced(b"urn:oasis:names:tc:xacml:3.0:core:schema:wd-17", b"urn:somebody"),
    "another envelope": replaced(
        b"http://www.w3.org/2003/05/soap-envelope", b"http://schemas.xmlsoap.org/soap/envelope/"
    ),
    "an entity bomb": bomb,
    "cut short": lambda body, asked: body[:-20],
    "nothing": lambda body, asked: b"",
    "JSON": lambda body, asked: b'{"decision": "Permit"}',
    "too large": lambda body, asked: body.replace(b"</s:Body>", b" " * 100_000 + b"</s:Body>"),
    "UTF-16": lambda body, asked: body.decode().encode("utf-16"),
}


@pytest.mark.parametrize("spoil", NO_ANSWER.values(), ids=NO_ANSWER.keys())
async def test_what_is_no_answer_to_our_question_means_that_nothing_is_known(world, spoil):
    world.mitz.otherwise = "Permit"
    world.mitz.spoil = spoil
    with pytest.raises(ConsentsUnknown) as raised:
        await world.consents(Consent("local", True, "*", "*"))
    assert BSN.value not in str(raised.value)
    assert world.log.events[-1]["outcome"] == "fault"


SOAP = "application/soap+xml"


@pytest.mark.parametrize(("status", "media"), [(500, SOAP), (302, SOAP), (200, "text/html"), (204, "")])
async def test_another_status_or_media_type_is_no_answer(world, status, media):
    world.mitz.otherwise, world.mitz.status, world.mitz.media = "Permit", status, media
    with pytest.raises(ConsentsUnknown):
        await world.consents()


async def test_a_late_answer_and_silence_are_no_answer(world):
    world.mitz.otherwise, world.mitz.delay = "Permit", 1.0
    with pytest.raises(ConsentsUnknown):
        await world.consents()
    world.beside.answers._ask = Mitz("http://127.0.0.1:1", world.session, 0.3).ask
    with pytest.raises(ConsentsUnknown):
        await world.consents()


async def test_an_answer_holds_no_longer_than_the_lease_and_no_fault_is_kept(world):
    world.mitz.otherwise = "Permit"
    await world.consents()
    await world.consents()
    assert len(world.mitz.asked) == 1
    world.now, world.mitz.otherwise = 0.91, "Deny"
    assert not any(one.permit for one in await world.consents())


async def test_one_askers_answer_is_not_anothers(world):
    world.mitz.otherwise = "Permit"
    await world.consents()
    await world.consents(who=asker(Role.CLINICAL_MIDWIFE))
    assert [one.role for one in world.mitz.asked] == ["01.046", "03.000"]


# --- two registers, one rule


def opened(decision: Any) -> frozenset[str]:
    return decision.filter.groups if isinstance(decision, Permit) else frozenset()


YES = Consent("y", True, f"ura:{HOSPITAL.ura}", f"ura:{HOLDER.ura}", frozenset({"history", "delivery"}))
NO = Consent("n", False, "kind:hospital", "*", frozenset({"history"}))
NO_TO_ALL = Consent("a", False, "*")
SAID = [(), (YES,), (NO,), (YES, NO), (NO_TO_ALL,), (YES, NO_TO_ALL)]


@pytest.mark.parametrize(("said", "answered"), [*itertools.product(SAID, ["Permit", "Deny", "NotApplicable"])])
async def test_a_no_anywhere_denies_and_without_a_permit_no_yes_counts(world, said, answered):
    world.mitz.otherwise = answered
    found = opened(await world.decided(*said))
    if answered != "Permit":
        assert not found
    elif NO_TO_ALL in said:
        assert found <= {"history", "delivery", "patient", "provider", "episode"}  # her own exceptions, no more
        assert YES in said or not found
    else:
        assert "pregnancy" in found
        assert ("history" in found) == (NO not in said or YES in said)


async def test_a_provable_referral_needs_no_consent_and_a_deny_still_closes_it(world):
    referred = Relation("referral", "r1", TODAY)
    came = Relation("announcement", "r1", TODAY)
    sent = asker()
    sent = Asker(sent.ura, sent.kind, sent.person, sent.role, sent.purpose, (*sent.relations, came))
    held = (Relation("episode", "EpisodeOfCare/e1", dt.date(2026, 1, 1)), referred)
    results = []
    for answered in ("NotApplicable", "Deny"):
        world.mitz.otherwise, world.now = answered, world.now + 1
        results.append(bool(opened(await world.decided(who=sent, held=held, verified=(came,)))))
    assert results == [True, False]


# --- when she changes her choice


async def test_the_subscription_is_the_published_one_and_the_mitz_takes_it(world):
    channel = Channel("https://node.example/mitz/notify", TOKEN, "urn:oid:1.2", "urn:oid:1.3")
    resource = subscription(BSN, HOLDER, channel, dt.date(1990, 1, 2))
    assert await subscribe(world.base, world.session, 1.0, resource)
    (kept,) = world.mitz.subscriptions
    assert kept["criteria"] == "Consent?_query=otv&patientid=999900730&providerid=00000001&providertype=G3"
    assert (kept["status"], kept["reason"], kept["channel"]["type"]) == ("requested", "OTV", "rest-hook")
    assert len(kept["extension"]) == 3
    assert not await subscribe(world.base, world.session, 1.0, {**resource, "reason": "x"})
    assert not await subscribe("http://127.0.0.1:1", world.session, 0.2, resource)


@dataclass
class Kept:
    clients: dict[str, str] = field(default_factory=dict)

    def has(self, client: str, handle: str) -> bool:
        return self.clients.get(client) == handle

    async def note(self, client: str, handle: str, moment: dt.datetime) -> None:
        self.clients[client] = handle


def listening(world: World, sessions: Sessions) -> Kept:
    kept = Kept()
    channel = Channel("https://node.example/mitz/notify", TOKEN)

    async def send(bsn: Bsn) -> bool:
        return await subscribe(world.base, world.session, 1.0, subscription(bsn, HOLDER, channel))

    world.beside.listening = Listening(
        *(send, kept, lambda bsn: ("c1",) if bsn == BSN else (), sessions.revoke_client, lambda bsn: f"of {bsn.value}")
    )
    return kept


async def test_whoever_is_asked_for_is_subscribed_to_once_and_again_only_when_it_failed(world):
    kept = listening(world, Sessions("x", lambda: 0.0))
    world.mitz.otherwise = "Permit"
    for _ in range(3):
        world.now += 1
        await world.consents()
        await asyncio.sleep(0.05)
    assert kept.clients == {"c1": f"of {BSN.value}"}
    assert len(world.mitz.subscriptions) == 1
    world.now, world.number = world.now + 1, f"{BSN_SYSTEM}|{OTHER.value}"
    await world.consents()
    await asyncio.sleep(0.05)
    assert len(world.mitz.subscriptions) == 2, "a subscription by another number is none"
    await world.beside.close()


async def test_a_notification_ends_answers_and_tokens_of_whom_she_refuses_and_permits_nothing(world):
    sessions = Sessions("x", lambda: 0.0)
    listening(world, sessions)
    world.mitz.otherwise = "Permit"
    tokens = {}
    for kind, role in ((Kind.HOSPITAL, Role.GYNAECOLOGIST), (Kind.GENERAL_PRACTITIONER, Role.GENERAL_PRACTITIONER)):
        party = Party(Ura(f"0000001{len(tokens)}"), "x", kind)
        who = Asker(party.ura, kind, "p", role, Purpose.TREATMENT)
        issued = sessions.issue(Verified(who, party, "x", "low", "s", "j"))
        assert isinstance(issued, Issued)
        sessions.bind(issued.session, "c1", frozenset())
        tokens[kind] = issued.token
    await world.consents()
    world.mitz.otherwise = "Deny"
    app = notified_app(TOKEN, world.beside.heard)
    body = orjson.dumps(notification(BSN.value, HOLDER.ura.value, refused=("RPZAC104",), permitted=("RPZAC001",)))
    headers = {"authorization": f"Bearer {TOKEN}", "content-type": "application/fhir+json"}
    assert (await call(app, "POST", "/mitz/notify", headers, body)).status == 204
    assert sessions.get(tokens[Kind.HOSPITAL]) is None
    assert sessions.get(tokens[Kind.GENERAL_PRACTITIONER]) is not None
    assert not any(one.permit for one in await world.consents())  # asked anew at once
    assert "consent.notify" in {event["type"] for event in world.log.events}
    assert BSN.value.encode() not in orjson.dumps(world.log.events)


@pytest.mark.parametrize(
    ("authorization", "body", "status"),
    [
        ("", b"{}", 401),
        ("Bearer " + "u" * 40, b"{}", 401),
        (f"Bearer {TOKEN}", b"{}", 400),
        (f"Bearer {TOKEN}", b'{"resourceType":"Bundle","entry":[]}', 400),
        (f"Bearer {TOKEN}", b"[" * 100_000, 400),
        (f"Bearer {TOKEN}", b" " * (2**20 + 1), 413),
    ],
)
async def test_a_notification_of_a_stranger_or_of_nothing_changes_nothing(world, authorization, body, status):
    listening(world, Sessions("x", lambda: 0.0))
    app = notified_app(TOKEN, world.beside.heard)
    headers = {"authorization": authorization, "content-type": "application/fhir+json"}
    assert (await call(app, "POST", "/mitz/notify", headers, body)).status == status
    assert world.log.events == []


def as_xml(bundle: dict[str, Any]) -> bytes:
    """R4's XML of such a Bundle: an element per member, its value in an attribute."""

    def put(parent: Any, name: str, value: Any) -> None:
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and "resourceType" in one:
                holder = etree.SubElement(parent, name)
                put(holder, one["resourceType"], {k: v for k, v in one.items() if k != "resourceType"})
            elif isinstance(one, dict):
                made = etree.SubElement(parent, name)
                for key, inner in one.items():
                    if key == "url" and name == "extension":
                        made.set("url", inner)
                    else:
                        put(made, key, inner)
            else:
                etree.SubElement(parent, name).set("value", str(one))

    root = etree.Element("Bundle", nsmap={None: "http://hl7.org/fhir"})
    for key, value in bundle.items():
        if key != "resourceType":
            put(root, key, value)
    return etree.tostring(root)


def test_a_notification_in_xml_says_the_same_and_a_document_type_is_refused():
    from babyconnect.fhir.malformed import Malformed

    bundle = notification(BSN.value, HOLDER.ura.value, refused=("RPZAC104", "RPZAC004"))
    in_json = notifications(orjson.dumps(bundle), "application/fhir+json")
    namespaced = as_xml(bundle).replace(b"<Bundle ", b"<Bundle ", 1)
    root = etree.fromstring(namespaced)
    for element in root.iter():
        element.tag = f"{{http://hl7.org/fhir}}{etree.QName(element).localname}"
    in_xml = notifications(etree.tostring(root), "application/fhir+xml")
    assert in_json == in_xml
    assert in_json[0].refused == {Kind.HOSPITAL, Kind.ULTRASOUND_CENTRE, Kind.MATERNITY_HOME_CARE}
    with pytest.raises(Malformed):
        notifications(b"<!DOCTYPE x>" + etree.tostring(root), "application/fhir+xml")
