"""What a node's HTTP API is, for `openapi`: made of the tables of searching, of tokens and of refusals."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable
from typing import Any

from babyconnect import definitions
from babyconnect.api import access, audit, oauth, own_log
from babyconnect.api.openapi import (
    ERROR,
    FORM,
    ID,
    JSON,
    OBJECT,
    OUTCOME,
    PATH,
    TEXT,
    WORDS,
    Described,
    answers,
    document,
    operation,
    parameter,
)  # fmt: skip
from babyconnect.fhir.search_names import Parameter, parameters, types
from babyconnect.flows import templates
from babyconnect.trust import scopes

STU3, STU3_XML = "application/fhir+json", "application/fhir+xml"
FHIR = "/fhir/stu3"
_BUNDLE: Described = {
    "type": "object",
    "required": ["resourceType", "type"],
    "properties": {"resourceType": {"const": "Bundle"}, "type": {"enum": ["searchset", "history", "batch-response"]}},
}
_FORMAT = parameter("_format", "query", {"enum": ["json", "xml"]})
_COUNT = parameter("_count", "query", {"type": "integer", "minimum": 1, "maximum": 1000})
_TOKEN = {"type": "string", "minLength": 2, "maxLength": 100, "pattern": "^[A-Za-z][A-Za-z0-9]+$"}
_DATE = {"type": "string", "pattern": "^(eq|ge|le)?20[0-4][0-9]-0[1-9]-(0[1-9]|1[0-9]|2[0-8])$"}
_AS: dict[str, Described] = {"token": _TOKEN, "date": _DATE}
_ASKED = (401, 406, 413, 429, 500, 503)
_MACHINE = ("token", "certificate")


def described(base: str, prefixes: Collection[str]) -> dict[str, Any]:
    """The description of a node that has these mounts."""
    paths: dict[str, Any] = {PATH: {"get": operation("This description", _json((200,)))}, **_health()}
    parts = {
        FHIR: _fhir, own_log.PATH: _own_log, "/oauth": _oauth, "/.well-known/did.json": _did, audit.PATH: _log,
        f"{audit.PATH}/reconcile": _reconcile, "/access": _access, "/intake": _intake, "/mitz": _mitz,
    }  # fmt: skip
    for prefix, part in parts.items():
        if prefix in prefixes:
            paths |= part()
    schemes = {
        "token": {"type": "http", "scheme": "DPoP", "description": "RFC 9449: with a proof for each request"},
        "certificate": {"type": "mutualTLS", "description": "RFC 8705: Bearer, by the connection it is bound to"},
        "own": {"type": "http", "scheme": "bearer", "description": "a secret of this organisation's own systems"},
    }
    told = (
        "What other organisations and this organisation's own systems may ask of a node.  A BSN is never in an address."
    )
    return document("Babyconnect node", told, base, paths, schemes)


def _json(statuses: Iterable[int], good: Described = OBJECT, bad: Described = ERROR) -> Described:
    return answers(statuses, [JSON], good, bad)


def _fhir_answers(*statuses: int, good: Described = OBJECT) -> Described:
    return answers((200, *statuses, *_ASKED), [STU3, STU3_XML], good, OUTCOME)


def _health() -> Described:
    return {
        "/health": {
            "get": operation("Whether this node serves; 503 when it answers nobody", _json((200, 503), bad=OBJECT))
        },
        "/metrics": {"get": operation("Figures, without a client in any", answers((200,), [TEXT], OBJECT, OBJECT))},
    }


def _fhir() -> Described:
    fhir = functools.partial(operation, security=_MACHINE, tag="FHIR STU3")
    metadata = answers((200, 406), [STU3, STU3_XML], OBJECT, OUTCOME)
    batch = _only(
        resourceType={"const": "Bundle"},
        type={"const": "batch"},
        entry={"type": "array", "maxItems": 60, "items": {"anyOf": [_only(request=_request()), _find()]}},
    )
    paths: Described = {
        f"{FHIR}/metadata": {"get": operation("CapabilityStatement", metadata, parameters=[_FORMAT], tag="FHIR STU3")},
        FHIR: {"post": fhir("A batch of reads and searches; its first may be POST Patient/_search",
                            _fhir_answers(400, 415, 408, good=_BUNDLE),
                            body={STU3: {"schema": batch}})},
    }  # fmt: skip
    for type in types():
        searched = [_searched(one) for one in parameters(type).values() if one.name != "identifier"]
        found = _fhir_answers(400, good=_BUNDLE)
        paths[f"{FHIR}/{type}"] = {"get": fhir(f"Search {type}", found, parameters=[*searched, _COUNT, _FORMAT])}
        form = {one["name"]: one["schema"] for one in [*searched, _COUNT]} | _identified(type)
        schema = {"type": "object", "properties": form, "additionalProperties": False}
        paths[f"{FHIR}/{type}/_search"] = {
            "post": fhir(f"Search {type}; a BSN in the body only", _fhir_answers(400, 408, 415, good=_BUNDLE),
                         parameters=[_FORMAT], body={FORM: {"schema": schema}})
        }  # fmt: skip
    for type in (*types(), *definitions.document("source_api.toml")["read_only"]["types"]):
        id, version = parameter("id", "path", ID), parameter("version", "path", {"type": "integer", "minimum": 1})
        here = f"{FHIR}/{type}/{{id}}"
        paths[here] = {"get": fhir(f"Read one {type}", _fhir_answers(404), parameters=[id, _FORMAT])}
        history = _fhir_answers(404, good=_BUNDLE)
        paths[f"{here}/_history"] = {"get": fhir(f"Versions of one {type}", history, parameters=[id, _FORMAT])}
        paths[f"{here}/_history/{{version}}"] = {
            "get": fhir(f"One version of a {type}", _fhir_answers(404), parameters=[id, version, _FORMAT])
        }
    return paths


def _own_log() -> Described:
    """What a client reads of the log by her own token; of anybody else's there is no such thing."""
    moment = {"type": "string", "pattern": "^(ge|lt)20[0-4][0-9]-0[1-9]-(0[1-9]|1[0-9]|2[0-8])T00:00:00Z$"}
    found = answers((200, 400, 404, 413, 429, 401, 500, 503), [STU3], _BUNDLE, OUTCOME)
    told = "Who looked at her record, to a client herself"
    one = operation(told, found, parameters=[parameter("date", "query", moment)], security=_MACHINE, tag="FHIR R4")
    return {f"{own_log.PATH}/AuditEvent": {"get": one}}


def _only(**properties: Described) -> Described:
    """An object of just these."""
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": False}


def _request() -> Described:
    return _only(method={"const": "GET"}, url={"enum": ["Patient", "EpisodeOfCare", "Observation", "Condition"]})


def _find() -> Described:
    form = _only(name={"const": "identifier"}, valueString=_identified("Patient")["identifier"])
    listed = {"type": "array", "items": form, "minItems": 1, "maxItems": 1}
    return _only(
        request=_only(method={"const": "POST"}, url={"const": "Patient/_search"}),
        resource=_only(resourceType={"const": "Parameters"}, parameter=listed),
    )


def _searched(one: Parameter) -> Described:
    schema = ID if one.name == "_id" or one.kind == "reference" else _AS[one.kind]
    return parameter(one.name, "query", schema, told=one.citation)


def _identified(type: str) -> Described:
    if "identifier" not in parameters(type):
        return {}
    return {"identifier": {"type": "string", "pattern": "^http://fhir\\.nl/fhir/NamingSystem/bsn\\|[0-9]{9}$"}}


def _form(required: Iterable[str], optional: Iterable[str] = ()) -> Described:
    names = [*required, *optional]
    text = {"type": "string", "minLength": 1, "maxLength": 1000, "pattern": "^[A-Za-z0-9._-]+$"}
    schema = {
        "type": "object",
        "required": list(required),
        "properties": dict.fromkeys(names, text),
        "additionalProperties": False,
    }
    return {FORM: {"schema": schema}}


def _oauth() -> Described:
    tokens = functools.partial(operation, tag="OAuth")
    refused = (400, 401, 408, 413, 415, 429, 500, 503)
    given: Described = {"type": "object", "required": ["access_token", "token_type", "expires_in", "scope"]}
    grants = _form(
        ("grant_type", "scope"), ("client_assertion", "client_assertion_type", "target_audience", "assertion")
    )
    grants[FORM]["schema"]["properties"] = {
        **grants[FORM]["schema"]["properties"],
        "grant_type": {"enum": list(scopes.grants())},
        "scope": {"enum": list(scopes.known())},
    }
    proof = parameter(
        "DPoP", "header", {"type": "string", "pattern": "^[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$"}
    )
    caller = ("client_assertion", "client_assertion_type")
    public = {"get": tokens("RFC 8414 metadata", _json((200, 500)))}
    return {
        oauth.TOKEN: {"post": tokens("A token, by one of three grants", _json((200, *refused), given), body=grants,
                                     parameters=[proof])},
        oauth.INTROSPECT: {"post": tokens("What a token stands for (RFC 7662)", _json((200, *refused)),
                                          body=_form(("token",), caller), security=("certificate", "own"))},
        oauth.REVOKE: {"post": tokens("End a token (RFC 7009)", _json((200, *refused)),
                                      body=_form(("token",), caller), security=("certificate",))},
        oauth.DEFINITION: {"get": tokens("What a presentation must show", _json((200, 500)))},
        oauth.METADATA: public,
        oauth.JWKS: {"get": tokens("This node's public keys", _json((200, 500)))},
    }  # fmt: skip


def _did() -> Described:
    did = answers((200,), ["application/did+json"], OBJECT, OBJECT)
    return {"/.well-known/did.json": {"get": operation("did:web document", did, tag="Trust")}}


def _log() -> Described:
    since = parameter("since", "query", {"type": "integer", "minimum": 0, "maximum": 10**18 - 1})
    marks: Described = {"type": "array", "items": OBJECT}
    told = functools.partial(operation, tag="Log", parameters=[since])
    return {
        f"{audit.PATH}/checkpoint": {"get": operation("The log's last signed head", _json((200, 404)), tag="Log")},
        f"{audit.PATH}/checkpoints": {"get": told("Signed heads after a record", _json((200, 400, 429), marks))},
        f"{audit.PATH}/growth": {"get": told("Proof that the log only grew", _json((200, 400, 404, 410, 429)))},
    }


def _reconcile() -> Described:
    said = _json((200, 400, 401, 413))
    return {
        f"{audit.PATH}/reconcile": {
            "post": operation("Compare logs; signed by another organisation, about itself only", said,
                              body={JSON: {"schema": OBJECT}}, security=("certificate",), tag="Log")
        }
    }  # fmt: skip


def _access() -> Described:
    entity: Described = {"type": "object", "required": ["type", "id"], "properties": {}}
    asked: Described = {
        "type": "object",
        "required": ["subject", "action", "resource"],
        "properties": {"subject": entity, "action": OBJECT, "resource": entity, "context": OBJECT},
    }
    said = _json((200, 400, 401, 404, 408, 413, 415, 503))
    one = functools.partial(operation, security=("own",), tag="AuthZEN")
    metadata = operation("AuthZEN metadata", _json((200,)), tag="AuthZEN")
    return {
        access.ONE: {"post": one("A decision", said, body={JSON: {"schema": asked}})},
        access.MANY: {"post": one("Many decisions", said, body={JSON: {"schema": OBJECT}})},
        access.METADATA: {"get": metadata},
    }


def _intake() -> Described:
    own = functools.partial(operation, security=("own",), tag="Intake")
    refused = (400, 401, 408, 413, 415, 422, 500, 503)
    sheets = ("text/csv", "application/zip", templates.XLSX)
    media = ("application/xml", "application/fhir+xml", "application/json", STU3, *sheets)
    body = {one: {"schema": OBJECT if "json" in one else {"type": "string"}} for one in media}
    named = [
        parameter("type", "path", {"type": "string", "pattern": "^[A-Z][A-Za-z]{1,40}$"}),
        parameter("id", "path", {"type": "string", "pattern": "^[A-Za-z0-9.-]{1,64}$"}),
    ]
    counts = {
        **answers((200,), [JSON], {"type": "array", "items": OBJECT}, OUTCOME),
        **answers((401,), [STU3], OUTCOME, OUTCOME),
    }
    return {
        "/intake/completeness": {"get": own("What was handed in fills, by data element: counts", counts)},
        "/intake": {"post": own("Hand in a record", answers((200, *refused), [STU3], OUTCOME, OUTCOME), body=body)},
        "/intake/{type}/{id}": {
            "delete": own("Take back what was a mistake", answers((200, 401, 404, 503), [STU3], OUTCOME, OUTCOME),
                          parameters=named)
        },
    }  # fmt: skip


def _mitz() -> Described:
    bare: Described = {str(status): {"description": WORDS[status]} for status in (204, 400, 401, 413)}
    body = {"application/fhir+json": {"schema": OBJECT}, "application/fhir+xml": {"schema": {"type": "string"}}}
    return {"/mitz/notify": {"post": operation("A changed choice", bare, body=body, security=("own",), tag="Mitz")}}
