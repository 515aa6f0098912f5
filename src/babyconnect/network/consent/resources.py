"""A provision (`birthcare.access.Consent`) as R4 Consent in the style of IHE PCF intermediate, and back.

One resource holds one provision, so that each can be withdrawn by itself.  Both the actor (who may see, participation
type IRCP) and the custodian (whose records, CST) are actors of the provision; kinds and "everybody" are identifiers of
systems of ours.  `provision.class` names data groups; none stands for all but the shielded ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from babyconnect.birthcare.access import ALL, Consent
from babyconnect.birthcare.identifiers import URA_SYSTEM, Ura
from babyconnect.birthcare.parties import Kind
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.fhir4 import Malformed, Resource

RECIPIENT, CUSTODIAN = "IRCP", "CST"
EVERYBODY = "*"
MOST_GROUPS = 100
LONGEST_CODE = 60


def _table() -> dict[str, Any]:
    table: dict[str, Any] = document("network.toml")["consent"]
    return table


def _kind_system() -> str:
    return str(document("network.toml")["organisation_type"]["own_system"])


def subject_system() -> str:
    return str(document("network.toml")["localisation"]["subject_system"])


def _party_identifier(text: str) -> dict[str, str]:
    if text == EVERYBODY:
        return {"system": _kind_system(), "value": EVERYBODY}
    scheme, _, value = text.partition(":")
    return {"system": URA_SYSTEM if scheme == "ura" else _kind_system(), "value": value}


def _party_text(identifier: Mapping[str, Any]) -> str:
    system, value = identifier.get("system"), identifier.get("value", "")
    if system == URA_SYSTEM:
        return f"ura:{Ura(value).value}"
    if system == _kind_system():
        return EVERYBODY if value == EVERYBODY else f"kind:{Kind(value).value}"
    raise Malformed("an actor is named by URA, by kind of organisation, or as everybody")


def to_resource(consent: Consent, pseudonym: str, *, active: bool = True, version: int | None = None) -> dict[str, Any]:
    table = _table()
    provision: dict[str, Any] = {
        "type": "permit" if consent.permit else "deny",
        "actor": [
            {
                "role": {"coding": [{"system": table["actor_role_system"], "code": role}]},
                "reference": {"type": "Organization", "identifier": _party_identifier(text)},
            }
            for role, text in ((RECIPIENT, consent.actor), (CUSTODIAN, consent.holder))
        ],
    }
    period = {
        name: fhir4.instant(moment) for name, moment in (("start", consent.start), ("end", consent.end)) if moment
    }
    if period:
        provision["period"] = period
    if consent.groups != ALL:
        provision["class"] = [{"system": table["group_system"], "code": group} for group in sorted(consent.groups)]
    resource: dict[str, Any] = {"resourceType": "Consent"}
    if consent.id:
        resource["id"] = consent.id
    if version is not None:
        resource["meta"] = {"versionId": str(version)}
    resource |= {
        "status": "active" if active else "inactive",
        "scope": {"coding": [{"system": table["scope_system"], "code": "patient-privacy"}]},
        "category": [{"coding": [{"system": table["category_system"], "code": table["category"]}]}],
        "patient": {"type": "Patient", "identifier": {"system": subject_system(), "value": pseudonym}},
    }
    if consent.recorded:
        resource["dateTime"] = fhir4.instant(consent.recorded)
    resource["policyRule"] = {
        "coding": [{"system": table["policy_rule_system"], "code": "OPTIN" if consent.permit else "OPTOUT"}]
    }
    resource["provision"] = provision
    return resource


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
    pseudonym = fhir4.identifier(resource, "patient", subject_system())
    if not pseudonym:
        raise Malformed("patient.identifier must be the client's pseudonym")
    provision = resource["provision"]
    unknown = set(provision) - {"type", "actor", "period", "class", "id"}
    if unknown:
        raise Malformed(f"provision.{min(unknown)} is not understood here")
    if provision["type"] not in ("permit", "deny"):
        raise Malformed("provision.type is permit or deny")
    actors = {a["role"]["coding"][0]["code"]: a["reference"]["identifier"] for a in provision["actor"]}
    if set(actors) - {RECIPIENT, CUSTODIAN} or RECIPIENT not in actors or len(actors) != len(provision["actor"]):
        raise Malformed("one recipient (IRCP) and at most one custodian (CST)")
    period = provision.get("period", {})
    return pseudonym, Consent(
        id=str(resource.get("id", "")),
        permit=provision["type"] == "permit",
        actor=_party_text(actors[RECIPIENT]),
        holder=_party_text(actors[CUSTODIAN]) if CUSTODIAN in actors else EVERYBODY,
        groups=_groups(provision),
        start=_moment(period.get("start")),
        end=_moment(period.get("end")),
        recorded=_moment(resource.get("dateTime")),
    )


def _groups(provision: Mapping[str, Any]) -> frozenset[str]:
    if "class" not in provision:
        return ALL
    codings = provision["class"]
    system = _table()["group_system"]
    codes = [str(c["code"]) for c in codings if c.get("system") == system]
    if not codes or len(codes) != len(codings) or len(codes) > MOST_GROUPS:
        raise Malformed("provision.class names data groups of this register")
    if any(not code or len(code) > LONGEST_CODE for code in codes):
        raise Malformed("a data group is a short code")
    return frozenset(codes)


def _moment(text: str | None) -> dt.datetime | None:
    return fhir4.moment(text) if text else None


def concerns(consent: Consent, holder: Ura, kind: Kind) -> bool:
    """Whether a provision is about this holder's records: only those are told to it."""
    return consent.holder in (EVERYBODY, f"ura:{holder.value}", f"kind:{kind.value}")
