"""The directory's interactions (mCSD ITI-90 and ITI-91): Organization and Endpoint, to search, read and follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from babyconnect.api.http import Answer
from babyconnect.api.region_call import Call, Handle, Refusal, answer
from babyconnect.api.region_parameters import fhir_base, number, only
from babyconnect.definitions import document
from babyconnect.network import fhir4
from babyconnect.network.directory import resources
from babyconnect.trust.published_keys import MOST_PUBLISHED, presentable

MOST_PER_PAGE = 500


def search(kind: str) -> Handle:
    async def interaction(call: Call) -> Answer:
        only(call.query, "_count", "_after", "identifier", "organization", "active", "status")
        count = min(MOST_PER_PAGE, number(call.query, "_count", document("network.toml")["directory"]["page_size"]))
        # The stamp is read before the rows: what changes in between is then told twice, never missed.
        stamp = call.state.directory.last_updated()
        found = call.state.directory.current(kind, call.query.get("_after", ""), count + 1)
        page = [r for r in found[:count] if _matches(r, call.query)]
        here = f"{fhir_base(call.state)}/{kind}"
        following = f"{here}?_count={count}&_after={found[count - 1]['id']}" if len(found) > count else None
        bundle = fhir4.searchset([fhir4.entry(fhir_base(call.state), r) for r in page], here, following)
        bundle["meta"] = {"lastUpdated": stamp}
        return answer(bundle)

    return interaction


def _matches(resource: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    if "identifier" in query:
        wanted = query["identifier"].rpartition("|")
        values = {(i.get("system"), i.get("value")) for i in resource.get("identifier", [])}
        if not any(value == wanted[2] and (not wanted[0] or system == wanted[0]) for system, value in values):
            return False
    if "organization" in query and _managed_by(resource) != query["organization"].rpartition("/")[2]:
        return False
    if "status" in query and resource.get("status") != query["status"]:
        return False
    return "active" not in query or str(resource.get("active")).lower() == query["active"]


def _managed_by(resource: Mapping[str, Any]) -> str:
    return str(resource.get("managingOrganization", {}).get("reference", "")).rpartition("/")[2]


async def publish_keys(call: Call) -> Answer:
    """An organisation's own keys, told by itself with a key that is still among them (rotation, without a restart)."""
    if call.path["id"] != resources.organization_id(call.party.ura):
        raise Refusal(403, "forbidden", "an organisation publishes its own keys only")
    given = call.json().get("parameter")
    texts = [one.get("valueString") for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    try:
        published = presentable(orjson.loads(texts[0])) if len(texts) == 1 and isinstance(texts[0], str) else None
    except ValueError:
        published = None
    if published is None:
        raise Refusal(422, "value", f"a JWKS of 1 to {MOST_PUBLISHED} public keys of the allowed algorithms")
    await call.log("directory", detail=f"Organization/{call.path['id']}")
    if not await call.state.directory.put_keys(call.party.ura, published):
        raise Refusal(404, "not-found", "no such Organization")
    return answer({"resourceType": "Parameters", "parameter": []})


def read(kind: str) -> Handle:
    async def interaction(call: Call) -> Answer:
        resource = call.state.directory.read(kind, call.path["id"])
        if resource is None:
            raise Refusal(404, "not-found", f"no such {kind}")
        return answer(resource, headers={"ETag": f'W/"{resource["meta"]["versionId"]}"'})

    return interaction


def history(kind: str) -> Handle:
    async def interaction(call: Call) -> Answer:
        only(call.query, "_since")
        since = call.query.get("_since")
        try:
            since = fhir4.instant(fhir4.moment(since)) if since else None
        except ValueError:
            raise Refusal(400, "value", "_since is an instant with a zone") from None
        stamp = call.state.directory.last_updated()
        bundle = fhir4.history(
            fhir_base(call.state), call.state.directory.changes(kind, since), f"{fhir_base(call.state)}/{kind}/_history"
        )
        bundle["meta"] = {"lastUpdated": stamp}
        return answer(bundle)

    return interaction
