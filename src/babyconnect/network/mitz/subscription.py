"""Being told when she changes her choice: the subscription (R4, `OTV`) and what a notification says.

A notification is a hint: it makes us forget and ask anew; it never permits anything.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from lxml import etree

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.definitions import rows
from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_unsafe
from babyconnect.network.mitz.question import facility_code, table

FHIR_JSON = "application/fhir+json"
FHIR = "{http://hl7.org/fhir}"


@dataclass(frozen=True, slots=True)
class Notified:
    """Her choice changed.  `refused`: kinds of organisation that she no longer allows; empty when it cannot be told."""

    bsn: Bsn
    refused: frozenset[Kind]


@dataclass(frozen=True, slots=True)
class Channel:
    """Where notifications go, and the word by which we know that it is the Mitz that speaks."""

    endpoint: str
    token: str
    gateway: str = ""
    source: str = ""


def subscription(bsn: Bsn, own: Party, channel: Channel, birth_date: dt.date | None = None) -> dict[str, Any]:
    """The R4 Subscription; it holds her BSN and travels in a body only."""
    names = table()["subscription"]
    extensions: list[dict[str, str]] = []
    if birth_date is not None:
        extensions.append({"url": names["birth_date"], "valueDate": birth_date.isoformat()})
    for name in ("gateway", "source"):
        if getattr(channel, name):
            extensions.append({"url": names[name], "valueOid": getattr(channel, name)})
    criteria = (
        f"Consent?_query=otv&patientid={bsn.value}&providerid={own.ura.value}&providertype={facility_code(own.kind)}"
    )
    return {
        "resourceType": "Subscription",
        **({"extension": extensions} if extensions else {}),
        "status": "requested",
        "reason": names["reason"],
        "criteria": criteria,
        "channel": {
            "type": "rest-hook",
            "endpoint": channel.endpoint,
            "payload": FHIR_JSON,
            "header": [f"Authorization: Bearer {channel.token}"],
        },
    }


async def subscribe(base: str, session: aiohttp.ClientSession, seconds: float, resource: Mapping[str, Any]) -> bool:
    """Whether the Mitz took it (201, or 202 as it does).  Never raises for what the other side does."""
    endpoint = base.rstrip("/") + table()["paths"]["subscription"]
    headers = {"Content-Type": FHIR_JSON, "Accept": FHIR_JSON}
    try:
        async with (
            asyncio.timeout(seconds),
            session.post(endpoint, data=orjson.dumps(resource), headers=headers, allow_redirects=False) as response,
        ):
            return response.status in (201, 202)
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


def notifications(body: bytes, media: str) -> tuple[Notified, ...]:
    """What a notification Bundle says, JSON or XML.  Raises Malformed."""
    try:
        found = _of_json(body) if "json" in media else _of_xml(body)
    except (ValueError, KeyError, TypeError, AttributeError, etree.XMLSyntaxError) as fault:
        if isinstance(fault, Malformed):
            raise
        raise Malformed("Bundle", "structure", "not a notification of the Mitz") from None
    if not found:
        raise Malformed("Bundle", "patient", "a notification is about somebody")
    return found


def _kinds(categories: frozenset[str]) -> frozenset[Kind]:
    return frozenset(Kind(row["kind"]) for row in rows("mitz_categories") if row["category"] in categories)


def _of_json(body: bytes) -> tuple[Notified, ...]:
    bundle = orjson.loads(body)
    if bundle["resourceType"] != "Bundle":
        raise ValueError("no Bundle")
    resources = [entry["resource"] for entry in bundle["entry"]]
    names, refused = table()["subscription"], set[str]()
    for consent in (one for one in resources if one["resourceType"] == "Consent"):
        if consent.get("status") != "active" or consent.get("provision", {}).get("type") != "permit":
            refused |= {
                coding["code"]
                for extension in consent.get("extension", [])
                if extension.get("url") == names["provider_category"]
                for coding in extension["valueCodeableConcept"]["coding"]
            }
    bsns = [
        Bsn(identifier["value"])
        for patient in resources
        if patient["resourceType"] == "Patient"
        for identifier in patient["identifier"]
        if identifier["system"] == names["bsn_system"]
    ]
    return tuple(Notified(bsn, _kinds(frozenset(refused))) for bsn in bsns)


def _of_xml(body: bytes) -> tuple[Notified, ...]:
    refuse_unsafe(body)
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    if root.tag != f"{FHIR}Bundle":
        raise ValueError("no Bundle")
    names, refused = table()["subscription"], set[str]()
    for consent in root.iterfind(f"{FHIR}entry/{FHIR}resource/{FHIR}Consent"):
        kept = _value(consent, "status") == "active" and _value(consent, f"provision/{FHIR}type") == "permit"
        if not kept:
            refused |= set(_categories(consent, names["provider_category"]))
    bsns = [
        Bsn(_value(identifier, "value"))
        for identifier in root.iterfind(f"{FHIR}entry/{FHIR}resource/{FHIR}Patient/{FHIR}identifier")
        if _value(identifier, "system") == names["bsn_system"]
    ]
    return tuple(Notified(bsn, _kinds(frozenset(refused))) for bsn in bsns)


def _value(element: etree._Element, path: str) -> str:
    found = element.find(f"{FHIR}{path}")
    return found.get("value", "") if found is not None else ""


def _categories(consent: etree._Element, url: str) -> Iterator[str]:
    for extension in consent.iterfind(f"{FHIR}extension"):
        if extension.get("url") == url:
            for coding in extension.iterfind(f"{FHIR}valueCodeableConcept/{FHIR}coding"):
                yield _value(coding, "code")
