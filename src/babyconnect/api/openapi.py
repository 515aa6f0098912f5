"""An OpenAPI 3.1 description, made of the tables that a server works by: `GET /openapi.json` of a node and of a region.

OpenAPI Specification 3.1.1.  This module has the words that both need; what is described is in `openapi_node` and
`openapi_region`, and held against the real routes by tests/attacks/test_openapi.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from babyconnect import __version__
from babyconnect.api.asgi import App, Receive, Scope, Send
from babyconnect.api.outcomes import OUTCOMES

PATH = "/openapi.json"
Described = dict[str, Any]

JSON, FORM, TEXT = "application/json", "application/x-www-form-urlencoded", "text/plain"
ID = {"type": "string", "pattern": "^[A-Za-z0-9.-]{0,62}[A-Za-z]$", "minLength": 1, "maxLength": 63}
"""An id as we make them, which always end in a letter here: one of digits only might be a BSN and is refused."""
OBJECT: Described = {"type": "object"}
OUTCOME = {"$ref": "#/components/schemas/OperationOutcome"}
_OUTCOME: Described = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["severity", "code"],
                "properties": {"severity": {"enum": ["fatal", "error", "warning", "information"]}},
            },
        },
    },
}
_ERROR: Described = {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}
ERROR = {"$ref": "#/components/schemas/Error"}
WORDS = {said.status: said.text for said in OUTCOMES.values()} | {
    200: "Done.",
    201: "Made.",
    202: "Taken in.",
    204: "Done; nothing to say.",
    403: "Not for this organisation.",
    409: "It contradicts what is kept.",
    410: "It is not kept any more.",
    421: "Not by this connection: other organisations' systems come with their certificate.",
    422: "It cannot be taken as it is.",
}


def parameter(name: str, where: str, schema: Described, required: bool = False, told: str = "") -> Described:
    return {
        "name": name,
        "in": where,
        "schema": schema,
        "required": required or where == "path",
        **({"description": told} if told else {}),
    }


def answers(statuses: Iterable[int], media: Iterable[str], good: Described, bad: Described) -> Described:
    """What may be answered: `good` below 300, `bad` from 400."""
    found: Described = {}
    for status in sorted(set(statuses)):
        schema = good if status < 300 else bad
        content = {one: {"schema": schema if "json" in one else {"type": "string"}} for one in media}
        described: Described = {"description": WORDS[status]}
        if status != 204:
            described["content"] = content
        if status == 429:
            described["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "required": True}}
        found[str(status)] = described
    return found


def operation(
    summary: str, responses: Described, *, parameters: Iterable[Described] = (), body: Described | None = None,
    security: Iterable[str] = (), tag: str = "",
) -> Described:  # fmt: skip
    found: Described = {"summary": summary, "responses": responses, "security": [{one: []} for one in security]}
    if parameters := list(parameters):
        found["parameters"] = parameters
    if body is not None:
        found["requestBody"] = {"required": True, "content": body}
    return {**found, **({"tags": [tag]} if tag else {})}


def document(title: str, told: str, base: str, paths: Mapping[str, Any], schemes: Described) -> Described:
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": __version__, "description": told, "license": {"name": "EUPL-1.2"}},
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"schemas": {"OperationOutcome": _OUTCOME, "Error": _ERROR}, "securitySchemes": schemes},
    }


def serving(described: Mapping[str, Any]) -> App:
    """The description, for everybody: it tells nothing of anybody."""
    body = orjson.dumps(described)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["path"] == PATH and scope["method"] in ("GET", "HEAD")
        status = 200 if asked else 405 if scope["path"] == PATH else 404
        headers = [(b"content-type", b"application/json")]
        headers += [(b"cache-control", b"max-age=300")] if asked else [(b"allow", b"GET, HEAD")]
        said = body if asked else b"{}"
        headers.append((b"content-length", b"%d" % len(said)))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else said})

    return answer
