"""Every way in which the source API says no, in one table: HTTP status, FHIR issue code, and the sentence.

FHIR STU3 operationoutcome.html and http.html.  "Does not exist" and "not for you" are one outcome: an asker must not be
able to tell them apart (domain §4).  No sentence repeats what was sent, which may hold a BSN.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from xml.sax.saxutils import escape

import orjson


@dataclass(frozen=True, slots=True)
class Refusal:
    """One way to say no; `detail` names what was wrong in our own words (a parameter's name, never a value)."""

    name: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Said:
    status: int
    code: str
    text: str


OUTCOMES = {
    "not_understood": _Said(400, "invalid", "The request is not understood."),
    "parameter": _Said(400, "not-supported", "This search parameter is not supported here."),
    "value": _Said(400, "value", "The value of a search parameter is not valid."),
    "bsn_in_url": _Said(400, "security", "An identifier is searched by POST [type]/_search only, never in a URL."),
    "no_token": _Said(401, "login", "A valid access token is needed."),
    "not_found": _Said(404, "not-found", "There is no such resource."),
    "no_such_interaction": _Said(404, "not-supported", "There is no such interaction."),
    "method": _Said(405, "not-supported", "The method is not allowed here."),
    "not_acceptable": _Said(406, "not-supported", "Answers are application/fhir+json or application/fhir+xml."),
    "too_slow": _Said(408, "timeout", "The request took too long to arrive."),
    "too_large": _Said(413, "too-long", "The request is too large."),
    "media_type": _Said(415, "not-supported", "The content type of the request is not supported here."),
    "too_often": _Said(429, "throttled", "Too many requests; come back later."),
    "fault": _Said(500, "exception", "Something went wrong on this side."),
    "unavailable": _Said(503, "transient", "No answer can be given now; try again later."),
}


def status(refusal: Refusal) -> int:
    return OUTCOMES[refusal.name].status


@functools.lru_cache(maxsize=256)
def operation_outcome(refusal: Refusal, json: bool) -> bytes:
    """The OperationOutcome of a refusal (STU3), as JSON or XML."""
    said = OUTCOMES[refusal.name]
    text = f"{said.text} ({refusal.detail})" if refusal.detail else said.text
    if json:
        issue = {"severity": "error", "code": said.code, "diagnostics": text}
        return orjson.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
    return (
        '<?xml version="1.0" encoding="UTF-8"?><OperationOutcome xmlns="http://hl7.org/fhir"><issue>'
        f'<severity value="error"/><code value="{said.code}"/>'
        f'<diagnostics value="{escape(text, {chr(34): "&quot;"})}"/></issue></OperationOutcome>'
    ).encode()
