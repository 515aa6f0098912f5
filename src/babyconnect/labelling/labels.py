"""Labels of a resource: its data group (the rows of the role matrix) and the shielded groups it bears (domain §4).

Both come from tables.  The most precise row decides the group: a code, then a profile, then the type; where the
resource is about a child the row may name another group.  A resource that no row knows gets a group that no role matrix
has: nobody sees it, and the report says so.  Shielded groups come from every code anywhere in the resource, so that a
value or a component counts like its subject.
"""

from __future__ import annotations

import functools
import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.systems import canonical
from babyconnect.definitions import document, rows

GROUP_SYSTEM = "urn:babyconnect:data-group"
UNKNOWN = "unlabelled"
WITHDRAWN = "entered-in-error"
"""The group of what its source called a mistake: kept, with its history, and shown to nobody (no role has it)."""
_APART = " | "
"""Between two texts, so that no word is made of the end of one and the beginning of the next."""
_TAG = re.compile(r"<[^<>]*>")
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"))
_SCTID = re.compile(r"\d{6,18}")
_SNOMED = "http://snomed.info/sct"
_ATC = "http://www.whocc.no/atc"


@dataclass(frozen=True, slots=True)
class Labels:
    """One data group, and the shielded groups by code (`birthcare.access.Shielded`)."""

    group: str
    shielded: frozenset[str]


def labels(resource: Mapping[str, Any], about_child: bool = False) -> Labels:
    """The labels that the tables give this resource; `about_child`: its subject is a child of the client."""
    return Labels(_group(resource, about_child), _shielded(resource))


def labelled(resource: Mapping[str, Any], found: Labels, is_child: bool = False) -> dict[str, Any]:
    """The resource with its labels in `meta`: the group as tag, shielded groups as security, a profile always.

    A child's Patient says that it is one, however that was told: who reads the record has no other way to know.
    """
    meta = dict(resource.get("meta", {}))
    kept = [tag for tag in meta.get("tag", []) if tag.get("system") != GROUP_SYSTEM]
    meta["tag"] = [*kept, {"system": GROUP_SYSTEM, "code": found.group}]
    security = [label for label in meta.get("security", []) if label.get("system") != _shields()["system"]]
    security += [label for code in sorted(found.shielded) for label in _security(code) if label not in security]
    if security:
        meta["security"] = security
    if not meta.get("profile"):
        meta["profile"] = [_default_profile(str(resource["resourceType"]))]
    child = document("compartments.toml")["profiles"]["child"]
    if is_child and child not in meta["profile"]:
        meta["profile"] = [*meta["profile"], child]
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
    if any(resource.get(name) == WITHDRAWN for name in ("status", "verificationStatus", "clinicalStatus")):
        return WITHDRAWN
    kind = str(resource.get("resourceType", ""))
    profiles = [p for p in resource.get("meta", {}).get("profile", ()) if isinstance(p, str)]
    for token in _own_codes(resource):
        for profile in ("", *profiles):
            if row := _coded().get((kind, profile, token)):
                return row.of(about_child)
    ranked = [row for profile in profiles if (row := _profiled().get((kind, profile)))]
    if ranked:
        # A bc profile says more than the zib or nl-core profile beside it: the table has the precise ones first.
        return min(ranked, key=lambda row: row.rank).of(about_child)
    default = _profiled().get((kind, ""))
    return default.of(about_child) if default else UNKNOWN


def _own_codes(resource: Mapping[str, Any]) -> Iterator[str]:
    """What the resource is about: its code, type or category — not its value."""
    for element in ("code", "type", "category"):
        yield from tokens(resource.get(element))


def _shielded(resource: Mapping[str, Any]) -> frozenset[str]:
    table = _shielded_codes()
    found = {table[token] for token in tokens(resource) if token in table}
    profiles = resource.get("meta", {}).get("profile", ())
    found |= {table[profile] for profile in profiles if profile in table}
    for label in resource.get("meta", {}).get("security", ()):
        found |= _stated(label)
    return frozenset(found) | worded(resource, whole=False)


def worded(resource: Mapping[str, Any], whole: bool = True) -> frozenset[str]:
    """The groups that a word in any text names: what nobody coded must not come to light for that.

    Without `whole`, what it says of others is passed over (displays of references, the narrative that repeats them).
    """
    text = _APART.join(_texts(resource, whole)).lower()
    if "<" in text:
        text = f"{text}{_APART}{_TAG.sub(' ', text)}"
    # However it was laid out: over two lines, with a space that does not break, a hyphen that may be shown.
    text = " ".join(html.unescape(text).translate(_UNSEEN).split())
    return frozenset(row["group"] for row in rows("shielded_words") if row["word"] in text and _begins(row, text))


def _begins(row: Mapping[str, str], text: str) -> bool:
    """Whether a word that must begin one does: no letter before it."""
    return not row["begins"] or re.search(rf"(?<![^\W\d_]){re.escape(row['word'])}", text) is not None


def _texts(node: Any, whole: bool) -> Iterator[str]:
    spoken_of = not whole and isinstance(node, Mapping) and ("reference" in node or "div" in node)
    for child in () if spoken_of else node.values() if isinstance(node, Mapping) else node:
        if isinstance(child, str):
            yield child
        elif isinstance(child, dict | list):
            yield from _texts(child, whole)


def _stated(label: Mapping[str, Any]) -> set[str]:
    """The shielded group that the source itself put on the resource, in our words or in HL7's."""
    shields = _shields()
    system, code = label.get("system"), label.get("code")
    if system == shields["system"] and code in shields["group"]:
        return {str(code)}
    if system == document("publication.toml")["disclosure"]["system"]:
        # Whoever chose how an item about safety is shown said that it is one.
        return {"safety"}
    if system in (shields["hl7_system"], "http://terminology.hl7.org/CodeSystem/v3-ActCode"):
        return {name for name, group in shields["group"].items() if group["hl7"] == code}
    return set()


def tokens(node: Any) -> Iterator[str]:
    """`system|code` of every coding; of a post-coordinated SNOMED expression, each concept in it."""
    if isinstance(node, list):
        for child in node:
            yield from tokens(child)
    elif isinstance(node, Mapping):
        code, system = node.get("code"), node.get("system")
        if isinstance(code, str) and isinstance(system, str):
            yield from _token(system, code)
            yield from _classes(system, code)
        for child in node.values():
            if isinstance(child, dict | list):
                yield from tokens(child)


def _token(system: str, code: str) -> Iterator[str]:
    system = canonical(system)
    if system == _SNOMED:
        for concept in _SCTID.findall(code):
            yield f"{_SNOMED}|{concept}"
    else:
        yield f"{system}|{code}"


def _classes(system: str, code: str) -> Iterator[str]:
    """The classes that a medicine is in, which a row may name: the beginnings of its code (ATC's levels)."""
    if canonical(system) == _ATC:
        yield from (f"{_ATC}|{code[:length]}" for length in (1, 3, 4, 5) if length < len(code))


@dataclass(frozen=True, slots=True)
class _Row:
    """What a row of the tables says: the group, and the group when the resource is about a child."""

    rank: int
    group: str
    child_group: str

    def of(self, about_child: bool) -> str:
        return self.child_group if about_child and self.child_group else self.group


@functools.cache
def _coded() -> Mapping[tuple[str, str, str], _Row]:
    """By type, profile ("" = any) and code: the rows of our own before those of the observation patterns."""
    found: dict[tuple[str, str, str], _Row] = {}
    for row in (*rows("data_groups"), *rows("data_group_codes")):
        if row["code"]:
            for token in _token(row["system"], row["code"]):
                made = _Row(0, row["group"], row.get("child_group", ""))
                found.setdefault((row["type"], row["profile"], token), made)
    return found


@functools.cache
def _profiled() -> Mapping[tuple[str, str], _Row]:
    return {
        (row["type"], row["profile"]): _Row(rank, row["group"], row["child_group"])
        for rank, row in enumerate(rows("data_groups"))
        if not row["code"]
    }


@functools.cache
def _shielded_codes() -> Mapping[str, str]:
    found: dict[str, str] = {}
    lists = {row["list"]: row["group"] for row in rows("shielded_lists")}
    for row in rows("ada/value_lists"):
        group = lists.get(row["list"].split("--")[0])
        if group and row["kind"] != "exception":
            found |= dict.fromkeys(_listed(row["system"], row["code"]), group)
    for row in rows("shielded_codes"):
        found |= dict.fromkeys([row["profile"]] if row["profile"] else _token(row["system"], row["code"]), row["group"])
    return found


def _listed(system: str, code: str) -> list[str]:
    """A code of a value list; of a post-coordinated one its focus only, for its attributes occur everywhere."""
    return list(_token(f"urn:oid:{system}", code))[:1]


def _shields() -> Mapping[str, Any]:
    shields: Mapping[str, Any] = document("shielded.toml")
    return shields


@functools.cache
def _profiles() -> Mapping[str, str]:
    return {row["type"]: row["profile"] for row in rows("default_profiles")}


def _default_profile(type_name: str) -> str:
    return _profiles().get(type_name, f"http://hl7.org/fhir/StructureDefinition/{type_name}")
