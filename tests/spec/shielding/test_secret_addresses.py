"""A secret address: taken out of all that is released to others, in every version, from the moment it is known (§4)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from babyconnect.birthcare.access import Channel, Consent
from babyconnect.birthcare.parties import Role
from babyconnect.birthcare.record import Item
from babyconnect.delivery import discretion
from babyconnect.flows.door import Door
from babyconnect.labelling.whereabouts import without_whereabouts
from babyconnect.store.contract import SHARED
from babyconnect.trust import secrecy
from babyconnect.trust.secrecy import Basis, Secrecy
from tests.support.material import encounter, episode, observation, publication, woman
from tests.support.node import HOLDER, HOSPITAL, NOW, Node

BSN, TOWN = "999900730", "Schuilstad"
YES = Consent("c1", True, f"ura:{HOSPITAL.ura}", groups=frozenset({"*"}))
HIDE = Secrecy(Basis.SAFE_HOUSE, dt.date(2026, 1, 1), NOW)


def telling(text: str = TOWN) -> list[Any]:
    """A record in which the town stands wherever a place can."""
    her = dict(woman("anna", BSN).resource)
    her |= {
        "address": [{"use": "home", "city": text, "line": [text], "postalCode": "1234AB"}],
        "telecom": [{"system": "phone", "value": f"06 {text}"}],
        "contact": [{"address": {"city": text}, "telecom": [{"system": "phone", "value": text}]}],
        "generalPractitioner": [{"reference": "Organization/gp", "display": f"Huisarts {text}"}],
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{text}</div>'},
    }
    visit = dict(encounter("anna", "visit").resource)
    visit |= {"location": [{"location": {"reference": "Location/home", "display": text}}]}
    place = {"resourceType": "Location", "id": "home", "name": text, "address": {"city": text}}
    practice = {"resourceType": "Organization", "id": "org", "name": f"Praktijk {text}", "address": [{"city": text}]}
    care = dict(episode("anna", organization="org").resource)
    care["managingOrganization"] = {"reference": "Organization/org", "display": f"Praktijk {text}"}
    return [
        publication(her, "anna", "patient"),
        publication(visit, "anna", "prenatal_checks", episodes={"anna-episode"}),
        publication(place, "anna", "provider"),
        publication(practice, SHARED, "provider"),
        publication(care, "anna", "episode", episodes={"anna-episode"}),
        observation("anna", "o-1", "Encounter/visit"),
    ]


async def _node(known: tuple[Secrecy, ...]) -> Node:
    node = Node(consents={"anna": (YES,)})
    await node.publish(*telling())

    def hidden(client: str, own: bool) -> frozenset[str]:
        rows = known if client == "anna" else ()
        return secrecy.hidden(rows, Channel.PROFESSIONAL_VIEWER, NOW.date(), own)

    parts = node.door._parts
    node.door.__init__(replace(parts, hidden=hidden))  # type: ignore[misc]
    assert isinstance(node.door, Door)
    return node


ASKED = ("/Patient", "/Patient/anna", "/Patient/anna/_history", "/Encounter", "/Observation",
         "/EpisodeOfCare?_include=EpisodeOfCare:organization")  # fmt: skip


@pytest.mark.parametrize("media", ["application/fhir+json", "application/fhir+xml"])
async def test_no_other_organisation_gets_a_place_of_hers_by_any_way(media: str) -> None:
    secret, open_ = await _node((HIDE,)), await _node(())
    told = 0
    for node in (secret, open_):
        token = node.token()
        bound = await node.find(BSN, token)
        answers = [await node.get(url, token, accept=media) for url in ASKED]
        assert all(answer.status == 200 for answer in answers)
        bodies = bound.body + b"".join(answer.body for answer in answers)
        for place in ("/Location/home", "/Organization/org"):
            assert ((await node.get(place, token, accept=media)).status == 200) == (node is open_)
        assert (TOWN.encode() in bodies) == (node is open_)
        assert (b"1234AB" in bodies) == (node is open_)
        told += bodies.count(b"o-1")
    assert told, "what is no place is there as ever"


async def test_no_reference_tells_what_could_be_read_by_the_leave_of_another_client() -> None:
    """Shared places and people have one id for everybody who comes there."""
    node = await _node((HIDE,))
    node.consents["bea"] = (YES,)
    await node.publish(woman("bea", "999901552"), episode("bea"))
    token, others = node.token(), node.token()
    await node.find(BSN, token)
    await node.find("999901552", others)
    assert TOWN.encode() in (await node.get("/Organization/org", others)).body, "to others it is a practice as any"
    told = b"".join([(await node.get(url, token)).body for url in ASKED])
    for id in (b"Organization/org", b"Organization/gp", b"Location/home"):
        assert id not in told


async def test_her_own_practice_still_finds_her() -> None:
    node = await _node((HIDE,))
    token = node.token(role=Role.MIDWIFE, party=HOLDER)
    await node.find(BSN, token)
    her = await node.get("/Patient/anna", token)
    assert TOWN.encode() in her.body
    item = Item("i", "Patient", her.json(), ())
    assert discretion.unprinted(item), "on the screen of her own people, on no paper"
    assert discretion.discreet(item, "Adres")


async def test_a_secret_that_ended_is_none() -> None:
    node = await _node((replace(HIDE, end=dt.date(2026, 2, 1)),))
    token = node.token()
    await node.find(BSN, token)
    assert TOWN.encode() in (await node.get("/Patient/anna", token)).body


def test_what_is_taken_out_is_marked_as_masked_and_the_rest_is_as_it_was() -> None:
    her = telling()[0].resource
    made = without_whereabouts(her)
    assert made is not None
    assert made["birthDate"] == her["birthDate"] and made["name"] == her["name"]
    assert made["address"] == [{"use": "home", "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}]  # fmt: skip
    assert TOWN not in repr(made)


def test_what_a_resource_holds_itself_is_not_named_where_it_is_referred_to() -> None:
    practice = {"resourceType": "Organization", "id": "gp", "name": f"Huisarts {TOWN}", "address": [{"city": TOWN}]}
    doctor = {"resourceType": "Practitioner", "id": "dr", "name": [{"family": f"Van {TOWN}"}]}
    her = {
        **dict(woman("anna", BSN).resource),
        "contained": [practice, doctor],
        "generalPractitioner": [
            {"reference": "#gp", "display": f"Huisarts {TOWN}"},
            {"reference": "#dr", "display": f"Van {TOWN}"},
        ],
    }
    assert TOWN not in repr(without_whereabouts(her))
