"""An event: who, what, how it ended; never a BSN, never a clinical value."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babyconnect.audit.event import About, Actor, Grounds, Place, client_pseudonym, event, harmless, types, without_bsn
from babyconnect.audit.r4 import to_fhir
from babyconnect.birthcare.access import Consent, Relation
from babyconnect.birthcare.identifiers import Bsn, passes_eleven_check

NOW = dt.datetime(2026, 6, 15, 12, 0, 0, 123456, tzinfo=dt.timezone(dt.timedelta(hours=2)))
WHO = Actor("00000003", "person-1", "gynaecologist", "person-9")
TRACE = f"00-{'a' * 32}-{'b' * 16}-01"
WHERE = Place("practice", "holder", "00000001", "127.0.0.1", "practice.example", TRACE)
BSN = "999900730"


def made(**parts: Any) -> dict[str, Any]:
    return event(
        "search",
        "ok",
        NOW,
        WHO,
        WHERE,
        About(
            "client-1", "", ("e2", "e1"), "Observation", "context=EpisodeOfCare/e1&code=http://snomed.info/sct|86406008"
        ),
        Grounds(
            "TREAT",
            "explicit",
            (Relation("episode", "EpisodeOfCare/e9"),),
            (Consent("c1", True, "*"),),
            ("explicit_consent",),
        ),
        **parts,
    )


def test_an_event_says_who_what_when_where_about_whom_and_why() -> None:
    assert made() == {
        "type": "search",
        "outcome": "ok",
        "at": "2026-06-15T10:00:00.123Z",
        "actor": {"organisation": "00000003", "person": "person-1", "role": "gynaecologist", "responsible": "person-9"},
        "node": "practice",
        "side": "holder",
        "holder": "00000001",
        "network": ["127.0.0.1", "practice.example"],
        "trace": WHERE.trace,
        "client": "client-1",
        "episodes": ["e1", "e2"],
        "resource": "Observation",
        "query": "context=EpisodeOfCare/e1&code=…",
        "purpose": "TREAT",
        "basis": "explicit",
        "relations": ["episode EpisodeOfCare/e9"],
        "consents": ["c1"],
        "reasons": ["explicit_consent"],
    }


@pytest.mark.parametrize(
    ("type", "outcome", "actor", "place"),
    [
        ("gossip", "ok", WHO, WHERE),
        ("search", "perhaps", WHO, WHERE),
        ("search", "ok", Actor(""), WHERE),
        ("search", "ok", WHO, Place("")),
    ],
)
def test_an_event_that_lacks_who_what_or_how_is_refused(type: str, outcome: Any, actor: Actor, place: Place) -> None:
    with pytest.raises(ValueError, match="needs"):
        event(type, outcome, NOW, actor, place)


def test_the_values_of_a_query_that_may_be_clinical_or_identifying_are_left_out() -> None:
    query = f"identifier=http://fhir.nl/fhir/NamingSystem/bsn|{BSN}&_count=10&code:text=hiv&name=Jansen"
    assert harmless(query) == "identifier=…&_count=10&code:text=…&name=…"


@given(st.text(alphabet="0123456789ab =&|", max_size=60))
def test_no_bsn_survives(text: str) -> None:
    kept = without_bsn(f"{text} {BSN} x{BSN}y")
    assert BSN not in kept
    runs = "".join(letter if letter.isdigit() else " " for letter in kept).split()
    assert not any(passes_eleven_check(run) for run in runs)


def test_a_pseudonym_is_stable_keyed_and_does_not_show_the_bsn() -> None:
    key, other = b"k" * 32, b"o" * 32
    first = client_pseudonym(key, Bsn(BSN))
    assert first == client_pseudonym(key, Bsn(BSN)) != client_pseudonym(other, Bsn(BSN))
    assert BSN not in first
    with pytest.raises(ValueError, match="32 bytes"):
        client_pseudonym(b"short", Bsn(BSN))


def test_as_fhir_it_is_an_r4_audit_event_of_the_balp_profile() -> None:
    resource = to_fhir(made())
    assert resource["resourceType"] == "AuditEvent"
    assert resource["meta"]["profile"][0].endswith("IHE.BasicAudit.PatientQuery")
    assert (resource["action"], resource["outcome"], resource["recorded"]) == ("E", "0", "2026-06-15T10:00:00.123Z")
    assert resource["subtype"] == [{"system": "http://hl7.org/fhir/restful-interaction", "code": "search-type"}]
    assert [agent["requestor"] for agent in resource["agent"]].count(True) == 1
    codes = [agent["type"]["coding"][0]["code"] for agent in resource["agent"]]
    assert codes == ["110153", "110152", "IRCP", "RESP"]
    (query,) = [entity for entity in resource["entity"] if "query" in entity]
    assert base64.b64decode(query["query"]).decode() == "Observation?context=EpisodeOfCare/e1&code=…"
    references = {entity["what"].get("reference") for entity in resource["entity"] if "what" in entity}
    assert {"Patient/client-1", "EpisodeOfCare/e1", "EpisodeOfCare/e2", "Consent/c1"} <= references
    assert WHERE.trace in orjson.dumps(resource).decode()


@pytest.mark.parametrize("type", sorted(types()))
def test_every_type_of_event_becomes_an_audit_event_with_all_that_r4_requires(type: str) -> None:
    for outcome, code in (("ok", "0"), ("refused", "4"), ("fault", "8")):
        resource = to_fhir(event(type, outcome, NOW, Actor("00000003"), Place("node")))  # type: ignore[arg-type]
        assert resource["outcome"] == code
        assert {"type", "recorded", "agent", "source"} <= resource.keys()
        assert all("requestor" in agent for agent in resource["agent"]) and resource["source"]["observer"]
        assert resource["action"] in "CRUDE"


def test_a_recovery_that_the_log_itself_tells_of_can_be_exported() -> None:
    told = {"type": "log.recovered", "outcome": "ok", "at": "2026-06-15T10:00:00.123Z", "node": "practice", "count": 7}
    assert to_fhir(told)["type"]["code"] == "110100"
