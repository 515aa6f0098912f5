"""Laws of shielding (domain §4), over records with a mark of its own in every string that is not the child's.

With authority over a child alone, no fact about its mother appears in any answer.  Nothing about safety reaches a
client-side channel unless its author chose so.  The filter and the decision per resource agree.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.access import Channel, Herself, Permit, Shielded
from babyconnect.definitions import document
from babyconnect.fhir import json
from babyconnect.fhir.grammar import elements, is_type
from babyconnect.fhir.search_index import index
from babyconnect.fhir.search_names import types
from babyconnect.flows.door import Door, Everything, Parts, Wire, Withheld
from babyconnect.flows.publish import Input, PublishingNode, publish
from babyconnect.labelling import childs_view
from babyconnect.store.contract import Form, Page
from babyconnect.store.memory import MemoryStore
from babyconnect.store.selection import released
from babyconnect.trust import client_access
from babyconnect.trust.authority import Authority, Standing
from babyconnect.trust.client_access import ClientRequest
from babyconnect.trust.decision import may_release
from babyconnect.trust.disclosure import Choice, Disclosure
from tests.support.cases import cases
from tests.support.node import HOLDER, Grounds, Node

BC = "http://nictiz.nl/fhir/StructureDefinition/"
SCT = "http://snomed.info/sct"
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
MARK = "Merk"
FORMS: tuple[Form, ...] = ("json_masked", "xml_masked")
CODES = ("364075005", "412732008", "116800003", "27113001", "447972007", "8884000")
"""Heart rate, a history of domestic violence, HBIG, body weight, an abortion, fetal growth."""


def marked(n: int) -> str:
    return f"{MARK}{n}x"


@st.composite
def parts(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Observations, problems and procedures about mother or child, with marks wherever a string may stand."""
    found = []
    for n in range(draw(st.integers(1, 6))):
        kind = draw(st.sampled_from(["Observation", "Condition", "Procedure"]))
        about = draw(st.sampled_from(["MOEDER", "KIND"]))
        found.append(_part(draw, kind, about, n))
    return found


def _part(draw: st.DrawFn, kind: str, about: str, n: int) -> dict[str, Any]:
    m = marked(n)
    words = draw(st.sampled_from([m, f"{m} moeder", f"{m} Veilig Thuis"])) if about == "MOEDER" else "kindwaarde"
    made: dict[str, Any] = {
        "resourceType": kind,
        "id": f"P{n}",
        "code": {"coding": [{"system": SCT, "code": draw(st.sampled_from(CODES)), "display": words}], "text": m},
        "subject": {"reference": f"Patient/{about}", "display": m},
        "context": {"reference": "Encounter/VISIT", "display": m},
        "extension": [{"url": "urn:x", "valueString": m}],
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{m}</div>'},
        "contained": [{"resourceType": "Patient", "id": "c", "name": [{"family": m}]}],
    }
    if kind == "Observation":
        performer = draw(st.sampled_from(["Patient/MOEDER", "Practitioner/VK", "RelatedPerson/IS-MOEDER"]))
        made |= {
            "status": "final",
            "comment": m,
            "performer": [{"reference": performer, "display": m}],
            "valueQuantity": {"value": 3500, "unit": "g" if about == "KIND" else m},
            "related": [{"target": {"reference": "Observation/GEHEIM", "display": m}}],
        }
        if draw(st.booleans()):
            del made["contained"]
            made["performer"][0]["reference"] = "Practitioner/VK"
    elif kind == "Condition":
        made |= {"clinicalStatus": "active", "note": [{"text": m}]}
    else:
        made |= {"status": "completed", "note": [{"text": m}], "partOf": [{"reference": "Procedure/BEVALLING"}]}
    return made


def record(more: list[dict[str, Any]]) -> bytes:
    """A mother, her child, what ties them, an item about safety, and what Hypothesis made of the rest."""
    m = marked(90)
    mother, child = {"reference": "Patient/MOEDER", "display": m}, {"reference": "Patient/KIND", "display": "Bo"}
    link = {"coding": [{"system": "http://hl7.org/fhir/v3/RoleCode", "code": "MTH"}]}
    fixed: list[dict[str, Any]] = [
        {
            "resourceType": "Patient",
            "id": "MOEDER",
            "meta": {"profile": [f"{BC}bc-Woman"]},
            "identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900730"}],
            "name": [{"family": m, "given": [marked(91)]}],
            "telecom": [{"system": "phone", "value": marked(92)}],
            "address": [{"city": marked(93), "line": [marked(94)]}],
        },
        {
            "resourceType": "Patient",
            "id": "KIND",
            "meta": {"profile": [f"{BC}bc-Child"]},
            "identifier": [{"system": "urn:x", "value": m}],
            "name": [{"text": m, "given": ["Bo"], "family": "Kindnaam"}],
            "birthDate": "2026-09-01",
            "contact": [{"name": {"family": m}, "telecom": [{"system": "phone", "value": marked(95)}]}],
            "extension": [{"url": "urn:x", "valueString": m}],
        },
        {
            "resourceType": "RelatedPerson",
            "id": "IS-MOEDER",
            "patient": child,
            "relationship": link,
            "name": [{"family": m}],
        },
        {"resourceType": "Practitioner", "id": "VK", "name": [{"family": "Zorg"}]},
        {
            "resourceType": "EpisodeOfCare",
            "id": "EP",
            "status": "active",
            "type": [{"coding": [{"system": SCT, "code": "364320009", "display": m}]}],
            "patient": mother,
            "period": {"start": "2026-01-05"},
        },
        {
            "resourceType": "Encounter",
            "id": "VISIT",
            "status": "finished",
            "subject": mother,
            "episodeOfCare": [{"reference": "EpisodeOfCare/EP", "display": m}],
            "reason": [{"text": m}],
        },
        {
            "resourceType": "Procedure",
            "id": "BEVALLING",
            "status": "completed",
            "code": {"coding": [{"system": SCT, "code": "236973005", "display": m}]},
            "subject": mother,
        },
        {
            "resourceType": "Observation",
            "id": "GEHEIM",
            "status": "final",
            "code": {"coding": [{"system": SCT, "code": "412732008", "display": "Veiligheidsmerk"}]},
            "subject": mother,
            "comment": "Veiligheidsmerk",
            "valueString": "Veiligheidsmerk",
        },
        {
            "resourceType": "Observation",
            "id": "VERWIJST",
            "status": "final",
            "code": {"coding": [{"system": SCT, "code": "364075005", "display": "hartslag"}]},
            "subject": mother,
            "related": [{"target": {"reference": "Observation/GEHEIM", "display": "Veiligheidsmerk"}}],
            "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Veiligheidsmerk</div>'},
        },
    ]
    entries = [{"resource": one} for one in (*fixed, *more)]
    return json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


class Kept:
    """A published record behind a door, with the authority and the choices that a test gives."""

    def __init__(self, content: bytes) -> None:
        self.store = MemoryStore()
        node = PublishingNode(self.store.writer, b"a secret of 32 bytes for a tenant", "urn:t", index, lambda: NOW)
        (report,) = asyncio.run(publish([Input("record", content=content)], node)).inputs
        assert report.client, report.findings
        self.client = report.client
        versions = {
            (kept[-1].publication.type, kept[-1].publication.id): kept[-1] for kept in self.store.versions.values()
        }
        self.publications = [version.publication for version in versions.values()]
        self.choices: tuple[Disclosure, ...] = ()

    def id(self, kind: str, source: str) -> str:
        """The opaque id of what the source called so."""
        for one in self.publications:
            held = one.resource.get("identifier", [])
            values = [i.get("value") for i in (held if isinstance(held, list) else [held])]
            if one.type == kind and source in values:
                return one.id
        raise AssertionError(f"{kind}/{source} was not kept")

    def request(self, child: str = "", channel: Channel = Channel.CLIENT_SITE) -> ClientRequest:
        row = Authority(child, "me", Standing.PARENT, "register", dt.date(2026, 9, 1), dt.date(2026, 9, 1), NOW)
        episodes = frozenset(one.id for one in self.publications if one.type == "EpisodeOfCare")
        rows = (row,) if child else ()
        return ClientRequest(channel, "me", self.client, not child, episodes, NOW, child, None, rows, self.choices)

    async def answers(self, child: str = "", channel: Channel = Channel.CLIENT_SITE) -> bytes:
        """Every byte that leaves, in both forms."""
        door = Door(
            Parts(
                holder=HOLDER,
                open_reader=self.store.open_reader,
                grounds=Grounds(Node()),
                decide=lambda request: (_ for _ in ()).throw(AssertionError("no professional asks here")),
                bind=lambda *_: False,
                note=_noted,
                now=lambda: NOW,
                decide_for_client=lambda who, episodes, moment: client_access.decide(
                    self.request(who.child, who.channel)
                ),
            )
        )
        who = Herself("me", "pseudonym", self.client, not child, channel, child)
        found = b""
        for form in FORMS:
            entry = await door.show(who, Everything(tuple(sorted(types())), form), Wire(""))
            assert not isinstance(entry, Withheld)
            page = await entry.release()
            assert isinstance(page, Page)
            found += page.entries
        return found


async def _noted(happening: object) -> None:
    return None


@settings(max_examples=cases(25))
@given(parts())
def test_with_authority_over_the_child_alone_no_fact_about_its_mother_appears(more: list[dict[str, Any]]) -> None:
    kept = Kept(record(more))
    child = kept.id("Patient", "KIND")
    answer = asyncio.run(kept.answers(child))
    assert b"Kindnaam" in answer, "the child itself is there"
    assert MARK.encode() not in answer and b"Veiligheidsmerk" not in answer
    hers = {one.id for one in kept.publications if one.subject != child}
    assert kept.client in hers
    assert not [id for id in hers if id.encode() in answer], "no id of anything of hers either"
    assert b"999900730" not in answer and b"116800003" not in answer


@settings(max_examples=cases(25))
@given(parts(), st.sampled_from([None, *Choice]), st.sampled_from([Channel.CLIENT_SITE, Channel.PGO, Channel.EXPORT]))
def test_nothing_about_safety_reaches_a_client_side_channel_unless_its_author_chose_so(
    more: list[dict[str, Any]], choice: Choice | None, channel: Channel
) -> None:
    kept = Kept(record(more))
    secret = kept.id("Observation", "GEHEIM")
    if choice is not None:
        review = dt.date(2027, 1, 1)
        kept.choices = (Disclosure(f"Observation/{secret}", choice, "besproken", review, "uzi", NOW),)
    answer = asyncio.run(kept.answers(channel=channel))
    assert (b"Veiligheidsmerk" in answer) == (choice is Choice.SHOW)
    assert b"Veilig Thuis" not in answer, "what nobody chose stays shielded, whatever was chosen for another item"
    assert MARK.encode() in answer, "the rest of her record is hers to see"
    others = {one.id for one in kept.publications if "safety" in one.shielded and one.id != secret}
    matched = {entry["resource"]["id"] for entry in _entries(answer)}
    assert not matched & others


def _entries(answer: bytes) -> list[dict[str, Any]]:
    content = answer[: answer.index(b"<entry>")].replace(b"\0", b"")
    found: list[dict[str, Any]] = json.loads(b'{"entry":[' + content[1:] + b"]}")["entry"]
    return found


PLAIN: dict[str, Any] = {
    "Coding": {"system": SCT, "code": "27113001", "display": "gewicht"},
    "Quantity": {"value": 3500, "unit": "g"},
    "HumanName": {"family": "Kindnaam", "given": ["Bo"]},
    "Period": {"start": "2026-09-01"},
}
MARKED = frozenset({"string", "markdown", "uri", "id", "base64Binary", "oid", "xhtml", "instant"})
VALUES: dict[str, Any] = {"boolean": True, "integer": 1, "decimal": 2, "positiveInt": 1, "unsignedInt": 1}


@st.composite
def of_grammar(draw: st.DrawFn, type_name: str, depth: int = 3) -> dict[str, Any]:
    """Any elements that STU3 gives this type, in any depth, with a mark in every free string."""
    made: dict[str, Any] = {}
    known = [name for name, e in elements(type_name).items() if depth or e.primitive]
    for name in draw(st.lists(st.sampled_from(known), max_size=8, unique=True)) if known else ():
        element = elements(type_name)[name]
        if element.primitive or not is_type(element.type):
            value: Any = marked(1) if element.type in MARKED else VALUES.get(element.type, "2026-09-01")
        elif element.type in PLAIN:
            value = {**PLAIN[element.type], "extension": [{"url": marked(2), "valueString": marked(2)}]}
        elif element.type == "Reference":
            value = {"reference": draw(st.sampled_from([CHILD, f"Patient/{marked(3)}", "#c"])), "display": marked(3)}
        elif element.type == "Resource":
            value = {"resourceType": "Patient", "id": "c", "name": [{"family": marked(4)}]}
        else:
            value = draw(of_grammar(element.type, depth - 1))
        made[name] = [value] if element.repeats else value
    return made


CHILD = "Patient/kind-1"
VIEW = document("childs_view.toml")


@settings(max_examples=cases(300), suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data(), st.sampled_from(sorted(VIEW["subject"])))
def test_a_childs_view_builds_from_nothing_whatever_a_resource_holds(data: st.DataObject, kind: str) -> None:
    where = VIEW["subject"][kind]
    meta = {"versionId": "7", "profile": [marked(6)], "security": [{"code": marked(6), "display": marked(6)}]}
    resource = {**data.draw(of_grammar(kind)), "resourceType": kind, "id": "kind-1", "meta": meta}
    if where != "id":
        resource[where] = {"reference": CHILD, "display": marked(5)}
    found = childs_view.reduced(resource, "kind-1")
    assert found is not None and MARK not in repr(found)
    assert set(found) <= {"resourceType", "id", "meta", *VIEW["elements"][kind]}
    assert childs_view.reduced(resource, "kind-2") is None


LABELS = st.frozensets(st.sampled_from([group.value for group in Shielded]), max_size=2)


@settings(max_examples=cases(1_000))
@given(
    st.sampled_from(["", "kind-1", "kind-2"]),
    st.sampled_from(["anna", "bea"]),
    st.sampled_from(["child", "patient", "problems", "unlabelled"]),
    LABELS,
    st.frozensets(st.sampled_from(["e1", "e2"])),
    st.sampled_from(["", "kind-1"]),
    st.sampled_from(list(Choice)),
)
def test_the_filter_of_a_client_and_the_decision_per_resource_agree(
    subject: str,
    client: str,
    group: str,
    shielded: frozenset[str],
    episodes: frozenset[str],
    child: str,
    choice: Choice,
) -> None:
    row = Authority("kind-1", "me", Standing.PARENT, "brp", dt.date(2026, 9, 1), dt.date(2026, 9, 1), NOW)
    chosen = Disclosure("Condition/c", choice, "besproken", dt.date(2027, 1, 1), "uzi", NOW)
    request = ClientRequest(
        Channel.CLIENT_SITE, "me", "anna", not child, frozenset({"e1"}), NOW, child, None, (row,), (chosen,)
    )
    found = client_access.decide(request)
    assert isinstance(found, Permit)
    allowed = released(found.filter, client, group, shielded, episodes, "Condition/c", subject)
    assert allowed == may_release(found.filter, client, group, shielded, episodes, "Condition/c", subject)
    safe = "safety" not in shielded or (choice is Choice.SHOW and not child)
    mine = client == "anna" and group != "unlabelled" and (not episodes or "e1" in episodes)
    of_child = not child or (subject == child and group == "child" and not shielded)
    assert allowed == (mine and safe and of_child)
