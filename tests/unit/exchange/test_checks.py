"""Whose a resource is: hers, her child's, nobody's, or somebody else's, whatever the order they come in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.identifiers import BSN_SYSTEM
from babyconnect.exchange import checks
from babyconnect.exchange.contract import Stopped
from tests.federation.sources import BSN, record


def names(resources) -> set[str]:
    return {f"{r['resourceType']}/{r['id']}" for r in resources}


@settings(deadline=None)
@given(st.permutations(record()))
def test_what_is_hers_does_not_depend_on_the_order(resources):
    kept, left_out = checks.hers(resources, "w1", BSN.value)
    assert (names(kept), left_out) == (names(record()), 0)


@pytest.mark.parametrize(
    "reference", ["Patient/w1", "https://holder.example/fhir/stu3/Patient/w1", "Patient/w1/_history/3"]
)
def test_relative_absolute_and_versioned_references_mean_the_same(reference):
    one = {"resourceType": "Observation", "id": "o", "subject": {"reference": reference}}
    assert names(checks.hers([one], "w1", BSN.value)[0]) == {"Observation/o"}


@settings(deadline=None)
@given(st.permutations(range(4)))
def test_a_child_may_be_linked_over_several_steps(order):
    chain = [
        {"resourceType": "Procedure", "id": "delivery", "subject": {"reference": "Patient/w1"}},
        {
            "resourceType": "Procedure",
            "id": "birth",
            "subject": {"reference": "Patient/c"},
            "partOf": [{"reference": "Procedure/delivery"}],
        },
        {"resourceType": "Encounter", "id": "visit", "subject": {"reference": "Patient/c"}},
        {"resourceType": "RelatedPerson", "id": "mother", "patient": {"reference": "Patient/c"}},
    ]
    assert len(checks.hers([chain[i] for i in order], "w1", BSN.value)[0]) == 4


@pytest.mark.parametrize("element", ["subject", "patient", "beneficiary"])
def test_a_resource_about_somebody_who_is_not_linked_is_a_mix_up(element):
    strange = {"resourceType": "Condition", "id": "x", element: {"reference": "Patient/other"}}
    with pytest.raises(Stopped, match="another client"):
        checks.hers([*record(), strange], "w1", BSN.value)


def test_a_shared_organisation_links_nobody():
    shared = {"resourceType": "Organization", "id": "org", "partOf": {"reference": "Patient/w1"}}
    strange = {
        "resourceType": "Encounter",
        "id": "x",
        "subject": {"reference": "Patient/other"},
        "partOf": {"reference": "Organization/org"},
    }
    with pytest.raises(Stopped):
        checks.hers([shared, strange], "w1", BSN.value)


def test_what_is_about_nobody_is_kept():
    site = {"resourceType": "BodySite", "id": "fetus"}
    assert checks.hers([site], "w1", BSN.value) == ((site,), 0)


def test_a_masked_or_absent_bsn_is_no_contradiction_and_another_one_is():
    masked = {"identifier": [{"system": BSN_SYSTEM, "_value": {"extension": []}}]}
    assert not checks.other_bsn(masked, BSN.value)
    assert not checks.other_bsn({}, BSN.value)
    assert checks.other_bsn({"identifier": [{"system": BSN_SYSTEM, "value": "999990019"}]}, BSN.value)
