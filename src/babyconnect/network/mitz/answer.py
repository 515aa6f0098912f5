"""The answer to a closed question, held against the question that was asked.  Pure.

Only one decision counts, about exactly her, this holder and these data, in answer to this very message.  Everything
else (a fault, other XML, an entity, another message's answer, two answers) is `Unreadable`, which denies.
"""

from __future__ import annotations

import uuid
from typing import Literal

from lxml import etree

from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_unsafe
from babyconnect.network.mitz.question import Question, table

Decision = Literal["permit", "deny", "not_applicable"]
_DECISIONS: dict[str, Decision] = {"Permit": "permit", "Deny": "deny", "NotApplicable": "not_applicable"}
MEDIA = ("application/soap+xml", "text/xml")


class Unreadable(Exception):
    """No answer to our question.  The text says why and quotes nothing."""


def read(status: int, media: str, body: bytes, question: Question, message: uuid.UUID) -> Decision:
    """The decision; Indeterminate and every other outcome raise Unreadable."""
    if status != 200 or media.partition(";")[0].strip().lower() not in MEDIA:
        raise Unreadable(f"no SOAP answer ({status})")
    root = _parsed(body)
    soap, wsa = table()["namespace"]["soap"], table()["namespace"]["addressing"]
    if root.tag != f"{{{soap}}}Envelope":
        raise Unreadable("no SOAP envelope")
    for relates in root.iterfind(f"{{{soap}}}Header/{{{wsa}}}RelatesTo"):
        if (relates.text or "").strip() != f"urn:uuid:{message}":
            raise Unreadable("an answer to another message")
    bodies = root.findall(f"{{{soap}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise Unreadable("not one answer")
    return _decided(_response(bodies[0][0], message), question)


def _parsed(body: bytes) -> etree._Element:
    try:
        refuse_unsafe(body)
        parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, remove_comments=True)
        return etree.fromstring(body, parser)
    except (Malformed, etree.XMLSyntaxError):
        raise Unreadable("not safe, well-formed XML") from None


def _response(content: etree._Element, message: uuid.UUID) -> etree._Element:
    """The XACML Response: by itself, or in the statement of a SAML assertion (IHE SeR, ITI-79)."""
    names = table()["namespace"]
    response, wrapped = f"{{{names['xacml']}}}Response", f"{{{names['samlp']}}}Response"
    if content.tag == wrapped:
        if content.get("InResponseTo") != f"_{message}":
            raise Unreadable("an answer to another query")
        path = f"{{{names['saml']}}}Assertion/{{{names['statement']}}}XACMLAuthzDecisionStatement/{response}"
        found = content.findall(path)
        if len(found) != 1:
            raise Unreadable("not one statement")
        return found[0]
    if content.tag != response:
        raise Unreadable("a fault, or something else than a decision")
    return content


def _decided(response: etree._Element, question: Question) -> Decision:
    xacml, attribute, root = table()["namespace"]["xacml"], table()["attribute"], table()["root"]
    results = response.findall(f"{{{xacml}}}Result")
    if len(results) != 1:
        raise Unreadable("not one result")
    (result,) = results
    wanted = {
        (attribute["patient"], root["bsn"], question.bsn.value),
        (attribute["holder"], root["ura"], question.holder.ura.value),
        (attribute["data"], root["data"], table()["data"]["code"]),
    }
    told = _echoed(result)
    if any(sum(1 for one in told if one[0] == id) != 1 for id, _, _ in wanted) or not wanted <= set(told):
        raise Unreadable("a decision about somebody or something else")
    decisions = [(one.text or "").strip() for one in result.findall(f"{{{xacml}}}Decision")]
    if len(decisions) != 1 or decisions[0] not in _DECISIONS:
        raise Unreadable("undecided")
    return _DECISIONS[decisions[0]]


def _echoed(result: etree._Element) -> list[tuple[str, str, str]]:
    """(attribute, root or code system, extension or code) of each that the result repeats."""
    xacml, hl7 = table()["namespace"]["xacml"], table()["namespace"]["hl7"]
    found = []
    for attribute in result.iterfind(f"{{{xacml}}}Attributes/{{{xacml}}}Attribute"):
        for value in attribute.iterfind(f"{{{xacml}}}AttributeValue/*"):
            id = attribute.get("AttributeId", "")
            if value.tag == f"{{{hl7}}}InstanceIdentifier":
                found.append((id, value.get("root", ""), value.get("extension", "")))
            elif value.tag == f"{{{hl7}}}CodedValue":
                found.append((id, value.get("codeSystem", ""), value.get("code", "")))
    return found
