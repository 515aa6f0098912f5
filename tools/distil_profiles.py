"""Distil the birth-care profiles into `definitions/profiles/`: what each asks beyond STU3 itself, and its value sets.

Run at development time:  python tools/distil_profiles.py --nictiz ../shared/nictiz --snapshots DIR [--cache DIR]

DIR holds the profiles with their snapshots (the published ones have none), made by HAPI FHIR:
    java -cp … tests/conformance/independent/Checker.java snapshots DIR NICTIZ/geboortezorg-stu3/structuredefinitions …
Sources: Nictiz/Geboortezorg-STU3 3.0.0 and Nictiz-STU3-Zib2017 2.2.18 (profiles, value sets; CC0, see each table's
head), and HL7's own base definitions, extensions and value sets from the jar of `distil_stu3.py`.

A node says what differs from the base type, and nothing else: `min`, `max`, `types`, `profiles` (of the type),
`targets` (of a reference), `fixed`, `pattern`, `low`/`high`, `bind` [strength, value set], `rules` (ids of invariants),
`slicing` [[type, path], …], `closed`, `slices` by name, `kids` by name.  A slice of extensions that names a profile
keeps only how often it stands there: the profile says the rest.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from distil_stu3 import DEFINITIONS, fetch
from lxml import etree

OUT = Path(__file__).parent.parent / "src/babyconnect/definitions"
FHIR = "{http://hl7.org/fhir}"
CORE = "http://hl7.org/fhir/StructureDefinition/"
NICTIZ = ("geboortezorg-stu3", "stu3-zib2017")
# What documents travel in between registries: no record of birth care is one of these.
LEFT_OUT = ("IHE.MHD.DocumentManifest", "IHE.MHD.Minimal.ProvideDocumentBundle", "valueset-")
# What the structure check does already, for every element (`fhir.check`: nothing is empty; what a narrative may hold).
ELSEWHERE = {"ele-1", "txt-1", "txt-2"}
# Expressions that say something else than their own words; here as HL7 corrected them in R4 and R5.
CORRECTED = {
    # "value.empty() or code!=component.code": never true where there is no component.
    "obs-7": "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()",
    # Without `reference.exists() implies`, a reference that has a display alone would break it.
    "ref-1": "reference.exists() implies (reference.startsWith('#').not() "
    "or (reference.substring(1) in %resource.contained.id))",
}
# Resources that have no Dutch profile and may be in a record all the same.
ALSO = ("Binary", "Bundle", "Media", "Provenance", "List", "Basic", "DocumentReference", "Communication", "Location")

# HL7's extensions that any element may have, which no profile names.
ANYWHERE = ("data-absent-reason", "iso21090-nullFlavor", "translation", "originalText", "geolocation")

DEPRECATED = "/valueset-deprecated"

Node = dict[str, Any]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--nictiz", type=Path, required=True)
    arguments.add_argument("--snapshots", type=Path, required=True)
    arguments.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "babyconnect-distil")
    given = arguments.parse_args()
    distilled = Distilled(fetch(given.cache, *DEFINITIONS))
    for path in sorted(given.snapshots.glob("*.json")):
        distilled.add(json.loads(path.read_text()))
    distilled.add_named_extensions()
    sets = ValueSets(distilled.jar, [given.nictiz / folder / "valuesets" for folder in NICTIZ])
    write("profiles/profiles.json", {"source": SOURCE, "profiles": distilled.profiles})
    write("profiles/base.json", {"source": BASE_SOURCE, "types": distilled.base_types()})
    wanted = sets.wanted(distilled.bound)
    deprecated = {url: found for url in wanted if (found := sorted(sets.deprecated(url, ())))}
    write("profiles/value_sets.json", {"source": SOURCE, "value_sets": wanted, "deprecated": deprecated})
    write_invariants(distilled.invariants)


SOURCE = (
    "Nictiz/Geboortezorg-STU3 3.0.0 @ 16e32767 and Nictiz/Nictiz-STU3-Zib2017 2.2.18 @ 4d8bdbed (CC0; each entry under "
    "its own canonical URL), HL7 FHIR 3.0.2 for HL7's extensions and value sets. Codes only: SNOMED CT and LOINC "
    "content is used under the national licences."
)
BASE_SOURCE = "HL7 FHIR 3.0.2 base definitions: invariants and bindings of types and resources, by element"


def write(name: str, content: dict[str, Any]) -> None:
    """One line per entry: a changed definition shows as one changed line."""
    parts = []
    for key, value in content.items():
        if isinstance(value, dict):
            lines = ",\n".join(f"{json.dumps(k)}:{compact(value[k])}" for k in sorted(value))
            parts.append(f"{json.dumps(key)}:{{\n{lines}\n}}")
        else:
            parts.append(f"{json.dumps(key)}:{compact(value)}")
    (OUT / name).write_text("{\n" + ",\n".join(parts) + "\n}\n")
    print(name, (OUT / name).stat().st_size, "bytes")


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def write_invariants(found: dict[str, dict[str, str]]) -> None:
    text = io.StringIO()
    text.write("# Invariants of HL7's base definitions and of the profiles, as published (tools/distil_profiles.py).\n")
    text.write("# `at` is where it was first found; the expressions are FHIRPath, and run as they stand.\n")
    table = csv.DictWriter(text, ["id", "severity", "at", "expression", "source"], lineterminator="\n")
    table.writeheader()
    table.writerows({"id": key, **found[key]} for key in sorted(found))
    (OUT / "profiles/invariants.csv").write_text(text.getvalue())
    print("profiles/invariants.csv", len(found), "invariants")


# --- the tree of a definition -----------------------------------------------------------------------------------


def from_xml(node: etree._Element) -> Any:
    """A definition in XML in the shape of its JSON, as far as this tool reads it; repeats are always lists."""
    if not len(node) or node.get("value") is not None:
        return node.get("value")
    found: dict[str, Any] = {name: node.get(name) for name in ("id", "url") if node.get(name)}
    for child in node.iterchildren(tag=etree.Element):
        name = etree.QName(child).localname
        if name in ("element", "discriminator", "type", "constraint", "include", "exclude", "concept", "valueSet",
                    "filter", "coding", "context", "extension", "profile"):  # fmt: skip
            found.setdefault(name, []).append(from_xml(child))
        elif name not in ("text", "mapping", "contact"):
            found[name] = from_xml(child)
    if isinstance(found.get("type"), list) and not isinstance(found["type"][0], dict):
        found["type"] = found["type"][0]
    for one in found["type"] if isinstance(found.get("type"), list) else ():
        one["profile"] = (one.get("profile") or [None])[0]
    return found


class Elements:
    """The elements of a snapshot as a tree of steps: a step is a name, or a name and the name of a slice."""

    def __init__(self, definition: dict[str, Any]) -> None:
        self.definition = definition
        self.own: dict[str, Any] = {}
        self.steps: dict[str, dict[str, Elements]] = {"kids": {}, "slices": {}}

    @classmethod
    def of(cls, definition: dict[str, Any]) -> Elements:
        root = cls(definition)
        for element in definition["snapshot"]["element"]:
            root._at(steps(element)).own = element
        return root

    def _at(self, path: list[tuple[str, str]]) -> Elements:
        node = self
        for name, slice_name in path:
            node = node.steps["kids"].setdefault(name, Elements(self.definition))
            if slice_name:
                node = node.steps["slices"].setdefault(slice_name, Elements(self.definition))
        return node


def steps(element: dict[str, Any]) -> list[tuple[str, str]]:
    """`Observation.component:Walking.code` → component in slice Walking, then code; slice names hold dots too."""
    rest, found = element.get("id") or element["path"], []
    segments = element["path"].split(".")
    for position, segment in enumerate(segments):
        rest = rest.removeprefix(segment)
        after = segments[position + 1] if position + 1 < len(segments) else None
        slice_name = ""
        if rest.startswith(":"):
            end = rest.find(f".{after}") if after else len(rest)
            slice_name, rest = rest[1:end], rest[end:]
        rest = rest.removeprefix(".")
        found.append((segment, slice_name))
    return found[1:]


# --- distilling -------------------------------------------------------------------------------------------------


class Distilled:
    def __init__(self, jar: zipfile.ZipFile) -> None:
        self.jar = jar
        self.profiles: dict[str, Any] = {}
        self.invariants: dict[str, dict[str, str]] = {}
        self.bound: set[str] = set()
        self._named: set[str] = {CORE + name for name in ANYWHERE}
        self._used_types: set[str] = set(ALSO)
        self._base: dict[str, Elements] = {}
        model = "org/hl7/fhir/dstu3/model"
        for name in ("profiles-types.xml", "profiles-resources.xml"):
            for one in definitions(jar.read(f"{model}/profile/{name}")):
                if one.get("kind") in ("complex-type", "resource"):
                    self._base[one["name"]] = Elements.of(one)
        self._extensions = {
            one["url"]: one
            for one in definitions(jar.read(f"{model}/extension/extension-definitions.xml"))
            if "snapshot" in one
        }

    def add(self, definition: dict[str, Any]) -> None:
        name = definition["url"].rsplit("/", 1)[1]
        if name.startswith(LEFT_OUT):
            return
        kind, differential = definition["type"], definition["differential"]["element"]
        mentioned = {element.get("id", "") for element in differential}
        node = self._node(Elements.of(definition), self._base[kind], kind, definition, mentioned)
        node.pop("min", None), node.pop("max", None)
        entry: Node = {"name": definition["name"], "type": kind, "node": node}
        if definition.get("version"):
            entry["version"] = definition["version"]
        if definition.get("baseDefinition", "").removeprefix(CORE) != kind:
            entry["base"] = definition["baseDefinition"]
        if kind == "Extension":
            entry["context"] = definition.get("context", [])
        else:
            self._used_types.add(kind)
        self.profiles[definition["url"]] = entry

    def add_named_extensions(self) -> None:
        """HL7's own extensions that the profiles use."""
        while waiting := {url for url in self._named & self._extensions.keys() if url not in self.profiles}:
            for url in sorted(waiting):
                one = self._extensions[url]
                one["differential"] = {"element": []}
                self.add(one)

    def _node(self, given: Elements, base: Elements | None, kind: str, definition: Node, mentioned: set[str]) -> Node:
        own, node = given.own, {}
        original = base.own if base else {}
        self._cardinality(own, original, node)
        self._types(own, original, node)
        for key, value in own.items():
            for start, name in (("fixed", "fixed"), ("pattern", "pattern"), ("minValue", "low"), ("maxValue", "high")):
                if key.startswith(start) and original.get(key) != value:
                    node[name] = value
        self._binding(own, original, node)
        through = own.get("type") or []
        inherited = [original, *(self._base[t["code"]].own for t in through if t.get("code") in self._base)]
        before = {one["key"] for each in inherited for one in each.get("constraint", [])}
        if new := self._rules(own, before, definition):
            node["rules"] = new
        if kind == "Extension" and own.get("path", "").endswith("xtension") and "profiles" in node \
                and not any(one.startswith(own["id"] + ".") for one in mentioned):  # fmt: skip
            return node
        slices = {
            name: self._node(one, base, kind, definition, mentioned) for name, one in given.steps["slices"].items()
        }
        kids: dict[str, Node] = {}
        for name, one in given.steps["kids"].items():
            below, its_kind = self._below(base, name, [t.get("code") for t in through])
            found = self._node(one, below, its_kind, definition, mentioned)
            if below is None and name in ("id", "value", "extension") and "slices" not in found:
                continue  # the inside of a primitive
            chosen = below.own["path"].rsplit(".", 1)[1] if below is not None else name
            if chosen.endswith("[x]") and chosen != name:
                choose(kids, chosen, name, one.own, found)
            elif found:
                kids[name] = found
        if slices:
            # Extensions go by their url; slices of something else that nothing tells apart are not told apart.
            by_url = [{"type": "value", "path": "url"}] if own.get("path", "").endswith("xtension") else []
            slicing = own.get("slicing") or {"discriminator": by_url, "rules": "open"}
            node["slicing"] = [[d["type"], d["path"]] for d in slicing.get("discriminator", [])]
            node["slices"] = slices
            if slicing.get("rules") == "closed":
                node["closed"] = True
        if kids:
            node["kids"] = kids
        return node

    def _below(self, base: Elements | None, name: str, types: list[str]) -> tuple[Elements | None, str]:
        """The base definition of a child, and the type whose element it is."""
        candidates = [base] if base is not None else []
        candidates += [self._base[t] for t in types if t in self._base]
        reference = (base.own.get("contentReference") if base else None) or ""
        if reference:
            node: Elements | None = self._base[reference[1:].split(".")[0]]
            for step in reference.split(".")[1:]:
                node = node.steps["kids"].get(step) if node else None
            candidates += [node] if node else []
        for one in candidates:
            for key, child in one.steps["kids"].items():
                if key == name or (key.endswith("[x]") and name.startswith(key[:-3]) and name not in one.steps["kids"]):
                    types_of = [t.get("code") for t in child.own.get("type", [])]
                    return child, types_of[0] if len(types_of) == 1 else ""
        return None, ""

    @staticmethod
    def _cardinality(own: Node, original: Node, node: Node) -> None:
        least, most = int(own.get("min") or 0), own.get("max", "*")
        if least > int(original.get("min") or 0):
            node["min"] = least
        if most != "*" and most != original.get("max"):
            node["max"] = int(most)

    def _types(self, own: Node, original: Node, node: Node) -> None:
        types, before = own.get("type") or [], original.get("type") or []
        codes = list(dict.fromkeys(t["code"] for t in types if t.get("code")))
        if codes and set(codes) < {t.get("code") for t in before}:
            node["types"] = codes
        profiles = sorted({t["profile"] for t in types if t.get("profile")})
        self._named.update(profiles)
        if profiles and profiles != sorted({t.get("profile") or "" for t in before} - {""}):
            node["profiles"] = profiles
        targets = sorted({t["targetProfile"] for t in types if t.get("targetProfile")})
        if targets and targets != sorted({t.get("targetProfile") or "" for t in before} - {""}):
            node["targets"] = targets

    def _binding(self, own: Node, original: Node, node: Node) -> None:
        binding, before = bound(own), bound(original)
        if binding and binding[0] != "example" and binding != before:
            node["bind"] = binding
            self.bound.add(binding[1])

    def _rules(self, own: Node, before: set[str], definition: Node) -> list[str]:
        found = []
        for one in own.get("constraint") or []:
            key, expression = one["key"], CORRECTED.get(one["key"], one.get("expression"))
            if key in before or key in ELSEWHERE or not expression:
                continue
            name, number = key, 1
            while name in self.invariants and self.invariants[name]["expression"] != expression:
                number += 1
                name = f"{key}#{number}"
            self.invariants.setdefault(
                name,
                {"severity": one.get("severity") or "error", "at": own["path"], "expression": expression,
                 "source": definition["url"]},
            )  # fmt: skip
            found.append(name)
        return sorted(set(found))

    def base_types(self) -> dict[str, Node]:
        """Invariants and bindings of HL7's own types: every data type, and the resources in use."""
        found = {}
        for name, tree in self._base.items():
            resource = tree.definition.get("kind") == "resource"
            if (resource and name not in self._used_types) or name == "ElementDefinition":
                continue
            node = self._base_node(tree)
            if node:
                found[name] = node
        return found

    def _base_node(self, tree: Elements) -> Node:
        node: Node = {}
        if rules := self._rules(tree.own, set(), tree.definition):
            node["rules"] = rules
        binding, types = bound(tree.own), {t.get("code") for t in tree.own.get("type") or []}
        # A code with a required binding is checked as structure (`definitions/stu3.json`).
        if binding and binding[0] != "example" and not (types == {"code"} and binding[0] == "required"):
            node["bind"] = binding
            self.bound.add(binding[1])
        profiles = sorted({t["profile"] for t in tree.own.get("type") or [] if t.get("profile")})
        if profiles and types != {"Extension"}:
            node["profiles"] = profiles
        kids = {name: found for name, one in tree.steps["kids"].items() if (found := self._base_node(one))}
        if kids:
            node["kids"] = kids
        return node


def choose(kids: dict[str, Node], chosen: str, name: str, own: Node, found: Node) -> None:
    """A choice under the name of one of its types (`valueString`) is the choice, narrowed to that type."""
    for slice_node in found.pop("slices", {}).values():
        found = {**slice_node, **found}
    found.pop("slicing", None), found.pop("types", None)
    types = list(dict.fromkeys(t["code"] for t in own.get("type") or [] if t.get("code")))
    choice = kids.setdefault(chosen, {"types": [], "slicing": [["type", "$this"]], "slices": {}})
    if "slices" in choice:
        choice.setdefault("types", []).extend(types)
        choice["slices"][name] = {**found, "types": types}


def definitions(content: bytes) -> Iterator[dict[str, Any]]:
    for one in etree.fromstring(content).iter(f"{FHIR}StructureDefinition"):
        yield from_xml(one)


def bound(own: Node) -> list[str] | None:
    binding = own.get("binding") or {}
    url = (binding.get("valueSetReference") or {}).get("reference") or binding.get("valueSetUri")
    return [binding["strength"], url.split("|")[0]] if url else None


# --- value sets -------------------------------------------------------------------------------------------------


class ValueSets:
    """Which codes a value set holds: per system a list, or None for the whole system, or `?` when it cannot be known
    here (a part of SNOMED CT by its hierarchy, a system that is not at hand)."""

    # Longer than this is a terminology: not carried along, its membership is not known here.
    LONGEST = 1500

    def __init__(self, jar: zipfile.ZipFile, folders: list[Path]) -> None:
        self._sets: dict[str, Any] = {}
        self._systems: dict[str, Any] = {}
        for name in ("valuesets", "v3-codesystems", "v2-tables"):
            root = etree.fromstring(jar.read(f"org/hl7/fhir/dstu3/model/valueset/{name}.xml"))
            self._take(root.iter(f"{FHIR}ValueSet", f"{FHIR}CodeSystem"))
        for folder in folders:
            for path in sorted(folder.iterdir()):
                self._take([etree.parse(path).getroot()])

    def _take(self, found: Any) -> None:
        for one in found:
            table = self._sets if etree.QName(one).localname == "ValueSet" else self._systems
            table[one.find(f"{FHIR}url").get("value")] = from_xml(one)

    def wanted(self, urls: set[str]) -> dict[str, Any]:
        found = {}
        for url in sorted(urls):
            codes = self._codes(url, ())
            if codes is not None:
                found[url] = {system: sorted(listed) if isinstance(listed, set) else listed
                              for system, listed in codes.items()}  # fmt: skip
        return found

    def _codes(self, url: str, inside: tuple[str, ...]) -> dict[str, Any] | None:
        if url not in self._sets or url in inside:
            return None
        compose = self._sets[url].get("compose") or {}
        found: dict[str, Any] = {}
        for include in compose.get("include", []):
            for system, codes in self._included(include, (*inside, url)):
                found[system] = merged(found.get(system, set()), codes)
        for exclude in compose.get("exclude", []):
            system, codes = exclude.get("system"), {c["code"] for c in exclude.get("concept", [])}
            if isinstance(found.get(system), set):
                found[system] -= codes
        return found

    def deprecated(self, url: str, inside: tuple[str, ...]) -> set[tuple[str, str]]:
        """Codes that the list, or one that it includes, has for old records only (extension valueset-deprecated)."""
        if url not in self._sets or url in inside:
            return set()
        found: set[tuple[str, str]] = set()
        for include in (self._sets[url].get("compose") or {}).get("include", []):
            for other in include.get("valueSet", []):
                found |= self.deprecated(other.split("|")[0], (*inside, url))
            for one in include.get("concept", []):
                marks = [each for each in one.get("extension", []) if str(each.get("url")).endswith(DEPRECATED)]
                if any(mark.get("valueBoolean") == "true" for mark in marks):
                    found.add((include["system"], one["code"]))
        return found

    def _included(self, include: Node, inside: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        for other in include.get("valueSet", []):
            codes = self._codes(other.split("|")[0], inside)
            yield from codes.items() if codes is not None else [("", "?")]
        if system := include.get("system"):
            if include.get("filter"):
                yield system, "?"
            elif listed := include.get("concept"):
                yield system, {one["code"] for one in listed} if len(listed) <= self.LONGEST else "?"
            else:
                yield system, self._whole(system)

    def _whole(self, system: str) -> Any:
        known = self._systems.get(system)
        if known is None or known.get("content") not in (None, "complete"):
            return None
        codes = {one["code"] for one in concepts(known)}
        return codes if codes and len(codes) <= self.LONGEST else None


def concepts(node: Node) -> Iterator[Node]:
    for one in node.get("concept", []):
        yield one
        yield from concepts(one)


def merged(one: Any, other: Any) -> Any:
    if one is None or other is None:
        return None
    if "?" in (one, other) if isinstance(one, str) or isinstance(other, str) else False:
        return "?"
    return one | other


if __name__ == "__main__":
    main()
