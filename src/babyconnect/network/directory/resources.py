"""An `Entry` as R4 Organization and Endpoint, and back (mCSD; codes in `definitions/network.toml`).

Keys travel as a JWKS in an attachment on the Organization: whoever may change the Organization may change its keys, so
both belong in one resource and one version.
"""

from __future__ import annotations

import base64
from typing import Any

import orjson

from babyconnect.birthcare.identifiers import AGB_SYSTEM, URA_SYSTEM, Ura
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.definitions import document
from babyconnect.network.contract import Endpoint, Entry, Jwks
from babyconnect.network.directory import did_web
from babyconnect.network.fhir4 import Resource


def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = document("network.toml")[name]
    return table


def organization_id(ura: Ura) -> str:
    return f"org-{ura.value}"


def endpoint_id(ura: Ura) -> str:
    return f"source-api-{ura.value}"


def organization(entry: Entry) -> dict[str, Any]:
    party, parties = entry.party, document("parties.toml")
    code = parties["kind"][party.kind.value]["codes"][0]
    identifiers = [{"system": URA_SYSTEM, "value": party.ura.value}]
    if entry.agb is not None:
        identifiers.append({"system": AGB_SYSTEM, "value": entry.agb.value})
    if entry.endpoint is not None:
        identifiers.append({"system": "urn:ietf:rfc:3986", "value": did_web.did_of(entry.endpoint)})
    resource: dict[str, Any] = {
        "resourceType": "Organization",
        "id": organization_id(party.ura),
        "extension": [_keys_extension(entry.keys), *_portal_extension(entry.portal)],
        "identifier": identifiers,
        "active": entry.active,
        "type": [
            {
                "coding": [
                    {"system": parties["organisation_type"]["system"], "code": code},
                    {"system": _table("organisation_type")["own_system"], "code": party.kind.value},
                ]
            }
        ],
        "name": party.name,
    }
    if entry.endpoint is not None:
        resource["endpoint"] = [{"reference": f"Endpoint/{endpoint_id(party.ura)}"}]
    return resource


def endpoint(entry: Entry) -> dict[str, Any] | None:
    if entry.endpoint is None:
        return None
    table = _table("directory")
    return {
        "resourceType": "Endpoint",
        "id": endpoint_id(entry.party.ura),
        "extension": [
            {"url": table["token_endpoint_extension"], "valueUrl": entry.endpoint.token_endpoint},
            {"url": table["batch_extension"], "valueBoolean": entry.endpoint.batch},
            {"url": table["finds_extension"], "valueBoolean": entry.endpoint.finds},
            {"url": table["grant_extension"], "valueCode": entry.endpoint.grant},
        ],
        "status": "active" if entry.active else "off",
        "connectionType": {"system": table["connection_type_system"], "code": table["connection_type"]},
        "managingOrganization": {
            "reference": f"Organization/{organization_id(entry.party.ura)}",
            "identifier": {"system": URA_SYSTEM, "value": entry.party.ura.value},
        },
        "payloadType": [{"coding": [{"system": table["payload_type_system"], "code": table["payload_type"]}]}],
        "payloadMimeType": table["payload_mime_types"],
        "address": entry.endpoint.fhir_base,
    }


def _keys_extension(keys: Jwks) -> dict[str, Any]:
    data = base64.b64encode(orjson.dumps(keys)).decode()
    return {
        "url": _table("directory")["keys_extension"],
        "valueAttachment": {"contentType": "application/jwk-set+json", "data": data},
    }


def _portal_extension(portal: bool) -> list[dict[str, Any]]:
    return [{"url": _table("directory")["portal_extension"], "valueBoolean": True}] if portal else []


def with_keys(resource: Resource, keys: Jwks) -> dict[str, Any]:
    """The same Organization with other keys, as a version to come (without `meta`)."""
    url = _table("directory")["keys_extension"]
    others = [one for one in resource.get("extension", []) if one.get("url") != url]
    return {
        **{name: value for name, value in resource.items() if name != "meta"},
        "extension": [_keys_extension(keys), *others],
    }


def _extension(resource: Resource, url: str) -> dict[str, Any]:
    return next((e for e in resource.get("extension", []) if e.get("url") == url), {})


def read_party(resource: Resource) -> Party | None:
    """None when it is no organisation that we can work with: without URA or of an unknown kind."""
    own = _table("organisation_type")["own_system"]
    uras = [i.get("value", "") for i in resource.get("identifier", []) if i.get("system") == URA_SYSTEM]
    kinds = [
        coding.get("code")
        for concept in resource.get("type", [])
        for coding in concept.get("coding", [])
        if coding.get("system") == own
    ]
    if not uras or not kinds or kinds[0] not in set(Kind):
        return None
    return Party(Ura(uras[0]), str(resource.get("name", "")), Kind(kinds[0]))


def read_portal(resource: Resource) -> bool:
    return _extension(resource, _table("directory")["portal_extension"]).get("valueBoolean") is True


def read_keys(resource: Resource) -> Jwks:
    attachment = _extension(resource, _table("directory")["keys_extension"]).get("valueAttachment", {})
    keys = orjson.loads(base64.b64decode(attachment.get("data", ""), validate=True) or b'{"keys":[]}')
    if not isinstance(keys, dict) or not isinstance(keys.get("keys"), list):
        raise ValueError("not a JWKS")
    return keys


def read_endpoint(resource: Resource) -> tuple[Ura, Endpoint] | None:
    """None when it is not an active STU3 source API with a token endpoint."""
    table = _table("directory")
    mime_types = [str(mime) for mime in resource.get("payloadMimeType", [])]
    token_endpoint = _extension(resource, table["token_endpoint_extension"]).get("valueUrl")
    managing = resource.get("managingOrganization", {}).get("identifier", {})
    speaks_stu3 = any("fhirVersion=3.0" in mime for mime in mime_types)
    if resource.get("status") != "active" or not speaks_stu3 or not token_endpoint:
        return None
    if managing.get("system") != URA_SYSTEM:
        return None
    batch, finds = (_extension(resource, table[f"{name}_extension"]).get("valueBoolean") for name in ("batch", "finds"))
    grant = str(_extension(resource, table["grant_extension"]).get("valueCode", "minvws"))
    address = str(resource["address"]).rstrip("/")
    return Ura(managing["value"]), Endpoint(address, str(token_endpoint), batch is True, grant, finds is True)
