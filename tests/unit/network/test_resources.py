"""What travels between nodes and region says everything it must, and nothing is half understood."""

from __future__ import annotations

import datetime as dt

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.access import ALL, Consent
from babyconnect.birthcare.identifiers import AGB_SYSTEM, Agb, Ura
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.network import fhir4
from babyconnect.network.consent import resources as consents
from babyconnect.network.contract import Endpoint, Entry, Registration
from babyconnect.network.directory import resources as directory
from babyconnect.network.limits import Limits
from babyconnect.network.localisation import resources as pointers

PARTIES = st.one_of(
    st.just("*"),
    st.sampled_from([f"kind:{kind.value}" for kind in Kind]),
    st.integers(0, 99999999).map(lambda n: f"ura:{n:08}"),
)
MOMENTS = st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2040, 1, 1)).map(
    lambda m: m.replace(microsecond=m.microsecond // 1000 * 1000, tzinfo=dt.UTC)
)
GROUPS = st.one_of(st.just(ALL), st.frozensets(st.sampled_from(["delivery", "child", "safety"]), min_size=1))
CONSENTS = st.builds(
    Consent,
    id=st.just("c1"),
    permit=st.booleans(),
    actor=PARTIES,
    holder=PARTIES,
    groups=GROUPS,
    start=st.none() | MOMENTS,
    end=st.none() | MOMENTS,
    recorded=st.none() | MOMENTS,
)
PSEUDONYM = "p" * 43


@settings(deadline=None)
@given(CONSENTS)
def test_a_provision_comes_back_from_its_consent_as_it_went(consent):
    travelled = orjson.loads(orjson.dumps(consents.to_resource(consent, PSEUDONYM)))
    assert consents.from_resource(travelled) == (PSEUDONYM, consent)


def good() -> dict:
    return consents.to_resource(Consent("c", True, "kind:hospital", groups=frozenset({"child"})), PSEUDONYM)


def changed(path: list, value: object) -> dict:
    resource = good()
    place = resource
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return resource


@pytest.mark.parametrize(
    "bad",
    [
        changed(["provision", "provision"], [{"type": "deny"}]),
        changed(["provision", "data"], [{}]),
        changed(["provision", "type"], "perhaps"),
        changed(["provision", "actor"], []),
        changed(["provision", "actor", 0, "reference", "identifier", "value"], "florist"),
        changed(["provision", "class"], [{"system": "http://elsewhere", "code": "child"}]),
        changed(["provision", "securityLabel"], [{"code": "R"}]),
        changed(["provision", "purpose"], [{"code": "TREAT"}]),
        changed(["provision", "data", 0, "meaning"], "related"),
        changed(["provision", "data", 0, "reference", "identifier", "system"], "http://elsewhere"),
        changed(["provision", "data"], []),
        changed(["provision", "actor", 0, "role", "coding", 0, "code"], "CST"),
        changed(["organization"], []),
        changed(["organization", 0, "identifier", "value"], "florist"),
        changed(["policy", 0, "uri"], "https://elsewhere/policy"),
        changed(["policyRule"], {"coding": [{"code": "OPTIN"}]}),
        changed(["verification"], [{"verified": False}]),
        changed(["performer"], []),
        changed(["scope", "coding", 0, "code"], "research"),
        changed(["modifierExtension"], [{"url": "x"}]),
        changed(["provision", "period"], {"start": "2026-01-01T00:00:00"}),
        changed(["patient"], {"reference": "Patient/1"}),
        {"resourceType": "Patient"},
        {},
    ],
)
def test_a_consent_that_is_not_wholly_understood_is_refused(bad):
    with pytest.raises(consents.Malformed):
        consents.from_resource(bad)


def test_a_no_that_names_nobody_is_meant_for_everybody_and_a_yes_is_refused():
    resource = consents.to_resource(Consent("c", False, "kind:hospital"), PSEUDONYM)
    del resource["provision"]["actor"]
    assert consents.from_resource(resource)[1].actor == "*"


def test_a_holder_is_concerned_by_name_by_kind_and_by_everybody():
    def told(holder: str) -> bool:
        return consents.concerns(Consent("c", True, "*", holder), Ura("00000002"), Kind.HOSPITAL)

    assert told("*") and told("kind:hospital") and told("ura:00000002")
    assert not told("kind:midwifery_practice") and not told("ura:00000003")


def entry(**more: object) -> Entry:
    party = Party(Ura("00000002"), "Ziekenhuis Zuid", Kind.HOSPITAL)
    endpoint = Endpoint("https://zuid.example/fhir/stu3", "https://zuid.example/oauth/token", True, "nuts", finds=True)
    return Entry(party, endpoint, {"keys": [{"kty": "OKP", "kid": "k"}]}, Agb("01234567"), **more)


def test_an_organisation_comes_back_from_its_resources_as_it_went():
    one = entry()
    organization, endpoint = directory.organization(one), directory.endpoint(one)
    assert directory.read_party(organization) == one.party
    assert {"system": AGB_SYSTEM, "value": "01234567"} in organization["identifier"]
    assert directory.read_keys(organization) == one.keys
    assert directory.read_endpoint(endpoint) == (one.party.ura, one.endpoint)


def test_the_endpoint_says_that_it_speaks_stu3():
    assert "application/fhir+json; fhirVersion=3.0" in directory.endpoint(entry())["payloadMimeType"]


@pytest.mark.parametrize(
    "changes", [{"status": "off"}, {"payloadMimeType": ["application/fhir+json; fhirVersion=4.0"]}, {"extension": []}]
)
def test_an_endpoint_that_we_cannot_ask_is_none(changes):
    assert directory.read_endpoint({**directory.endpoint(entry()), **changes}) is None


def test_a_pointer_holds_nothing_but_who_where_and_until_when():
    until = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
    one = Registration(PSEUDONYM, Ura("00000002"), Kind.HOSPITAL, "xis", until)
    resource = pointers.to_list(one, "id-1")
    assert pointers.from_list(resource, Kind.HOSPITAL) == one
    assert "entry" not in resource
    assert resource["emptyReason"]["coding"][0]["code"] == "withheld"
    assert set(resource) == {
        "resourceType", "id", "extension", "status", "mode", "code", "subject", "source", "emptyReason",
    }  # fmt: skip


def test_instants_are_compared_as_text():
    early, late = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=dt.UTC)
    assert fhir4.instant(early) < fhir4.instant(late)
    with pytest.raises(ValueError, match="zone"):
        fhir4.moment("2026-01-01T00:00:00")


def test_a_bucket_gives_its_burst_then_its_rate_and_says_when_to_come_back():
    limits = Limits(per_second=2, burst=3)
    assert [limits.take("a", 1, now=0.0) for _ in range(4)] == [0, 0, 0, 1]
    assert limits.take("b", 3, now=0.0) == 0
    assert limits.take("a", 1, now=0.5) == 0
    assert limits.take("a", 3, now=0.5) == 2
