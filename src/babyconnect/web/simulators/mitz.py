"""A Mitz for tests and demonstrations, built from the published messages; silent, late, wrong or false on demand.

Not the Mitz: it keeps a choice per client, holder and category of askers, and knows nothing of its rules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import orjson
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_unsafe
from babyconnect.network.mitz.question import table

SOAP = "application/soap+xml; charset=utf-8"
LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question said, as the simulator read it."""

    message: str
    patient: str
    holder: str
    user: str
    user_type: str
    role: str
    purpose: str
    data: str


@dataclass
class Simulator:
    """`choices`: (BSN, holder's URA) -> decision; (BSN, "") for every holder; else `otherwise`.

    `spoil` may turn an answer (bytes) into something else; `delay`: seconds before it answers; `status`: HTTP.
    """

    choices: dict[tuple[str, str], str] = field(default_factory=dict)
    otherwise: str = "NotApplicable"
    spoil: Callable[[bytes, Asked], bytes] = lambda answer, asked: answer
    delay: float = 0.0
    status: int = 200
    media: str = SOAP
    asked: list[Asked] = field(default_factory=list)
    subscriptions: list[dict[str, Any]] = field(default_factory=list)

    def application(self, below: str = "") -> Starlette:
        paths = table()["paths"]
        return Starlette(
            routes=[
                Route(below + paths["question"], self.question, methods=["POST"]),
                Route(below + paths["subscription"], self.subscribe, methods=["POST"]),
            ]
        )

    def read(self, content: bytes) -> Simulator:
        """Choices from a file: `{"otherwise": "Permit", "choices": {"<BSN>": "Deny"}}`.  Raises ValueError."""
        chosen = orjson.loads(content)
        self.otherwise = str(chosen["otherwise"])
        self.choices = {(str(bsn), ""): str(decision) for bsn, decision in chosen.get("choices", {}).items()}
        return self

    async def question(self, request: Request) -> Response:
        try:
            asked = understood(await _body(request))
        except ValueError:
            return Response(status_code=400)
        self.asked.append(asked)
        if self.delay:
            await asyncio.sleep(self.delay)
        decision = self.choices.get((asked.patient, asked.holder)) or self.choices.get((asked.patient, ""))
        body = self.spoil(answer(asked, decision or self.otherwise), asked)
        return Response(body, self.status, media_type=None, headers={"Content-Type": self.media})

    async def subscribe(self, request: Request) -> Response:
        try:
            resource = dict(orjson.loads(await _body(request)))
        except (ValueError, TypeError):
            return Response(status_code=400)
        query = parse_qs(str(resource.get("criteria", "")).partition("?")[2])
        missing = {"_query", "patientid", "providerid", "providertype"} - set(query)
        if resource.get("reason") != table()["subscription"]["reason"] or missing:
            return Response(status_code=422)
        self.subscriptions.append(resource)
        return Response(status_code=202, headers={"Location": f"Subscription/{len(self.subscriptions)}"})


async def _body(request: Request) -> bytes:
    """A body of ordinary size; ValueError for a larger one."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > LARGEST:
            raise ValueError("too large")
    return bytes(found)


def understood(body: bytes) -> Asked:
    """Reads a question as the published guide writes it; ValueError for anything else."""
    names, attribute = table()["namespace"], table()["attribute"]
    try:
        refuse_unsafe(body)
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    except (Malformed, etree.XMLSyntaxError):
        raise ValueError("not safe, well-formed XML") from None
    found: dict[str, str] = {}
    for one in root.iter(f"{{{names['xacml']}}}Attribute"):
        for value in one.iter(f"{{{names['hl7']}}}InstanceIdentifier", f"{{{names['hl7']}}}CodedValue"):
            found[one.get("AttributeId", "")] = value.get("extension") or value.get("code") or ""
    message = root.findtext(f"{{{names['soap']}}}Header/{{{names['addressing']}}}MessageID") or ""
    wanted = ("patient", "holder", "user", "user_type", "role", "purpose", "data")
    values = {name: found.get(attribute[name], "") for name in wanted}
    if not message or not all(values.values()):
        raise ValueError("not a closed question")
    return Asked(message, **values)


def answer(asked: Asked, decision: str) -> bytes:
    """The published shape: one Result that repeats patient, holder and data category."""
    names, attribute, root = table()["namespace"], table()["attribute"], table()["root"]

    def echoed(id: str, kind: str, inner: str) -> str:
        return (
            f'<Attribute AttributeId="{id}" IncludeInResult="true"><AttributeValue DataType="urn:hl7-org:v3#{kind}">'
            f'<h:{inner} xmlns:h="{names["hl7"]}"/></AttributeValue></Attribute>'
        )

    patient = echoed(attribute["patient"], "II", f'InstanceIdentifier root="{root["bsn"]}" extension="{asked.patient}"')
    holder = echoed(attribute["holder"], "II", f'InstanceIdentifier root="{root["ura"]}" extension="{asked.holder}"')
    data = echoed(attribute["data"], "CV", f'CodedValue code="{asked.data}" codeSystem="{root["data"]}"')
    category = table()["category"]
    return (
        f'<s:Envelope xmlns:s="{names["soap"]}" xmlns:a="{names["addressing"]}">'
        f"<s:Header><a:RelatesTo>{asked.message}</a:RelatesTo></s:Header><s:Body>"
        f'<Response xmlns="{names["xacml"]}"><Result><Decision>{decision}</Decision>'
        f'<Attributes Category="{category["resource"]}">{patient}{holder}</Attributes>'
        f'<Attributes Category="{category["action"]}">{data}</Attributes>'
        "</Result></Response></s:Body></s:Envelope>"
    ).encode()


def notification(bsn: str, holder: str, refused: tuple[str, ...], permitted: tuple[str, ...] = ()) -> dict[str, Any]:
    """A Bundle as the published example: what she allows and what not, by category of asking organisations."""
    names = table()["subscription"]

    def consent(categories: tuple[str, ...], active: bool) -> dict[str, Any]:
        coded = [{"coding": [{"system": names["provider_category_system"], "code": code}]} for code in categories]
        return {
            "resourceType": "Consent",
            "extension": [{"url": names["provider_category"], "valueCodeableConcept": one} for one in coded],
            "status": "active" if active else "inactive",
            "patient": {"reference": "urn:uuid:patient"},
            "provision": {"type": "permit"} if active else {},
        }

    resources = [consent(permitted, True), consent(refused, False)]
    resources += [
        {"resourceType": "Patient", "identifier": [{"system": names["bsn_system"], "value": bsn}]},
        {"resourceType": "Organization", "identifier": [{"system": names["ura_system"], "value": holder}]},
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": one} for one in resources]}
