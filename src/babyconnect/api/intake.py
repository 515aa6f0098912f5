"""`POST /intake`: a source system of this organisation hands in a record, with a token of its own.

The token is not one of the region's: it opens this door only, and the node knows no more of it than its SHA-256.  The
content decides its format; the answer is an OperationOutcome (STU3) with the findings that the command prints.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
import structlog

from babyconnect.api.http import Answer, Request, body, media_type, refuse, request, send
from babyconnect.api.outcomes import Refusal
from babyconnect.api.server import Receive, Scope, Send
from babyconnect.audit import AuditFault
from babyconnect.flows import faults
from babyconnect.flows.findings import Finding, InputReport, Report
from babyconnect.flows.inputs import Input
from babyconnect.flows.templates import XLSX
from babyconnect.sources.recognise import LIMIT

Publish = Callable[[Input], Awaitable[Report]]
Complete = Callable[[], list[dict[str, Any]]]
Withdraw = Callable[[str, str], Awaitable[object | None]]
_NAMED = re.compile(r"/(?P<type>[A-Z][A-Za-z]{1,40})/(?P<id>[A-Za-z0-9.-]{1,64})", re.ASCII)
COMPLETENESS = "/completeness"
_WITHDRAWN = orjson.dumps(
    {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "information", "code": "informational", "diagnostics": "withdrawn: shown to nobody"}],
    }
)
Audit = Callable[[Mapping[str, Any]], Awaitable[object]]

_log = structlog.get_logger(__name__)
BODY_SECONDS = 60.0
_MEDIA = frozenset(
    {"application/xml", "text/xml", "application/fhir+xml", "application/json", "application/fhir+json", "text/csv",
     "application/zip", XLSX, ""}
)  # fmt: skip
# FHIR STU3 valueset-issue-type for the rules of publishing; what is not here is "invalid".
_CODES = {
    "fault": "exception",
    "empty": "required",
    "cardinality": "required",
    "unknown-element": "structure",
    "xml": "structure",
    "json": "structure",
    "root": "structure",
    "namespace": "structure",
    "doctype": "security",
    "narrative": "security",
    "depth": "too-costly",
    "size": "too-long",
    "date": "value",
    "value": "value",
    "bsn": "value",
    "code": "code-invalid",
    "unknown-code": "code-invalid",
    "unknown-concept": "not-supported",
    "not-mapped": "not-supported",
    "version": "not-supported",
    "format": "not-supported",
    "data-set": "not-supported",
    "transaction": "not-supported",
    "unresolved-reference": "incomplete",
    "no-client": "business-rule",
    "no-child": "business-rule",
    "two-clients": "business-rule",
    "duplicate-id": "duplicate",
    "duplicate-row": "duplicate",
    "sheet": "structure",
    "column": "structure",
    "merged": "structure",
    "caregiver": "incomplete",
    **dict.fromkeys(
        (
            "number",
            "whole",
            "gestation",
            "yes-no",
            "identifier",
            "number-thousands",
            "date-order",
            "date-number",
            "date-time",
            "date-far",
            "implausible",
            "zero",
        ),
        "value",
    ),
}
_CHALLENGE = ((b"www-authenticate", b'Bearer realm="intake"'),)


@dataclass(frozen=True, slots=True)
class Intake:
    """The endpoint.  `token_sha256`: hex, "" closes it.  `audit` gets one event per record, before the answer.

    An event: `type` ("publish"), `outcome` ("ok", "refused" or "fault"), `client` (opaque id), `count` of resources
    kept, `digest` of the content (SHA-256), `address`, `trace`, and `reasons` (the rules that refused it).
    """

    token_sha256: str
    publish: Publish
    audit: Audit
    limit: int = LIMIT
    withdraw: Withdraw | None = None
    complete: Complete | None = None
    """What its exports fill so far, for the source system itself: counts, nothing of a client."""
    # One record at a time: what one takes of memory is bounded, what all callers together take must be too.
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, scope: Scope, receive: Receive, sending: Send) -> None:
        if scope["type"] == "http":
            await send(await self._answer(request(scope, receive, "/intake")), sending)

    async def _answer(self, asked: Request) -> Answer:
        named, counts = _NAMED.fullmatch(asked.path), self.complete and asked.path == COMPLETENESS
        if not self.token_sha256 or (asked.path not in ("", "/") and not named and not counts):
            return refuse(Refusal("no_such_interaction"))
        method = "DELETE" if named else "GET" if counts else "POST"
        if asked.method != method:
            return refuse(Refusal("method"), headers=((b"allow", method.encode()),))
        if asked.two_tokens:
            return refuse(Refusal("not_understood", "more than one Authorization header"))
        if not self._may_enter(asked.token):
            return refuse(Refusal("no_token"), headers=_CHALLENGE)
        if counts and self.complete:
            return Answer(200, orjson.dumps(self.complete()), media=b"application/json")
        if named:
            return await self._withdraw(named["type"], named["id"], asked)
        if media_type(asked.headers.get("content-type", "")) not in _MEDIA:
            return refuse(Refusal("media_type"))
        async with self.turn:
            content = await body(asked, self.limit, BODY_SECONDS)
            if isinstance(content, Refusal):
                return refuse(content)
            return await self._take(content, asked)

    def _may_enter(self, token: str | None) -> bool:
        given = hashlib.sha256((token or "").encode()).hexdigest()
        return hmac.compare_digest(given, self.token_sha256.strip().lower()) and bool(token)

    async def _withdraw(self, type_name: str, source_id: str, asked: Request) -> Answer:
        """Logged first: what is not in the log does not happen."""
        digest = hashlib.sha256(f"{type_name}/{source_id}".encode()).hexdigest()
        if not await self._note(asked, digest, "ok", None, "delete"):
            return refuse(Refusal("unavailable"))
        async with self.turn:
            outcome = await self.withdraw(type_name, source_id) if self.withdraw else None
        return refuse(Refusal("not_found")) if outcome is None else Answer(200, _WITHDRAWN)

    async def _take(self, content: bytes, asked: Request) -> Answer:
        digest = hashlib.sha256(content).hexdigest()
        try:
            report = await self.publish(Input("intake", content=content))
        except Exception as fault:  # whatever it was: the source system is told, and nothing of the content is
            _log.error(
                "intake_fault", fault=type(fault).__name__, at=faults.where(fault), digest=digest, trace=asked.trace
            )
            await self._note(asked, digest, "fault", None)
            return refuse(Refusal("fault"))
        for taken in report.inputs:
            if not await self._note(asked, digest, _came_of(taken), taken):
                # Kept, but not logged: the source sends again, finds it "already published", and that is logged.
                return refuse(Refusal("unavailable"))
        came = {_came_of(taken) for taken in report.inputs}
        return Answer(500 if "fault" in came else 422 if "refused" in came else 200, outcome(report.inputs))

    async def _note(
        self, asked: Request, digest: str, result: str, taken: InputReport | None, kind: str = "publish"
    ) -> bool:
        event = {
            "type": kind,
            "outcome": result,
            "client": taken.client if taken else "",
            "count": taken.created + taken.updated if taken else 0,
            "reasons": sorted({f.rule for f in taken.findings if f.severity == "error"}) if taken else [],
            "digest": digest,
            "address": asked.address,
            "trace": asked.trace,
        }
        try:
            await self.audit(event)
        except AuditFault:
            return False
        return True


def _came_of(taken: InputReport) -> str:
    if any(finding.rule == faults.RULE for finding in taken.findings):
        return "fault"
    return "refused" if taken.status == "refused" else "ok"


def outcome(reports: Sequence[InputReport]) -> bytes:
    """The findings of each record as an OperationOutcome, behind one issue that says what was done with it.

    A spreadsheet is a record for each client: those that were refused say so, the others were kept.
    """
    issues = [issue for report in reports for issue in _issues(report, len(reports) > 1)]
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": issues})


def _issues(report: InputReport, several: bool) -> list[dict[str, Any]]:
    issues = [_issue(finding) for finding in report.findings]
    said = f"{report.status}: {report.created} created, {report.updated} updated, {report.unchanged} unchanged"
    if report.status != "refused":
        said = f"{report.name}: {said}" if several else said
        issues.insert(0, {"severity": "information", "code": "informational", "diagnostics": said})
    return issues


def _issue(finding: Finding) -> dict[str, Any]:
    return {
        "severity": finding.severity,
        "code": _CODES.get(finding.rule, "invalid"),
        "details": {"coding": [{"system": "urn:babyconnect:rule", "code": finding.rule}], "text": finding.text},
        "diagnostics": finding.place,
    }
