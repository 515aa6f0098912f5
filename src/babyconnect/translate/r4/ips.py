"""An International Patient Summary of one woman's record: a document whose sections point at resources of R4.

Source: HL7 FHIR International Patient Summary 2.0.0; its table is `definitions/r4/ips.toml`.  Nothing is summed up that
the record does not say: a section that the summary requires says that nothing is known of it.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.definitions import document
from babyconnect.translate.r4.narrative import listed
from babyconnect.translate.r4.record import convert


@dataclass(frozen=True, slots=True)
class NoSummary:
    """Why no summary can be made: `no-client` or `two-clients`."""

    rule: str


@dataclass(frozen=True, slots=True)
class Summary:
    """`bundle`: the document; `left`, `kept`: as of `record.Converted`."""

    bundle: dict[str, Any]
    left: list[tuple[str, str]]
    kept: list[str]


def summarise(resources: Iterable[Mapping[str, Any]], name: str, now: dt.datetime) -> Summary | NoSummary:
    """The summary of the one woman in these STU3 resources; `name` tells documents apart, `now` is its moment."""
    given = list(resources)
    women = [r for r in given if r.get("resourceType") == "Patient" and not _is_child(r)]
    if len(women) != 1:
        return NoSummary("two-clients" if women else "no-client")
    converted = convert(given)
    subject = f"Patient/{women[0]['id']}"
    record = {f"{r['resourceType']}/{r.get('id', number)}": r for number, r in enumerate(converted.resources)}
    status = _pregnancy_status(given, subject, now)
    if status:
        record[f"Observation/{status['id']}"] = status
    sections, unknown = _sections(record, subject)
    record |= {f"{r['resourceType']}/{r['id']}": r for r in unknown}
    author = _author(record)
    record.setdefault(f"{author['resourceType']}/{author['id']}", author)
    composition = _composition(sections, subject, author, now)
    children = {f"Patient/{r['id']}" for r in given if r.get("resourceType") == "Patient" and "id" in r} - {subject}
    entries = [composition, *_reached(composition, {a: r for a, r in record.items() if a not in children})]
    return Summary(_document(entries, name, now), converted.left, converted.kept)


def _is_child(patient: Mapping[str, Any]) -> bool:
    return any(str(p).endswith("/bc-Child") for p in patient.get("meta", {}).get("profile", ()))


@functools.cache
def _table() -> Mapping[str, Any]:
    table: Mapping[str, Any] = document("r4/ips.toml")
    return table


# Sections -----------------------------------------------------------------------------------------------------------


def _sections(record: Mapping[str, Any], subject: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The Composition's sections, and the statements of those that are required and empty."""
    held: dict[str, list[str]] = {section["key"]: [] for section in _table()["section"]}
    for address, resource in record.items():
        key = _section_of(resource, subject)
        if key:
            held[key].append(address)
    sections, unknown = [], []
    for section in _table()["section"]:
        addresses = held[section["key"]]
        if not addresses and "unknown" in section:
            statement = _unknown(section, subject)
            unknown.append(statement)
            addresses = [f"{statement['resourceType']}/{statement['id']}"]
            text = listed([{"code": {"text": section["unknown"]["text"]}}])
        else:
            text = listed([record[address] for address in addresses])
        if addresses:
            sections.append({
                "title": section["title"]["nl"],
                "code": {"coding": [{"system": "http://loinc.org", "code": section["code"],
                                     "display": section["title"]["en"]}]},
                "text": text,
                "entry": [{"reference": address} for address in addresses],
            })  # fmt: skip
    return sections, unknown


def _section_of(resource: Mapping[str, Any], subject: str) -> str:
    about = (resource.get("subject") or resource.get("patient") or {}).get("reference", subject)
    if about != subject:
        return ""
    for section in _table()["section"]:
        if resource["resourceType"] in section["types"] and _fits(resource, section):
            return str(section["key"])
    return ""


def _fits(resource: Mapping[str, Any], section: Mapping[str, Any]) -> bool:
    if "status" in section:
        return bool({*_codes(resource.get("clinicalStatus")), *([] if "clinicalStatus" in resource else [""])}
                    & set(section["status"]))  # fmt: skip
    if "category" not in section:
        return True
    if resource["resourceType"] == "DiagnosticReport":
        return True
    categories = {code for category in resource.get("category", ()) for code in _codes(category)}
    codes = set(_codes(resource.get("code")))
    return bool(categories & set(section["category"]) or codes & set(section.get("codes", ())))


def _codes(concept: Mapping[str, Any] | None) -> list[str]:
    return [str(coding.get("code", "")) for coding in (concept or {}).get("coding", ())]


def _unknown(section: Mapping[str, Any], subject: str) -> dict[str, Any]:
    """A required section of which nothing is known, as IPS has it said."""
    unknown, reference = section["unknown"], {"reference": subject}
    coding = {"system": _table()["absent"], "code": unknown["code"], "display": unknown["display"]}
    made: dict[str, Any] = {"resourceType": unknown["type"], "id": unknown["code"]}
    if unknown["type"] == "MedicationStatement":
        return made | {"status": "unknown", "medicationCodeableConcept": {"coding": [coding]}, "subject": reference}
    if unknown["type"] == "AllergyIntolerance":
        active = {"system": "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "code": "active"}
        return made | {"clinicalStatus": {"coding": [active]}, "code": {"coding": [coding]}, "patient": reference}
    active = {"system": "http://terminology.hl7.org/CodeSystem/condition-clinical", "code": "active"}
    return made | {"clinicalStatus": {"coding": [active]}, "code": {"coding": [coding]}, "subject": reference}


def _pregnancy_status(given: list[Mapping[str, Any]], subject: str, now: dt.datetime) -> dict[str, Any] | None:
    """Pregnant, when the record has a pregnancy of hers that has not ended; else nothing is said."""
    table = _table()["pregnancy_status"]
    for resource in given:
        profiles = resource.get("meta", {}).get("profile", ())
        ended = any(key.startswith("abatement") for key in resource)
        hers = resource.get("subject", {}).get("reference") == subject
        if table["condition_profile"] in profiles and hers and not ended and resource.get("clinicalStatus") == "active":
            return {
                "resourceType": "Observation",
                "id": "pregnancy-status",
                "meta": {"profile": [_table()["profile"] + table["profile"]]},
                "status": "final",
                "code": {"coding": [dict(table["code"])]},
                "subject": {"reference": subject},
                "effectiveDateTime": resource.get("assertedDate") or now.isoformat(),
                "valueCodeableConcept": {"coding": [dict(table["value"])]},
            }
    return None


# The document -------------------------------------------------------------------------------------------------------


def _author(record: Mapping[str, Any]) -> dict[str, Any]:
    """The organisation whose record it is; where it names none, the system that made the summary."""
    for resource in record.values():
        if resource["resourceType"] == "Organization" and "id" in resource:
            return dict(resource)
    names = [{"name": "Babyconnect", "type": "user-friendly-name"}]
    return {"resourceType": "Device", "id": "babyconnect", "deviceName": names}


def _composition(
    sections: list[dict[str, Any]], subject: str, author: Mapping[str, Any], now: dt.datetime
) -> dict[str, Any]:
    return {
        "resourceType": "Composition",
        "id": "summary",
        "meta": {"profile": [_table()["profile"] + "Composition-uv-ips"]},
        "language": "nl",
        "status": "final",
        "type": {"coding": [dict(_table()["type"])]},
        "subject": {"reference": subject},
        "date": now.isoformat(),
        "author": [{"reference": f"{author['resourceType']}/{author['id']}"}],
        "title": _table()["title"]["nl"],
        "section": sections,
    }


def _reached(composition: Mapping[str, Any], record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each resource that the document points at, directly or through another, once."""
    waiting, seen = [composition], set[str]()
    while waiting:
        for address in _references(waiting.pop()):
            if address in record and address not in seen:
                seen.add(address)
                waiting.append(record[address])
                yield record[address]


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _references(one)
    elif isinstance(value, Mapping):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for one in value.values():
            yield from _references(one)


def _document(entries: list[dict[str, Any]], name: str, now: dt.datetime) -> dict[str, Any]:
    addresses = {f"{r['resourceType']}/{r.get('id', '')}": _address(name, r) for r in entries}
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [_table()["profile"] + "Bundle-uv-ips"]},
        "identifier": {"system": "urn:ietf:rfc:3986", "value": _urn(name, now.isoformat())},
        "type": "document",
        "timestamp": now.isoformat(),
        "entry": [{"fullUrl": _address(name, r), "resource": _pointing(r, addresses)} for r in entries],
    }


def _address(name: str, resource: Mapping[str, Any]) -> str:
    return _urn(name, resource["resourceType"], resource.get("id", ""))


def _urn(*words: str) -> str:
    """The same words have the same address (RFC 9562 §5.8: a UUID of one's own making, version 8)."""
    digest = hashlib.sha256("\0".join(words).encode()).hexdigest()
    return f"urn:uuid:{digest[:8]}-{digest[8:12]}-8{digest[13:16]}-8{digest[17:20]}-{digest[20:32]}"


def _pointing(value: Any, addresses: Mapping[str, str]) -> Any:
    """The same with its references by address; one that leads outside the document keeps its words only."""
    if isinstance(value, list):
        return [_pointing(one, addresses) for one in value]
    if not isinstance(value, dict):
        return value
    made = {key: _pointing(one, addresses) for key, one in value.items()}
    address = made.get("reference")
    if isinstance(address, str) and not address.startswith("#"):
        if address in addresses:
            made["reference"] = addresses[address]
        else:
            del made["reference"]
            if not made.keys() & {"display", "identifier"}:
                made["display"] = address.split("/")[0]
    return made
