"""The closed question as SOAP 1.2 with WS-Addressing around one XACML 3.0 request (trust.md §4).  Pure.

The envelope holds a BSN: it goes into the body of one request and nowhere else.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from lxml import etree

from babyconnect.birthcare.access import Asker
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Kind, Party, Role
from babyconnect.definitions import document

LONGEST_NUMBER = 60


def table() -> dict[str, Any]:
    found: dict[str, Any] = document("mitz.toml")
    return found


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """May this asker see what this holder keeps of her?  Its repr tells nothing: it must not reach a log."""

    bsn: Bsn
    holder: Party
    asker: Asker

    def __repr__(self) -> str:
        return "Question()"


def role_code(asker: Asker) -> str:
    """Of the asker, else of who is responsible; "" when the list has no code for either."""
    roles = table()["roles"]
    own = str(roles.get(asker.role.value, ""))
    return own or (str(roles.get(asker.responsible.role.value, "")) if asker.responsible else "")


def facility_code(kind: Kind) -> str:
    return str(document("parties.toml")["kind"][kind.value]["codes"][0])


def envelope(question: Question, endpoint: str, message: uuid.UUID) -> bytes:
    """`message` becomes the MessageID.  Raises ValueError when the question cannot be put (no role code)."""
    if not role_code(question.asker):
        raise ValueError("the list of roles has no code for this asker")
    names = table()["namespace"]
    soap, wsa = names["soap"], names["addressing"]
    root = etree.Element(f"{{{soap}}}Envelope", nsmap={"soap": soap, "wsa": wsa})
    header = etree.SubElement(root, f"{{{soap}}}Header")
    action = _text(header, f"{{{wsa}}}Action", table()["action"]["request"])
    action.set(f"{{{soap}}}mustUnderstand", "1")
    _text(header, f"{{{wsa}}}MessageID", f"urn:uuid:{message}")
    _text(header, f"{{{wsa}}}To", endpoint)
    reply = etree.SubElement(header, f"{{{wsa}}}ReplyTo")
    _text(reply, f"{{{wsa}}}Address", "http://www.w3.org/2005/08/addressing/anonymous")
    body = etree.SubElement(root, f"{{{soap}}}Body")
    _query(body, question, message)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _query(body: etree._Element, question: Question, message: uuid.UUID) -> None:
    names = table()["namespace"]
    query = etree.SubElement(
        body,
        f"{{{names['query']}}}XACMLAuthzDecisionQuery",
        nsmap={"query": names["query"], "xacml": names["xacml"], "hl7": names["hl7"]},
    )
    query.set("ID", f"_{message}")
    request = etree.SubElement(query, f"{{{names['xacml']}}}Request")
    request.set("ReturnPolicyIdList", "false")
    request.set("CombinedDecision", "false")
    root, asker = table()["root"], question.asker
    resource = _attributes(request, "resource", "resource")
    _identifier(resource, "patient", root["bsn"], question.bsn.value, echo=True)
    _code(resource, "holder_type", root["facility"], facility_code(question.holder.kind), echo=True)
    _identifier(resource, "holder", root["ura"], question.holder.ura.value, echo=True)
    _code(_attributes(request, "action", "action0"), "data", root["data"], table()["data"]["code"], echo=True)
    subject = _attributes(request, "subject", "subject")
    _code(subject, "role", root["role"], role_code(asker))
    responsible = asker.responsible.id if asker.responsible else asker.person
    _identifier(subject, "professional", root["uzi"], responsible[:LONGEST_NUMBER])
    if asker.responsible:
        _identifier(subject, "mandated", root["uzi"], asker.person[:LONGEST_NUMBER])
    _code(subject, "user_type", root["facility"], facility_code(asker.kind))
    _identifier(subject, "user", root["ura"], asker.ura.value)
    purpose = table()["purposes"][asker.purpose.value]
    _code(_attributes(request, "environment", "environment"), "purpose", root["purpose"], purpose)


def _attributes(request: etree._Element, category: str, id: str) -> etree._Element:
    made = etree.SubElement(request, f"{{{table()['namespace']['xacml']}}}Attributes")
    made.set("Category", table()["category"][category])
    made.set("{http://www.w3.org/XML/1998/namespace}id", id)
    return made


def _value(attributes: etree._Element, name: str, type: str, echo: bool) -> etree._Element:
    xacml = table()["namespace"]["xacml"]
    attribute = etree.SubElement(attributes, f"{{{xacml}}}Attribute")
    attribute.set("AttributeId", table()["attribute"][name])
    attribute.set("IncludeInResult", "true" if echo else "false")
    value = etree.SubElement(attribute, f"{{{xacml}}}AttributeValue")
    value.set("DataType", f"urn:hl7-org:v3#{type}")
    return value


def _identifier(attributes: etree._Element, name: str, root: str, extension: str, echo: bool = False) -> None:
    made = etree.SubElement(
        _value(attributes, name, "II", echo), f"{{{table()['namespace']['hl7']}}}InstanceIdentifier"
    )
    made.set("root", root)
    made.set("extension", extension)


def _code(attributes: etree._Element, name: str, system: str, code: str, echo: bool = False) -> None:
    made = etree.SubElement(_value(attributes, name, "CV", echo), f"{{{table()['namespace']['hl7']}}}CodedValue")
    made.set("code", code)
    made.set("codeSystem", system)


def _text(parent: etree._Element, tag: str, text: str) -> etree._Element:
    made = etree.SubElement(parent, tag)
    made.text = text
    return made


__all__ = ["Question", "Role", "envelope", "facility_code", "role_code", "table"]
