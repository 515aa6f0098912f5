"""Every Consent that the register gives or takes fits IHE PCF 1.1 *intermediate* and the R4 it constrains.

The constraints are those of the profile's published definition (IHE/ITI.PCF, `input/fsh/consent.fsh`: foundation and
intermediate), written down here once more by hand.
"""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Ura
from babyconnect.network.consent import resources
from babyconnect.network.consent.resources import Origin
from tests.unit.network.test_resources import CONSENTS, PSEUDONYM

ONCE = ("status", "scope", "patient", "dateTime", "sourceReference", "provision")
AT_LEAST_ONCE = ("category", "performer", "organization", "policy")
NEVER = ("policyRule", "verification", "sourceAttachment", "modifierExtension")
NEVER_IN_PROVISION = ("action", "class", "code", "securityLabel")
DATA_MEANINGS = ("instance", "related", "authoredby")
ACTIVE_OR_NOT = {"draft", "proposed", "active", "rejected", "inactive", "entered-in-error"}


def faults(resource: dict[str, Any]) -> list[str]:
    """What does not fit, each as the element and the rule."""
    found = [f"{name}: 1..1" for name in ONCE if not isinstance(resource.get(name), str | dict)]
    found += [
        f"{name}: 1.." for name in AT_LEAST_ONCE if not isinstance(resource.get(name), list) or not resource[name]
    ]
    found += [f"{name}: 0..0" for name in NEVER if name in resource]
    if resource.get("status") not in ACTIVE_OR_NOT:
        found.append("status: bound")
    if ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy") not in codings(resource["scope"]):
        found.append("scope: fixed")
    found += ["policy: uri 1..1, authority 0..0" for one in resource["policy"] if set(one) != {"uri"}]
    found += [f"{name}: a reference" for name in ("patient", "sourceReference") if not refers(resource[name])]
    found += ["performer, organization: a reference" for one in resource["performer"] if not refers(one)]
    found += ["organization: a reference" for one in resource["organization"] if not refers(one)]
    if resource["sourceReference"]["type"] not in ("Consent", "DocumentReference", "Contract", "QuestionnaireResponse"):
        found.append("source: R4 targets")
    return found + provision_faults(resource["provision"])


def provision_faults(provision: dict[str, Any], depth: int = 0) -> list[str]:
    found = [] if provision.get("type") in ("permit", "deny") else ["provision.type: 1..1"]
    found += [f"provision.{name}: 0..0" for name in NEVER_IN_PROVISION if name in provision]
    for actor in provision.get("actor", []):
        if codings(actor["role"]) != [("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP")]:
            found.append("provision.actor.role: fixed")
        if not refers(actor["reference"]):
            found.append("provision.actor.reference: 1..1")
    for data in provision.get("data", []):
        if data.get("meaning") not in DATA_MEANINGS or not refers(data.get("reference", {})):
            found.append("provision.data: closed slices")
    if "provision" in provision and depth:
        found.append("provision.provision.provision: 0..0")
    return found + [one for inner in provision.get("provision", []) for one in provision_faults(inner, depth + 1)]


def codings(concept: dict[str, Any]) -> list[tuple[str, str]]:
    return [(coding["system"], coding["code"]) for coding in concept["coding"]]


def refers(reference: dict[str, Any]) -> bool:
    identifier = reference.get("identifier", {})
    return bool(reference.get("type") and identifier.get("system") and identifier.get("value"))


origins = st.builds(
    Origin,
    st.just(Ura("00000001")),
    st.sampled_from(["", "person-1"]),
    st.sampled_from(["professional", "client", "representative"]),
    st.sampled_from(["", "0af7651916cd43dd8448eb211c80319c"]),
)


@settings(deadline=None)
@given(CONSENTS, origins, st.booleans())
def test_every_consent_of_the_register_fits_the_profile(consent: Consent, origin: Origin, active: bool) -> None:
    from dataclasses import replace

    from babyconnect.network import fhir4

    kept = replace(consent, id="c1", recorded=fhir4.moment("2026-04-01T09:00:00Z"))
    made = resources.to_resource(kept, PSEUDONYM, active=active, version=3, origin=origin)
    resource = orjson.loads(orjson.dumps(made))
    assert faults(resource) == []
    assert resource["meta"]["profile"] == [
        "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consentIntermediate"
    ]
    assert resources.origin_of(resource) == origin


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("policyRule", {"coding": []}),
        ("policy", [{"authority": "https://somebody"}]),
        ("organization", []),
        ("provision", {"type": "permit", "class": [{"code": "x"}]}),
        ("provision", {"type": "permit", "data": [{"meaning": "dependents", "reference": {}}]}),
        ("provision", {"type": "deny", "provision": [{"type": "deny", "provision": [{"type": "deny"}]}]}),
    ],
)
def test_the_check_itself_finds_what_does_not_fit(name: str, value: object) -> None:
    from babyconnect.network import fhir4

    good = resources.to_resource(Consent("c", True, "*", recorded=fhir4.moment("2026-04-01T09:00:00Z")), PSEUDONYM)
    assert faults(good) == []
    assert faults({**good, name: value}) != []
