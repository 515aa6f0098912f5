"""AuthZEN: `POST /access/v1/evaluation` and `/access/v1/evaluations` (OpenID AuthZEN Authorization API 1.0 §§6-7).

For the node's own systems, by a secret of their own; every evaluation is in the log before it is answered.  A decision
that cannot be made (a malformed entity, a silent consent register) is an error or a `false`, never a `true`.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import orjson

from babyconnect.api.http import trace_from
from babyconnect.api.server import Receive, Scope, Send
from babyconnect.audit.faults import AuditFault
from babyconnect.birthcare.access import CONSULT_SCOPE, EMERGENCY_SCOPE, Asker, Emergency, Purpose, Relation
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Responsible, Role
from babyconnect.flows.evaluate import Evaluation, Evaluator, explained
from babyconnect.flows.journal import Came
from babyconnect.network.contract import ConsentsUnknown

ONE, MANY = "/access/v1/evaluation", "/access/v1/evaluations"
METADATA = "/.well-known/authzen-configuration"
MAX_BODY = 200_000
MOST = 200
MAX_TEXT = 200
BODY_SECONDS = 10
SEMANTICS = ("execute_all", "deny_on_first_deny", "permit_on_first_permit")
_HEADERS = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


AWAY = "no decision can be made now"


class Refused(Exception):
    """An HTTP status other than 200, and a sentence that quotes nothing."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Access:
    """The ASGI application.  `secret_sha256`: of the secret with which the node's own systems ask."""

    def __init__(self, evaluator: Evaluator, base: str, secret_sha256: bytes) -> None:
        self._evaluator, self._base, self._secret = evaluator, base.rstrip("/"), secret_sha256

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            status, answer = 200, await self._answer(scope, headers, receive)
        except Refused as refusal:
            status, answer = refusal.status, {"error": refusal.text}
        except (AuditFault, ConsentsUnknown):
            status, answer = 503, {"error": AWAY}
        body = orjson.dumps(answer)
        extra = [(b"content-length", b"%d" % len(body))]
        if status == 405:
            extra.append((b"allow", b"GET" if scope["path"] == METADATA else b"POST"))
        if status == 401:
            extra.append((b"www-authenticate", b"Bearer"))
        known = headers.get("x-request-id", "")
        if known and len(known) <= 64 and known.isascii() and known.isprintable():
            extra.append((b"x-request-id", known.encode()))
        await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, *extra]})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, headers: Mapping[str, str], receive: Receive) -> dict[str, Any]:
        path = scope["path"]
        if path == METADATA and scope["method"] == "GET":
            return {
                "policy_decision_point": self._base,
                "access_evaluation_endpoint": self._base + ONE,
                "access_evaluations_endpoint": self._base + MANY,
            }
        if path not in (ONE, MANY, METADATA):
            raise Refused(404, "no such endpoint")
        if scope["method"] != "POST" or path == METADATA:
            raise Refused(405, "another method")
        scheme, _, given = headers.get("authorization", "").partition(" ")
        digest = hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
        authorisations = sum(name.lower() == b"authorization" for name, _ in scope["headers"])
        if not hmac.compare_digest(digest, self._secret) or scheme.lower() != "bearer" or authorisations != 1:
            raise Refused(401, "the secret of an own system is required")
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refused(415, "application/json is required")
        asked = _object(await _body(receive), "the body")
        came = Came(trace_from(headers), (scope.get("client") or ("",))[0])
        if path == ONE or "evaluations" not in asked:
            return await self._one(asked, came)
        return {"evaluations": await self._many(asked, came)}

    async def _one(self, asked: Mapping[str, Any], came: Came) -> dict[str, Any]:
        (found,) = await self._evaluator.evaluate([_evaluation(asked)], _system(asked), came)
        return {"decision": found.allowed, "context": explained(found)}

    async def _many(self, asked: Mapping[str, Any], came: Came) -> list[dict[str, Any]]:
        """Each with the request's own entities as defaults; in order; stopping where the semantics say so."""
        listed = asked["evaluations"]
        if not isinstance(listed, list) or not 0 < len(listed) <= MOST:
            raise Refused(400, f"evaluations: 1 to {MOST}")
        options = _object(asked.get("options", {}), "options")
        semantics = options.get("evaluations_semantic", SEMANTICS[0])
        if semantics not in SEMANTICS:
            raise Refused(400, "no such evaluations_semantic")
        defaults = {name: asked[name] for name in ("subject", "action", "resource", "context") if name in asked}
        answers: list[dict[str, Any]] = []
        for one in listed:
            answers.append(await self._part({**defaults, **_object(one, "an evaluation")}, came))
            allowed = answers[-1]["decision"]
            if semantics == SEMANTICS[1 if not allowed else 2] and semantics != SEMANTICS[0]:
                break
        return answers

    async def _part(self, asked: Mapping[str, Any], came: Came) -> dict[str, Any]:
        """An evaluation of a batch that cannot be read, or about whom a register is silent, is a no of its own
        (§7.2.1); without the log none is answered."""
        try:
            return await self._one(asked, came)
        except Refused as refusal:
            return _no(refusal.status, refusal.text)
        except ConsentsUnknown:
            return _no(503, AWAY)


def _no(status: int, text: str) -> dict[str, Any]:
    return {"decision": False, "context": {"error": {"status": status, "message": text}}}


def _evaluation(asked: Mapping[str, Any]) -> Evaluation:
    subject, resource = _object(asked.get("subject"), "subject"), _object(asked.get("resource"), "resource")
    action, context = _object(asked.get("action"), "action"), _object(asked.get("context", {}), "context")
    if subject.get("type") != "user" or action.get("name") != "read":
        raise Refused(400, "a subject of type user and the action read are known here")
    said, labels = (
        _object(subject.get("properties"), "properties"),
        _object(resource.get("properties", {}), "properties"),
    )
    client = _text(labels.get("client")) if resource.get("type") != "Patient" else _text(resource.get("id"))
    return Evaluation(
        asker=_asker(_text(subject.get("id")), said, context),
        client=client,
        group=_text(labels["group"]) if "group" in labels else "",
        shielded=_texts(labels.get("shielded", [])),
        episodes=_texts(labels.get("episodes", [])),
    )


def _asker(person: str, said: Mapping[str, Any], context: Mapping[str, Any]) -> Asker:
    try:
        responsible, emergency = said.get("responsible"), context.get("emergency")
        return Asker(
            Ura(_text(said.get("organization_ura"))),
            Kind(_text(said.get("organization_kind"))),
            person,
            Role(_text(said.get("user_role"))),
            _purpose(_text(context.get("purpose_of_use", "TREAT"))),
            tuple(_relation(_object(one, "treatment_relation")) for one in _list(said.get("treatment_relation", []))),
            responsible=_responsible(_object(responsible, "responsible")) if responsible else None,
            loa=_text(said.get("loa", "low")),
            scopes=frozenset({EMERGENCY_SCOPE if emergency else CONSULT_SCOPE}),
            emergency=_emergency(_object(emergency, "emergency")) if emergency else None,
        )
    except ValueError:
        raise Refused(400, "organisation, role, purpose or evidence is not known here") from None


def _purpose(code: str) -> Purpose:
    """Of professionals: what a client may see of her own is decided elsewhere, by what only the door knows."""
    purpose = Purpose(code)
    if purpose is Purpose.OWN_RECORD:
        raise ValueError("no purpose of a professional")
    return purpose


def _responsible(said: Mapping[str, Any]) -> Responsible:
    return Responsible(_text(said.get("user_id")), Role(_text(said.get("user_role"))))


def _emergency(said: Mapping[str, Any]) -> Emergency:
    return Emergency(_text(said.get("reason")), said.get("over_objection") is True)


def _relation(said: Mapping[str, Any]) -> Relation:
    start, end = (dt.date.fromisoformat(_text(said[name])) if name in said else None for name in ("start", "end"))
    return Relation(_text(said.get("basis")), _text(said.get("evidence")), start, end)


def _system(asked: Mapping[str, Any]) -> str:
    context = asked.get("context")
    return _text(context["system"]) if isinstance(context, dict) and "system" in context else "own"


def _object(value: object, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Refused(400, f"{what} must be an object")
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list) or len(value) > 16:
        raise Refused(400, "a list of at most 16 is expected")
    return value


def _texts(value: object) -> tuple[str, ...]:
    return tuple(_text(one) for one in _list(value))


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TEXT or not value.isprintable():
        raise Refused(400, "a text is missing or too long")
    return value


async def _body(receive: Receive) -> Any:
    parts, size = [], 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while True:
                message = await receive()
                if message["type"] != "http.request":
                    raise Refused(400, "the body did not come")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MAX_BODY:
                    raise Refused(413, "the body is too large")
                if not message.get("more_body"):
                    break
    except TimeoutError:
        raise Refused(408, "the body did not come") from None
    try:
        return orjson.loads(b"".join(parts))
    except ValueError:
        raise Refused(400, "the body is no JSON") from None
