"""A resource as it will be kept: opaque id, references rewritten and named, the source's own id as identifier.

What was not supplied stays visible as such: its reference keeps an opaque address (so that two mentions of one absent
child are still one child), a display, and FHIR's `data-absent-reason`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.birthcare.identifiers import BSN_SYSTEM, BSN_SYSTEMS
from babyconnect.fhir.grammar import elements
from babyconnect.fhir.walk import transform
from babyconnect.labelling import displays
from babyconnect.labelling.member import Key, Member

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a resource is kept among.

    `names` and `shielded`: of each member, what it calls itself and its shielded groups.  `known`: keys that the store
    already holds for this client.  `tenant`: the URN under which the source's own ids are kept.  `bsn`: by Patient key.
    """

    tenant: str
    names: Mapping[Key, str] = field(default_factory=dict)
    shielded: Mapping[Key, frozenset[str]] = field(default_factory=dict)
    known: frozenset[Key] = frozenset()
    bsn: Mapping[Key, str] = field(default_factory=dict)


def rewritten(member: Member, among: Surroundings) -> dict[str, Any]:
    """The resource under its opaque id, with every reference rewritten.  Labels come afterwards."""
    hidden: list[str] = []
    contained = {f"#{c.get('id')}": c for c in member.resource.get("contained", ()) if isinstance(c, Mapping)}

    def reference(node: dict[str, Any]) -> dict[str, Any]:
        address = node.get("reference")
        if not isinstance(address, str) or address in contained:
            target = contained.get(str(address), {})
            return {**node, "display": node.get("display") or _logical(node, target)}
        if address in member.links:
            return _named(node, member, member.links[address], among, hidden)
        return _unsupplied(node, member.missing.get(address, ("", "")), among, hidden)

    def attachment(node: dict[str, Any]) -> dict[str, Any]:
        url = node.get("url")
        if not isinstance(url, str):
            return node
        if url in member.links:
            return {**node, "url": "/".join(member.links[url])}
        if url in member.missing and member.missing[url] in among.known:
            return {**node, "url": "/".join(member.missing[url])}
        return {k: v for k, v in node.items() if k != "url"} if url in member.missing else node

    def identifier(node: dict[str, Any]) -> dict[str, Any]:
        # "A system or type and a value in every Identifier" (domain §3): a bare number is the source's own.
        return node if "system" in node or "type" in node else {"system": f"{among.tenant}:number", **node}

    visitors = {"Reference": reference, "Attachment": attachment, "Identifier": identifier}
    resource = transform(member.resource, visitors)
    if hidden:
        # The narrative says in words what a neutral display just left out.
        resource = {name: value for name, value in resource.items() if name != "text"}
    return _identified(resource, member, among)


def _logical(node: Mapping[str, Any], target: Mapping[str, Any]) -> str:
    return displays.of(target) if target else displays.unknown()


def _named(node: dict[str, Any], member: Member, key: Key, among: Surroundings, hidden: list[str]) -> dict[str, Any]:
    """A reference to a member; shielded content does not travel in the display of what may be shown."""
    if among.shielded.get(key, frozenset()) - among.shielded.get(member.key, frozenset()):
        # To who may not see it, it looks exactly like what was never supplied: an address where nothing is found.
        return _unsupplied({n: v for n, v in node.items() if n != "display"}, key, among, hidden, withheld=True)
    return {
        **node,
        "reference": "/".join(key),
        "display": node.get("display") or among.names.get(key) or displays.of_type(key[0]),
    }


def _unsupplied(
    node: dict[str, Any], key: Key, among: Surroundings, hidden: list[str], withheld: bool = False
) -> dict[str, Any]:
    """A reference to what is not in the batch: nobody can say whether its words are shielded, unless it is a name."""
    said = node.get("display")
    if withheld or (said and not displays.is_name(key[0])):
        hidden.append(key[0])
        said = None
    if key in among.known and not withheld:
        return {**node, "reference": "/".join(key), "display": said or displays.of_type(key[0])}
    kept = {name: value for name, value in node.items() if name not in ("reference", "extension", "display")}
    extensions = [e for e in node.get("extension", ()) if e.get("url") != ABSENT]
    marked = {**kept, "extension": [*extensions, {"url": ABSENT, "valueCode": "unknown"}]}
    if key[0]:
        marked["reference"] = "/".join(key)
    else:
        marked.setdefault("identifier", {"system": f"{among.tenant}:not-supplied", "value": key[1]})
    return {**marked, "display": said or displays.not_supplied(key[0])}


def _identified(resource: dict[str, Any], member: Member, among: Surroundings) -> dict[str, Any]:
    type_name, opaque = member.key
    own = member.resource.get("id")
    result = {**resource, "id": opaque}
    result["meta"] = {k: v for k, v in resource.get("meta", {}).items() if k not in ("versionId", "lastUpdated")}
    element = elements(type_name).get("identifier")
    if element is None:
        return result
    if element.repeats:
        held = list(resource.get("identifier", ()))
        if member.key in among.bsn:
            held = [i for i in held if i.get("system") not in BSN_SYSTEMS]
            held.insert(0, {"use": "official", "system": BSN_SYSTEM, "value": among.bsn[member.key]})
        if isinstance(own, str):
            held.append({"system": f"{among.tenant}:id", "value": own})
        if held:
            result["identifier"] = held
    elif isinstance(own, str) and "identifier" not in resource:
        result["identifier"] = {"system": f"{among.tenant}:id", "value": own}
    return result
