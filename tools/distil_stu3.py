"""Distil HL7's STU3 (3.0.2) base definitions into `definitions/stu3.json` and `stu3_search_parameters.json`.

Run at development time:  python tools/distil_stu3.py [--cache DIR]

Sources, from Maven Central, pinned by SHA-256:
- ca.uhn.hapi.fhir:hapi-fhir-validation-resources-dstu3 holds HL7's own `profiles-types.xml`, `profiles-resources.xml`
  and `valuesets.xml`: elements, their order, cardinality and types, formats of primitives, required codes.
- ca.uhn.hapi.fhir:org.hl7.fhir.dstu3 (sources) carries each resource's search parameters as annotations; HL7's
  `search-parameters.xml` is in neither jar.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import re
import tempfile
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from lxml import etree

CENTRAL = "https://repo1.maven.org/maven2/ca/uhn/hapi/fhir"
DEFINITIONS = (
    "hapi-fhir-validation-resources-dstu3/8.12.1/hapi-fhir-validation-resources-dstu3-8.12.1.jar",
    "12f1c8b26fdb077bec0947daf65f1cbf0ba1e11d3a1941b2074313b4ed1c7d59",
)
MODEL = (
    "org.hl7.fhir.dstu3/6.5.27/org.hl7.fhir.dstu3-6.5.27-sources.jar",
    "c4b9f525c7c64c3cf3baf166bad2c79d30d2a11da5362e3a9830b3e45b15bf64",
)
OUT = Path(__file__).parent.parent / "src/babyconnect/definitions"
FHIR = "{http://hl7.org/fhir}"
REGEX = {f"http://hl7.org/fhir/StructureDefinition/{name}" for name in ("structuredefinition-regex", "regex")}
# A code list longer than this is a terminology, not a state of an element: terminology is not checked here.
LONGEST_CODE_LIST = 200


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "babyconnect-distil")
    cache: Path = arguments.parse_args().cache
    definitions, model = fetch(cache, *DEFINITIONS), fetch(cache, *MODEL)
    write("stu3.json", distil(definitions))
    write("stu3_search_parameters.json", distil_search(model))


def fetch(cache: Path, path: str, sha256: str) -> zipfile.ZipFile:
    cache.mkdir(parents=True, exist_ok=True)
    kept = cache / path.rsplit("/", 1)[1]
    if not kept.exists():
        with urllib.request.urlopen(f"{CENTRAL}/{path}", timeout=300) as answer:
            kept.write_bytes(answer.read())
    content = kept.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SystemExit(f"{kept} is not the file that was distilled before")
    return zipfile.ZipFile(io.BytesIO(content))


def write(name: str, content: dict[str, Any]) -> None:
    """One line per type: a changed definition shows as one changed line."""
    parts = []
    for key, value in content.items():
        if isinstance(value, dict):
            lines = ",\n".join(f"{json.dumps(k)}:{compact(v)}" for k, v in value.items())
            parts.append(f"{json.dumps(key)}:{{\n{lines}\n}}")
        elif isinstance(value, list) and value and isinstance(value[0], list | dict):
            lines = ",\n".join(compact(v) for v in value)
            parts.append(f"{json.dumps(key)}:[\n{lines}\n]")
        else:
            parts.append(f"{json.dumps(key)}:{compact(value)}")
    (OUT / name).write_text("{\n" + ",\n".join(parts) + "\n}\n")
    print(name, (OUT / name).stat().st_size, "bytes")


def compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def attribute(node: etree._Element, path: str) -> str | None:
    found = node.find("/".join(FHIR + step for step in path.split("/")))
    return None if found is None else found.get("value")


# --- elements -------------------------------------------------------------------------------------------------


def distil(jar: zipfile.ZipFile) -> dict[str, Any]:
    folder = "org/hl7/fhir/dstu3/model"
    definitions = [
        definition
        for name in ("profiles-types.xml", "profiles-resources.xml")
        for definition in structures(jar.read(f"{folder}/profile/{name}"))
    ]
    lists = CodeLists(jar, [f"{folder}/valueset/{n}.xml" for n in ("valuesets", "v3-codesystems", "v2-tables")])
    primitives: dict[str, Any] = {}
    types: dict[str, Any] = {}
    resources: list[str] = []
    for definition in definitions:
        name, kind = attribute(definition, "name") or "", attribute(definition, "kind")
        if kind == "primitive-type":
            primitives[name] = format_of(definition)
        elif kind in ("complex-type", "resource") and name != "Metadata":
            types.update(elements_of(definition, name, lists))
            if kind == "resource" and attribute(definition, "abstract") == "false":
                resources.append(name)
    return {
        "source": "HL7 FHIR 3.0.2 base definitions, as in " + DEFINITIONS[0].rsplit("/", 1)[1],
        "columns": ["element", "min", "max", "types", "code list", "reference targets", "xml attribute"],
        "primitives": dict(sorted(primitives.items())),
        "resources": sorted(resources),
        "types": dict(sorted(types.items())),
        "codes": dict(sorted(lists.used.items())),
    }


def structures(content: bytes) -> list[etree._Element]:
    return etree.fromstring(content).findall(f".//{FHIR}StructureDefinition")


def format_of(definition: etree._Element) -> str | None:
    for extension in definition.iter(f"{FHIR}extension"):
        if extension.get("url") in REGEX:
            return attribute(extension, "valueString")
    return None


def elements_of(definition: etree._Element, name: str, lists: CodeLists) -> dict[str, list[Any]]:
    """Rows by type; a nested element with children is a type of its own, named by its path."""
    snapshot = definition.find(f"{FHIR}snapshot")
    assert snapshot is not None
    rows = snapshot.findall(f"{FHIR}element")
    paths = [attribute(row, "path") or "" for row in rows]
    root = paths[0]
    types: dict[str, list[Any]] = {}
    for row, path in zip(rows, paths, strict=True):
        parent, _, element = path.rpartition(".")
        if not parent:
            types[name] = []
            continue
        owner = parent.replace(root, name, 1)
        types.setdefault(owner, []).append(element_row(row, element, path.replace(root, name, 1), lists))
    return types


def element_row(row: etree._Element, element: str, path: str, lists: CodeLists) -> list[Any]:
    reference = row.find(f"{FHIR}contentReference")
    codes = [type_code(t) for t in row.findall(f"{FHIR}type")]
    if reference is not None:
        codes = [(reference.get("value") or "").removeprefix("#")]
    elif codes and codes[0] in ("BackboneElement", "Element") and element not in ("extension",):
        codes = [path]
    targets = sorted(
        {(t.get("value") or "").rsplit("/", 1)[-1] for t in row.findall(f"{FHIR}type/{FHIR}targetProfile")} - {""}
    )
    attributes = [r.get("value") for r in row.findall(f"{FHIR}representation")]
    maximum = attribute(row, "max")
    columns: list[Any] = [
        element,
        int(attribute(row, "min") or 0),
        None if maximum == "*" else int(maximum or 1),
        list(dict.fromkeys(codes)),
        lists.of(row),
        targets if targets and targets != ["Resource"] else None,
        1 if "xmlAttr" in attributes else None,
    ]
    while columns[-1] is None:
        columns.pop()
    return columns


def type_code(type_: etree._Element) -> str:
    """FHIR's name of a type; R4 gives ids and addresses FHIRPath's, with its own beside it."""
    code = attribute(type_, "code") or "string"
    if not code.startswith("http://hl7.org/fhirpath/"):
        return code
    told = [e for e in type_.findall(f"{FHIR}extension") if (e.get("url") or "").endswith("-fhir-type")]
    return (attribute(told[0], "valueUrl") or "string") if told else "string"


class CodeLists:
    """Codes that a `required` binding allows, for the value sets that are whole lists of codes."""

    def __init__(self, jar: zipfile.ZipFile, names: list[str]) -> None:
        self.used: dict[str, list[str]] = {}
        self._sets: dict[str, etree._Element] = {}
        self._systems: dict[str, etree._Element] = {}
        for name in names:
            root = etree.fromstring(jar.read(name))
            self._sets |= {attribute(v, "url") or "": v for v in root.iter(f"{FHIR}ValueSet")}
            self._systems |= {attribute(v, "url") or "": v for v in root.iter(f"{FHIR}CodeSystem")}

    def of(self, row: etree._Element) -> str | None:
        if attribute(row, "binding/strength") != "required":
            return None
        types = {attribute(t, "code") for t in row.findall(f"{FHIR}type")}
        named = attribute(row, "binding/valueSetReference/reference") or attribute(row, "binding/valueSet") or ""
        url = named.split("|")[0]
        if types != {"code"} or url not in self._sets:
            return None
        codes = self._codes(url)
        if not codes or len(codes) > LONGEST_CODE_LIST:
            return None
        self.used[url] = codes
        return url

    def _codes(self, url: str) -> list[str] | None:
        found: list[str] = []
        for include in self._sets[url].findall(f"{FHIR}compose/{FHIR}include"):
            if include.find(f"{FHIR}filter") is not None or include.find(f"{FHIR}valueSet") is not None:
                return None
            listed = [attribute(c, "code") or "" for c in include.findall(f"{FHIR}concept")]
            system = self._systems.get(attribute(include, "system") or "")
            if not listed:
                if system is None or attribute(system, "content") not in (None, "complete"):
                    return None
                listed = [attribute(c, "code") or "" for c in system.iter(f"{FHIR}concept")]
            found += listed
        return sorted(set(found))


# --- search parameters ----------------------------------------------------------------------------------------

ANNOTATION = re.compile(
    r'@SearchParamDefinition\(name="(?P<name>[^"]+)", path="(?P<path>[^"]*)",'
    r' description="(?P<text>(?:[^"\\]|\\.)*)", type="(?P<type>\w+)"(?P<rest>.*?)\)\s*\n'
)


def distil_search(jar: zipfile.ZipFile) -> dict[str, Any]:
    rows = []
    for name in sorted(jar.namelist()):
        if not re.fullmatch(r"org/hl7/fhir/dstu3/model/\w+\.java", name):
            continue
        base = resource_of(name.rsplit("/", 1)[1].removesuffix(".java"))
        for found in ANNOTATION.finditer(jar.read(name).decode()):
            rows.append(
                {
                    "base": base,
                    "code": found["name"],
                    "type": found["type"],
                    "expression": of_base(found["path"], base),
                    "target": sorted({resource_of(c) for c in re.findall(r"(\w+)\.class", found["rest"])}),
                    "patient_compartment": 'Compartment(name="Patient")' in found["rest"],
                }
            )
    rows.sort(key=lambda row: (row["base"], row["code"]))
    return {
        "source": "HL7 FHIR 3.0.2 search parameters, as annotated in " + MODEL[0].rsplit("/", 1)[1],
        "parameters": rows,
    }


def resource_of(java_class: str) -> str:
    """Java has a List of its own."""
    return java_class.removesuffix("Resource") if java_class == "ListResource" else java_class


def of_base(expression: str, base: str) -> str:
    """A parameter that several resources share lists all their paths; keep those of this resource."""
    parts = [part.strip() for part in expression.split("|")]
    own = [part for part in parts if part.lstrip("(").startswith(f"{base}.")]
    return " | ".join(own or parts)


if __name__ == "__main__":
    main()
