"""A provision (`birthcare.access.Consent`) as R4 Consent by the profile IHE PCF *intermediate*, and back.

One resource holds one provision, so that each can be withdrawn by itself.  `provision.actor` (IRCP) is who may see,
`organization` whose records they are (it "enforces the policy", PCF), each by URA, by kind of organisation or as
everybody.  `provision.data` names data groups as named sets of instances; none stands for all but the shielded ones.
A reader that does not know our sets finds nothing in them, so ignorance opens nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.access import ALL, Consent
from babyconnect.birthcare.identifiers import URA_SYSTEM, Ura
from babyconnect.birthcare.parties import Kind
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.contract import Capacity
from babyconnect.network.fhir4 import Malformed, Resource

RECIPIENT = "IRCP"
EVERYBODY = "*"
MOST_GROUPS = 100
LONGEST_CODE = 60
_UNDERSTOOD = frozenset(
    [
        *("resourceType", "id", "meta", "text", "status", "scope", "category", "patient", "dateTime", "performer"),
        *("organization", "sourceReference", "policy", "provision", "extension"),
    ]
)


@dataclass(frozen=True, slots=True)
class Origin:
    """How a version came about: the organisation and person that took it down, for whom they spoke, at which
    registration (the trace that both logs have)."""

    recorder: Ura
    person: str = ""
    capacity: Capacity = "professional"
    registration: str = ""


def _table() -> dict[str, Any]:
    table: dict[str, Any] = document("network.toml")["consent"]
    return table


def _kind_system() -> str:
    return str(document("network.toml")["organisation_type"]["own_system"])


def subject_system() -> str:
    return str(document("network.toml")["localisation"]["subject_system"])


def _party(text: str) -> dict[str, Any]:
    """A logical reference to an organisation, a kind of organisations, or everybody."""
    scheme, _, value = text.partition(":")
    identifier = {"system": _kind_system(), "value": EVERYBODY}
    if text != EVERYBODY:
        identifier = {"system": URA_SYSTEM if scheme == "ura" else _kind_system(), "value": value}
    return {"type": "Organization", "identifier": identifier}


def _party_text(reference: Mapping[str, Any]) -> str:
    identifier = reference["identifier"]
    system, value = identifier.get("system"), identifier.get("value", "")
    if system == URA_SYSTEM:
        return f"ura:{Ura(value).value}"
    if system == _kind_system():
        return EVERYBODY if value == EVERYBODY else f"kind:{Kind(value).value}"
    raise Malformed("an organisation is named by URA, by kind of organisation, or as everybody")


def to_resource(
    consent: Consent,
    pseudonym: str,
    *,
    active: bool = True,
    version: int | None = None,
    origin: Origin | None = None,
    moment: dt.datetime | None = None,
) -> dict[str, Any]:
    """`moment`: when this version came to be (`meta.lastUpdated`)."""
    table = _table()
    resource: dict[str, Any] = {"resourceType": "Consent"}
    if consent.id:
        resource["id"] = consent.id
    resource["meta"] = {"profile": [table["profile"]]}
    if version is not None:
        resource["meta"]["versionId"] = str(version)
    if moment is not None:
        resource["meta"]["lastUpdated"] = fhir4.instant(moment)
    if origin is not None:
        resource["extension"] = [_recorder(origin)]
    resource |= {
        "status": "active" if active else "inactive",
        "scope": {"coding": [{"system": table["scope_system"], "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": table["category_system"], "code": table["category"]}]}],
        "patient": {"type": "Patient", "identifier": {"system": subject_system(), "value": pseudonym}},
    }
    if consent.recorded:
        resource["dateTime"] = fhir4.instant(consent.recorded)
    resource |= {
        "performer": [_performer(pseudonym, origin)],
        "organization": [_party(consent.holder)],
        "sourceReference": {
            "type": "DocumentReference",
            "identifier": {
                "system": table["registration_system"],
                "value": (origin.registration if origin else "") or consent.id or "at-registration",
            },
        },
        "policy": [{"uri": table["policy"]}],
        "provision": _provision(consent),
    }
    return resource


def _provision(consent: Consent) -> dict[str, Any]:
    table = _table()
    provision: dict[str, Any] = {"type": "permit" if consent.permit else "deny"}
    period = {
        name: fhir4.instant(moment) for name, moment in (("start", consent.start), ("end", consent.end)) if moment
    }
    if period:
        provision["period"] = period
    provision["actor"] = [
        {
            "role": {"coding": [{"system": table["actor_role_system"], "code": RECIPIENT}]},
            "reference": _party(consent.actor),
        }
    ]
    if consent.groups != ALL:
        provision["data"] = [
            {
                "meaning": "instance",
                "reference": {"type": "List", "identifier": {"system": table["group_system"], "value": group}},
            }
            for group in sorted(consent.groups)
        ]
    return provision


def _performer(pseudonym: str, origin: Origin | None) -> dict[str, Any]:
    """She herself, whoever wrote it down; or who represents her."""
    if origin is not None and origin.capacity == "representative":
        identifier = {"system": _table()["representative_system"], "value": origin.person or "unknown"}
        return {"type": "RelatedPerson", "identifier": identifier}
    return {"type": "Patient", "identifier": {"system": subject_system(), "value": pseudonym}}


def _recorder(origin: Origin) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [
        {"url": "organization", "valueIdentifier": {"system": URA_SYSTEM, "value": origin.recorder.value}},
        {"url": "capacity", "valueCode": origin.capacity},
    ]
    if origin.person:
        parts.append({"url": "person", "valueString": origin.person})
    if origin.registration:
        parts.append({"url": "registration", "valueString": origin.registration})
    return {"url": _table()["recorder_extension"], "extension": parts}


def origin_of(resource: Resource) -> Origin | None:
    """Who took down a version that the register gave; never believed of what is sent to it."""
    for extension in resource.get("extension", []):
        if extension.get("url") == _table()["recorder_extension"]:
            found = {part["url"]: part for part in extension["extension"]}
            return Origin(
                Ura(found["organization"]["valueIdentifier"]["value"]),
                found.get("person", {}).get("valueString", ""),
                found["capacity"]["valueCode"],
                found.get("registration", {}).get("valueString", ""),
            )
    return None


def from_resource(resource: Resource) -> tuple[str, Consent]:
    """(pseudonym, provision); raises Malformed.  Anything not understood is refused: half a consent is none."""
    try:
        return _from_resource(resource)
    except Malformed:
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Malformed("not a Consent that this register keeps") from None


def _from_resource(resource: Resource) -> tuple[str, Consent]:
    if resource.get("resourceType") != "Consent":
        raise Malformed("resourceType is not Consent")
    _refuse_what_is_not_understood(resource)
    pseudonym = fhir4.identifier(resource, "patient", subject_system())
    if not pseudonym:
        raise Malformed("patient.identifier must be the client's pseudonym")
    (holder,) = resource["organization"]
    provision = resource["provision"]
    permit = provision["type"] == "permit"
    period = provision.get("period", {})
    return pseudonym, Consent(
        id=str(resource.get("id", "")),
        permit=permit,
        actor=_actor(provision, permit),
        holder=_party_text(holder),
        groups=_groups(provision),
        start=_moment(period.get("start")),
        end=_moment(period.get("end")),
        recorded=_moment(resource.get("dateTime")),
    )


def _refuse_what_is_not_understood(resource: Resource) -> None:
    table, provision = _table(), resource["provision"]
    if unknown := set(resource) - _UNDERSTOOD:
        raise Malformed(f"{min(unknown)} is not understood here")
    if unknown := set(provision) - {"type", "actor", "period", "data", "id"}:
        raise Malformed(f"provision.{min(unknown)} is not understood here")
    if provision["type"] not in ("permit", "deny"):
        raise Malformed("provision.type is permit or deny")
    scopes = [(coding.get("system"), coding.get("code")) for coding in resource["scope"]["coding"]]
    if scopes != [(table["scope_system"], "patient-privacy")] or not resource["category"]:
        raise Malformed("scope is patient-privacy, with a category")
    if [policy.get("uri") for policy in resource["policy"]] != [table["policy"]]:
        raise Malformed(f"policy.uri is {table['policy']}")
    if not resource["performer"] or not resource["sourceReference"]["identifier"]["value"]:
        raise Malformed("performer and source are required")


def _actor(provision: Mapping[str, Any], permit: bool) -> str:
    """A yes says to whom; a no that names nobody is meant for everybody (PCF: no actor, all of the community)."""
    actors = provision.get("actor", [])
    if not actors and not permit:
        return EVERYBODY
    if len(actors) != 1 or actors[0]["role"]["coding"][0]["code"] != RECIPIENT:
        raise Malformed("one recipient (IRCP)")
    return _party_text(actors[0]["reference"])


def _groups(provision: Mapping[str, Any]) -> frozenset[str]:
    if "data" not in provision:
        return ALL
    data, system = provision["data"], _table()["group_system"]
    if any(set(one) - {"meaning", "reference", "id"} or one["meaning"] != "instance" for one in data):
        raise Malformed("provision.data names data groups of this register")
    named = [one["reference"]["identifier"] for one in data]
    codes = [str(one["value"]) for one in named if one.get("system") == system]
    if not codes or len(codes) != len(named) or len(codes) > MOST_GROUPS:
        raise Malformed("provision.data names data groups of this register")
    if any(not code or len(code) > LONGEST_CODE for code in codes):
        raise Malformed("a data group is a short code")
    return frozenset(codes)


def _moment(text: str | None) -> dt.datetime | None:
    return fhir4.moment(text) if text else None


def concerns(consent: Consent, holder: Ura, kind: Kind) -> bool:
    """Whether a provision is about this holder's records: only those are told to it."""
    return _names(consent.holder, holder, kind)


def addresses(consent: Consent, asker: Ura, kind: Kind) -> bool:
    """Whether a provision is about what this organisation may see."""
    return _names(consent.actor, asker, kind)


def _names(text: str, ura: Ura, kind: Kind) -> bool:
    return text in (EVERYBODY, f"ura:{ura.value}", f"kind:{kind.value}")
