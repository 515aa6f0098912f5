"""What the regional services' HTTP API is, for `openapi`: made of the very table of routes that serves it."""

from __future__ import annotations

import inspect
import re
from typing import Any

from babyconnect.api.openapi import (
    FORM,
    ID,
    JSON,
    OBJECT,
    OUTCOME,
    PATH,
    TEXT,
    Described,
    answers,
    document,
    operation,
    parameter,
)  # fmt: skip
from babyconnect.api.region_routes import ROUTES
from babyconnect.network.signed import FHIR_JSON

_REFUSED = (400, 401, 403, 404, 408, 409, 410, 413, 415, 422, 429, 500, 503)


def described(base: str) -> dict[str, Any]:
    paths: dict[str, Any] = {
        PATH: {"get": operation("This description", answers((200,), [JSON], OBJECT, OBJECT))},
        "/health": {"get": operation("Whether the region serves", answers((200, 503), [JSON], OBJECT, OBJECT))},
        "/metrics": {"get": operation("Figures", answers((200,), [TEXT], OBJECT, OBJECT))},
    }
    for method, path, service, handle in ROUTES:
        told = (inspect.getdoc(handle) or service).partition("\n")[0]
        said = answers((200, 201, 204, *_REFUSED), [FHIR_JSON], OBJECT, OUTCOME)
        named = [parameter(name, "path", ID) for name in re.findall(r"\{(\w+)\}", path)]
        paths.setdefault(path, {})[method.lower()] = operation(
            told, said, parameters=named, body=_body(method, path), security=("signed",), tag=service
        )
    scheme = {
        "type": "http",
        "scheme": "bearer",
        "description": "a JWT of the asking organisation for exactly this request: its method, address and body",
    }
    told = "Directory, localisation, pseudonyms, consents and evidence of one region; no clinical data."
    return document("Babyconnect region", told, base, paths, {"signed": scheme})


def _body(method: str, path: str) -> Described | None:
    if method != "POST":
        return None
    if path.endswith("/_search"):
        return {FORM: {"schema": OBJECT}}
    return {(FHIR_JSON if "/fhir/" in path else JSON): {"schema": OBJECT}}
