"""The export against IHE BALP: whatever claims a profile has exactly what that profile demands.

The demands are those of the published profiles (BALP 1.1: PatientQuery, PatientRead, PatientCreate, PatientUpdate,
PatientDelete); slices of agents and entities are told apart by the pattern of their type.
"""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babyconnect.audit.event import About, Actor, Grounds, Place, event, types
from babyconnect.audit.r4 import to_fhir
from babyconnect.birthcare.access import Consent, Relation

NOW = dt.datetime(2026, 6, 15, 10, tzinfo=dt.UTC)
TRACE = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
ACTIONS = {"PatientQuery": "E", "PatientRead": "R", "PatientCreate": "C", "PatientUpdate": "U", "PatientDelete": "D"}
USERS = {"PatientQuery": {"IRCP"}, "PatientRead": {"IRCP"}}
OBJECT_ROLES = {"3", "4", "20"}


def flaws(resource: dict[str, Any]) -> list[str]:
    """What the claimed profile demands and the resource lacks."""
    (profile,) = resource["meta"]["profile"]
    name = profile.rpartition(".")[2]
    wrong = []
    if resource["type"]["code"] != "rest" or resource["outcome"] != "0" or resource["action"] != ACTIONS[name]:
        wrong.append("type, outcome or action")
    if not resource["subtype"]:
        wrong.append("subtype")
    return wrong + _agent_flaws(resource["agent"], name) + _entity_flaws(resource["entity"], name)


def _agent_flaws(agents: list[dict[str, Any]], name: str) -> list[str]:
    by_code: dict[str, list[dict[str, Any]]] = {}
    for agent in agents:
        by_code.setdefault(agent["type"]["coding"][0]["code"], []).append(agent)
    wrong = [code for code in ("110153", "110152") if len(by_code.get(code, [])) != 1]
    for code in ("110153", "110152"):
        wrong += [
            f"{code} who or network"
            for agent in by_code.get(code, [])
            if not agent.get("who") or not agent.get("network")
        ]
    client = "110152" if name == "PatientRead" else "110153"
    if "identifier" not in by_code[client][0]["who"]:
        wrong.append("the client's side")
    users = [agent for kind in ("IRCP", "AUT", "INF", "CST") for agent in by_code.get(kind, [])]
    allowed = USERS.get(name, {"AUT", "INF", "CST"})
    for user in users:
        if user["type"]["coding"][0]["code"] not in allowed or user["requestor"] is not True or "network" in user:
            wrong.append("user")
    return wrong + (["users"] if len(users) > 1 else [])


def _entity_flaws(entities: list[dict[str, Any]], name: str) -> list[str]:
    typed = [(entity["type"]["system"].rpartition("/")[2], entity["type"]["code"], entity) for entity in entities]
    people = [entity for system, code, entity in typed if (system, code) == ("audit-entity-type", "1")]
    things = [entity for system, code, entity in typed if (system, code) == ("audit-entity-type", "2")]
    wrong = []
    if len(people) != 1 or people[0]["role"]["code"] != "1" or not _is_patient(people[0]["what"]):
        wrong.append("patient")
    if len(things) != 1:
        return [*wrong, "data or query"]
    thing = things[0]
    if name == "PatientQuery":
        if thing["role"]["code"] != "24" or "query" not in thing or "what" in thing or "detail" in thing:
            wrong.append("query")
    elif thing["role"]["code"] not in OBJECT_ROLES or not thing.get("what"):
        wrong.append("data")
    traces = [entity for _, code, entity in typed if code == "XrequestId"]
    return wrong + ([] if len(traces) <= 1 and all(one["what"]["identifier"]["value"] for one in traces) else ["trace"])


def _is_patient(what: dict[str, Any]) -> bool:
    return what.get("reference", "Patient/").startswith("Patient/") and what.get("type", "Patient") == "Patient"


@given(
    type=st.sampled_from(sorted(types())),
    outcome=st.sampled_from(("ok", "refused", "fault")),
    person=st.sampled_from(("", "p1")),
    responsible=st.sampled_from(("", "p2")),
    client=st.sampled_from(("", "c1")),
    pseudonym=st.sampled_from(("", "a" * 40)),
    address=st.sampled_from(("", "192.0.2.1:40")),
    resource=st.sampled_from(("", "Observation", "Observation/o1")),
    object=st.sampled_from(("", "breakglass/1", "Consent/c7")),
    many=st.integers(0, 2),
)
def test_whatever_claims_a_profile_has_all_that_it_demands(**given: Any) -> None:
    many = given["many"]
    made = event(
        given["type"], given["outcome"], NOW,
        Actor("00000001", given["person"], "midwife", given["responsible"], "substantial"),
        Place("00000002", "holder", "00000002", given["address"], "https://node.test", TRACE),
        About(given["client"], given["pseudonym"], ("e1", "e2")[:many], given["resource"], "_count=3",
              object=given["object"]),
        Grounds("TREAT", "explicit", (Relation("episode", "e1"),) * many,
                tuple(Consent(f"k{n}", True, "*") for n in range(many)), rules="2026.2"),
    )  # fmt: skip
    resource = to_fhir(made)
    if "meta" in resource:
        assert flaws(resource) == []
    assert all(agent["requestor"] in (True, False) for agent in resource["agent"])


@pytest.mark.parametrize("type", ["search", "read", "client.bind", "erase", "consent.record", "consent.withdraw"])
def test_a_usual_event_does_claim_its_profile(type: str) -> None:
    about = About("c1", "a" * 40, ("e1",), "Observation/o1", "_count=3", object="" if type == "read" else "Consent/k1")
    place = Place("00000002", "holder", "00000002", "192.0.2.1:40", "https://node.test")
    resource = to_fhir(event(type, "ok", NOW, Actor("00000001", "p1", "midwife"), place, about))
    assert "meta" in resource and flaws(resource) == []


def test_what_was_asked_and_by_which_rules_is_in_it() -> None:
    place = Place("00000002", "holder", "00000002", "192.0.2.1:40", "https://node.test")
    who = Actor("00000001", "p1", "resident", "p2", "high")
    grounds = Grounds("TREAT", "explicit", rules="2026.2")
    resource = to_fhir(
        event("search", "ok", NOW, who, place, About("c1", resource="Observation", query="_count=3"), grounds)
    )
    (query,) = [entity["query"] for entity in resource["entity"] if "query" in entity]
    assert base64.b64decode(query) == b"Observation?_count=3"
    (user,) = [agent for agent in resource["agent"] if agent["requestor"]]
    assert user["policy"] == ["urn:babyconnect:legal-basis:explicit", "urn:babyconnect:rules:2026.2"]
    assert user["extension"][0]["valueCodeableConcept"] == {"text": "high"}
