"""Keys in the directory: an organisation replaces its own, and every replica believes by what is published now."""

from __future__ import annotations

import base64
import time
from typing import Any

import orjson
import pytest

from babyconnect.exchange.http1 import Http
from babyconnect.flows.signatures import signer
from babyconnect.network.contract import RegionFault
from babyconnect.network.directory import resources
from babyconnect.network.directory.service import DirectoryService
from babyconnect.network.signed import Region
from babyconnect.trust import keys
from babyconnect.trust.keys import SigningKey
from tests.federation import region as regions
from tests.federation.conftest import Federation
from tests.federation.region import HOSPITAL, NAME, PRACTICE, Node
from tests.federation.serving import calling


def place(party) -> str:
    return f"/fhir/r4/Organization/{resources.organization_id(party.ura)}/$publish-keys"


def body(published: Any) -> dict[str, Any]:
    text = published if isinstance(published, str) else orjson.dumps(published).decode()
    return {"resourceType": "Parameters", "parameter": [{"name": "jwks", "valueString": text}]}


async def publish(node: Node, published: Any, party=None) -> int:
    status, _ = await node.region.send("POST", place(party or node.party), body(published))
    return status


def speaking(federation: Federation, node: Node, key: SigningKey, http: Http) -> Region:
    return Region(federation.base, NAME, signer(key, node.party.ura, time.time), http)


async def test_a_node_adds_a_key_and_every_replica_believes_both(federation: Federation) -> None:
    hospital, practice, new = federation[HOSPITAL], federation[PRACTICE], keys.generate()
    assert await publish(hospital, keys.jwks(hospital.key, new)) == 200
    await practice.directory.refresh()
    known = practice.directory.keys(HOSPITAL.ura)
    assert keys.find(known, hospital.key.kid) and keys.find(known, new.kid)


async def test_a_key_taken_out_is_refused_at_once_by_the_region_and_by_a_replica_that_followed(
    federation: Federation,
) -> None:
    hospital, practice, new = federation[HOSPITAL], federation[PRACTICE], keys.generate()
    assert await publish(hospital, keys.jwks(new)) == 200
    status, _ = await hospital.region.send("GET", "/fhir/r4/Organization")
    assert status == 401
    await practice.directory.refresh()
    assert keys.find(practice.directory.keys(HOSPITAL.ura), hospital.key.kid) is None
    async with calling() as http:
        status, _ = await speaking(federation, hospital, new, http).send("GET", "/fhir/r4/Organization")
    assert status == 200


async def test_nobody_publishes_keys_for_another(federation: Federation) -> None:
    theirs = federation.state.directory.keys(PRACTICE.ura)
    assert await publish(federation[HOSPITAL], keys.jwks(keys.generate()), PRACTICE) == 403
    assert federation.state.directory.keys(PRACTICE.ura) == theirs


def _renamed(key: SigningKey) -> dict[str, Any]:
    return {"keys": [{**key.public(), "kid": "another"}]}


@pytest.mark.parametrize(
    "given",
    [
        "rubbish",
        "[]",
        {"keys": []},
        {"keys": "all"},
        {"keys": [None]},
        {"keys": [keys.generate().public() for _ in range(5)]},
        {"keys": [keys.generate().public(), {"kty": "oct", "k": "c2VjcmV0", "kid": "x", "alg": "HS256"}]},
        {"keys": [keys.generate().private.as_dict(private=True)]},
        {"keys": [{**keys.generate().public(), "alg": "none"}]},
        _renamed(keys.generate()),
    ],
    ids=["no json", "no object", "none", "no list", "null", "too many", "symmetric", "private", "alg none", "renamed"],
)
async def test_what_is_no_set_of_public_keys_changes_nothing(federation: Federation, given: Any) -> None:
    before = federation.state.directory.keys(HOSPITAL.ura)
    assert await publish(federation[HOSPITAL], given) == 422
    assert federation.state.directory.keys(HOSPITAL.ura) == before


async def test_the_same_key_twice_is_refused(federation: Federation) -> None:
    own = federation[HOSPITAL].key.public()
    assert await publish(federation[HOSPITAL], {"keys": [own, own]}) == 422


async def test_a_change_of_keys_is_in_the_regions_log(federation: Federation) -> None:
    federation.log.events.clear()
    hospital = federation[HOSPITAL]
    await publish(hospital, keys.jwks(hospital.key, keys.generate()))
    (event,) = [one for one in federation.log.events if one.action == "directory"]
    assert event.organisation == HOSPITAL.ura.value


async def test_when_it_cannot_be_logged_it_is_not_done(federation: Federation) -> None:
    hospital = federation[HOSPITAL]
    federation.log.broken = True
    with pytest.raises(RegionFault):
        await publish(hospital, keys.jwks(keys.generate()))
    federation.log.broken = False
    assert federation.state.directory.keys(HOSPITAL.ura) == keys.jwks(hospital.key)


async def test_keys_that_it_published_itself_outlive_a_restart_until_its_operator_lists_others(tmp_path) -> None:
    first, second, third = keys.generate(), keys.generate(), keys.generate()
    directory = DirectoryService(tmp_path / "directory.sqlite", regions.now)
    await directory.put(regions.entry(HOSPITAL, first))
    await directory.put_keys(HOSPITAL.ura, keys.jwks(second))
    directory.close()
    again = DirectoryService(tmp_path / "directory.sqlite", regions.now)
    await again.put(regions.entry(HOSPITAL, first))
    assert again.keys(HOSPITAL.ura) == keys.jwks(second)
    await again.put(regions.entry(HOSPITAL, third))
    assert again.keys(HOSPITAL.ura) == keys.jwks(third)
    again.close()


async def test_an_organisation_has_its_did_in_the_directory(federation: Federation) -> None:
    _, found = await federation[HOSPITAL].region.send("GET", f"/fhir/r4/Organization/org-{HOSPITAL.ura}")
    names = [one["value"] for one in found["identifier"] if one["system"] == "urn:ietf:rfc:3986"]
    assert names == ["did:web:127.0.0.1%3A1"]
    data = base64.b64decode(found["extension"][0]["valueAttachment"]["data"])
    assert orjson.loads(data) == keys.jwks(federation[HOSPITAL].key)
