"""Distil the map of an ADA transaction: one row or more per data element, each with its citation.

    python tools/distil_ada_map.py [NICTIZ_DATA]

Reads Nictiz' mapping of PWD 3.2 (`dataset-mapping/fhirmapping-3-2.xml`) and code tables
(`mapping-tables-izk30/Addendum_profile_mapping.mediawiki.txt`), the transaction's structure and rules in
`src/babyconnect/definitions/ada`, and beside this tool `ada_map/paths.csv` (Nictiz' spelling of a FHIR path to
ours) and `ada_map/<name>.csv` (rows that do not follow from the mapping).  Writes `<name>_map.csv`.  Fails when a data
element has neither: a new transaction is a matter of rows.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

ROOT = Path(__file__).resolve().parent.parent
ADA = ROOT / "src" / "babyconnect" / "definitions" / "ada"
OWN = ROOT / "tools" / "ada_map"
MAPPING = "geboortezorg-stu3/dataset-mapping/fhirmapping-3-2.xml"
ADDENDUM = "geboortezorg-stu3/mapping-tables-izk30/Addendum_profile_mapping.mediawiki.txt"
COLUMNS = ("concept", "element", "resource", "path", "transform", "argument", "when", "citation", "reason")
LAYERS: dict[str, tuple[str, ...]] = {
    "basis": (),
    "echo": ("basis",),
    "kraam": ("echo", "basis"),
    "uitbreiding": ("kraam", "echo", "basis"),
    "echo_beta": ("echo", "basis"),
    "kraam_beta": ("kraam", "echo", "basis"),
    "uitbreiding_beta": ("kraam_beta", "uitbreiding", "kraam", "echo", "basis"),
}
"""Maps, and those that each builds on: what these have of a data element is not made again."""


def table(path: Path) -> list[dict[str, str]]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return list(csv.DictReader(lines))


def mapping(data: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Data element → (mapping, profile, id as written); some ids say peri31 and are the same data elements."""
    found: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    for record in etree.parse(str(data / MAPPING)).getroot().iter("record"):
        text = {child.tag: (child.text or "").strip() for child in record}
        found[text["ID"].rsplit("-", 1)[1]].append((text.get("mapping", ""), text.get("profile", ""), text["ID"]))
    return found


def addendum(data: Path) -> dict[str, str]:
    """Data element → the pattern in whose code table it stands."""
    found: dict[str, str] = {}
    text = (data / ADDENDUM).read_text(encoding="utf-8")
    for section in re.split(r"<section begin=", text)[1:]:
        for row in section.split("\n|-")[1:]:
            cells = [cell.strip() for cell in row.split("\n||")]
            if len(cells) > 2:
                found.setdefault(cells[1], section.split(" ")[0])
    return found


def rows(name: str, below: tuple[str, ...], data: Path) -> Iterator[dict[str, str]]:
    structure, paths = table(ADA / f"{name}_structure.csv"), {}
    made = {row["concept"] for layer in below for row in table(ADA / f"{layer}_map.csv")}
    for row in table(OWN / "paths.csv"):
        paths[row["mapping"], row["datatype"]] = row
    own: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in table(OWN / f"{name}.csv"):
        own[row["concept"]].append(row)
    layers = [row for layer in (name, *below) for row in table(ADA / f"{layer}_rules.csv")]
    rule_of = {row["concept"]: row["rule"] for row in reversed(layers)}
    parents = {row["concept"]: row["parent"] for row in structure}
    mapped, patterns = mapping(data), addendum(data)
    for row in structure:
        concept = row["concept"]
        base = {"concept": concept, "element": row["element"]}
        if concept in own:
            yield from (base | extra for extra in own.pop(concept))
        elif concept in made:
            continue
        elif row["kind"] == "group" and row["datatype"] != "reference":
            yield base | {"transform": "group", "citation": cited(concept, mapped, patterns)}
        else:
            yield (
                base
                | follow(row, mapped.get(concept, []), paths, home(concept, parents, rule_of))
                | {"citation": cited(concept, mapped, patterns)}
            )
    if own:
        raise SystemExit(f"{name}.csv: not in the transaction: {sorted(own)}")


def home(concept: str, parents: dict[str, str], rule_of: dict[str, str]) -> str:
    while concept and concept not in rule_of:
        concept = parents[concept]
    return rule_of.get(concept, "")


def follow(row: dict[str, str], records: list[tuple[str, str, str]], paths: dict[tuple[str, str], dict[str, str]],
           resource: str) -> dict[str, str]:  # fmt: skip
    for text, _, _ in records:
        found = paths.get((text, row["datatype"])) or paths.get((text, "*"))
        if found and resource:
            return {"resource": resource, "path": found["path"], "transform": found["transform"],
                    "argument": found["argument"]}  # fmt: skip
    raise SystemExit(f"{row['concept']} {row['element']} ({row['datatype']}): no path for {records}")


def cited(concept: str, mapped: dict[str, list[tuple[str, str, str]]], patterns: dict[str, str]) -> str:
    records = [
        f"{identity} {text} ({profile})" if text else identity for text, profile, identity in mapped.get(concept, [])
    ]
    parts = ["fhirmapping-3-2.xml " + " / ".join(dict.fromkeys(records))] if records else []
    if concept in patterns:
        parts.append(f"Addendum {patterns[concept]}")
    return "; ".join(parts) or "dataset-pwd32 structure only"


def main() -> int:
    data = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("NICTIZ_DATA", "../shared/nictiz"))
    for name, below in LAYERS.items():
        made = list(rows(name, below, data))
        with (ADA / f"{name}_map.csv").open("w", encoding="utf-8", newline="") as out:
            out.write(f"# Nictiz, {MAPPING} and {ADDENDUM}; tools/ada_map.\n")
            out.write(
                "# Generated by tools/distil_ada_map.py; columns in README.md.  Do not edit: change tools/ada_map.\n"
            )
            writer = csv.DictWriter(out, COLUMNS, lineterminator="\n", restval="")
            writer.writeheader()
            writer.writerows(made)
        print(f"{name}: {len(made)} rows, {len({row['concept'] for row in made})} concepts")
    return 0


if __name__ == "__main__":
    sys.exit(main())
