"""Labels of a resource: its data group (the rows of the role matrix) and the shielded groups it bears (domain §4).

Both come from tables.  The most precise row decides the group: a code, then a profile, then whose resource it is, then
its type.  A resource that no row knows gets a group that no role matrix has: nobody sees it, and the report says so.
Shielded groups come from every code anywhere in the resource, so that a value or a component counts like its subject.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.definitions import document, rows

GROUP_SYSTEM = "urn:babyconnect:data-group"
UNKNOWN = "unlabelled"
_SCTID = re.compile(r"\d{6,18}")
_SNOMED = frozenset({"http://snomed.info/sct", "http://snomed/info/sct", "urn:oid:2.16.840.1.113883.6.96"})


@dataclass(frozen=True, slots=True)
class Labels:
    """One data group, and the shielded groups by code (`birthcare.access.Shielded`)."""

    group: str
    shielded: frozenset[str]


def labels(resource: Mapping[str, Any], about_child: bool = False) -> Labels:
    """The labels that the tables give this resource; `about_child`: its subject is a child of the client."""
    return Labels(_group(resource, about_child), _shielded(resource))


def labelled(resource: Mapping[str, Any], found: Labels) -> dict[str, Any]:
    """The resource with its labels in `meta`: the group as tag, shielded groups as security, a profile always."""
    meta = dict(resource.get("meta", {}))
    kept = [tag for tag in meta.get("tag", []) if tag.get("system") != GROUP_SYSTEM]
    meta["tag"] = [*kept, {"system": GROUP_SYSTEM, "code": found.group}]
    security = [label for label in meta.get("security", []) if label.get("system") != _shields()["system"]]
    security += [label for code in sorted(found.shielded) for label in _security(code) if label not in security]
    if security:
        meta["security"] = security
    if not meta.get("profile"):
        meta["profile"] = [_default_profile(str(resource["resourceType"]))]
    ordered = {name: meta[name] for name in ("profile", "security", "tag") if name in meta}
    return {**resource, "meta": {**meta, **ordered}}


def _security(code: str) -> list[dict[str, str]]:
    shields = _shields()
    group = shields["group"][code]
    return [
        {"system": shields["system"], "code": code, "display": group["name"]},
        {"system": shields["hl7_system"], "code": group["hl7"]},
    ]


def _group(resource: Mapping[str, Any], about_child: bool) -> str:
    table, kind = _groups(), str(resource.get("resourceType", ""))
    for token in _own_codes(resource):
        for found in (table.get((kind, "", token)), table.get(("*", "", token))):
            if found:
                return found
    # The most precise profile stands last by Nictiz's custom: generic first, then the bc profile.
    for profile in reversed(resource.get("meta", {}).get("profile", ())):
        if found := table.get((kind, profile, "")) or table.get(("*", profile, "")):
            return found
    if about_child:
        return "child"
    return table.get((kind, "", ""), UNKNOWN)


def _own_codes(resource: Mapping[str, Any]) -> Iterator[str]:
    """What the resource is about: its code, type or category — not its value."""
    for element in ("code", "type", "category"):
        yield from _tokens(resource.get(element))


def _shielded(resource: Mapping[str, Any]) -> frozenset[str]:
    table = _shielded_codes()
    found = {table[token] for token in _tokens(resource) if token in table}
    profiles = resource.get("meta", {}).get("profile", ())
    found |= {table[profile] for profile in profiles if profile in table}
    for label in resource.get("meta", {}).get("security", ()):
        found |= _stated(label)
    return frozenset(found)


def _stated(label: Mapping[str, Any]) -> set[str]:
    """The shielded group that the source itself put on the resource, in our words or in HL7's."""
    shields = _shields()
    system, code = label.get("system"), label.get("code")
    if system == shields["system"] and code in shields["group"]:
        return {str(code)}
    if system in (shields["hl7_system"], "http://terminology.hl7.org/CodeSystem/v3-ActCode"):
        return {name for name, group in shields["group"].items() if group["hl7"] == code}
    return set()


def _tokens(node: Any) -> Iterator[str]:
    """`system|code` of every coding; of a post-coordinated SNOMED expression, each concept in it."""
    if isinstance(node, list):
        for child in node:
            yield from _tokens(child)
    elif isinstance(node, Mapping):
        code, system = node.get("code"), node.get("system")
        if isinstance(code, str) and isinstance(system, str):
            yield from _token(system, code)
        for child in node.values():
            if isinstance(child, dict | list):
                yield from _tokens(child)


def _token(system: str, code: str) -> Iterator[str]:
    if system in _SNOMED:
        for concept in _SCTID.findall(code):
            yield f"http://snomed.info/sct|{concept}"
    else:
        yield f"{system}|{code}"


@functools.cache
def _groups() -> Mapping[tuple[str, str, str], str]:
    return {
        (row["type"], row["profile"], f"{row['system']}|{row['code']}" if row["code"] else ""): row["group"]
        for row in rows("data_groups")
    }


@functools.cache
def _shielded_codes() -> Mapping[str, str]:
    return {row["profile"] or f"{row['system']}|{row['code']}": row["group"] for row in rows("shielded_codes")}


def _shields() -> Mapping[str, Any]:
    shields: Mapping[str, Any] = document("shielded.toml")
    return shields


@functools.cache
def _profiles() -> Mapping[str, str]:
    return {row["type"]: row["profile"] for row in rows("default_profiles")}


def _default_profile(type_name: str) -> str:
    return _profiles().get(type_name, f"http://hl7.org/fhir/StructureDefinition/{type_name}")
