"""Distil the structure of ADA transactions and their value lists from the published data set PWD 3.2.

    python tools/distil_ada.py [NICTIZ_DATA]

Reads `geboortezorg-stu3/dataset-pwd32/*.xml` (ART-DECOR transaction views) and writes into
`src/babyconnect/definitions/ada/`:

- `<name>_structure.csv`: one row per concept of the transaction, in document order. Columns: `concept` (the last number
  of the concept id, which is `2.16.840.1.113883.2.4.3.11.60.90.77.2.12.<concept>`), `parent` (a concept, or empty for a
  child of the transaction element), `element` (name of the ADA element), `kind` (group, item), `datatype` (of an
  item: code, ordinal, quantity, ...; `reference` for a group that refers to an element with that `id`), `target` (the
  concept a reference points to), `min`, `max` (`*` = any), `conformance` (R, C, ...; empty = optional), `mandatory`,
  `lists` (value lists, separated by spaces), `units`, `precision`, `name`.
- `value_lists.csv`: one row per code of these lists: `list`, `code`, `system` (OID), `display` (the Dutch name), `kind`
  (leaf; `group` is not to be chosen; `exception` is a null flavor; `include` opens a whole code system or, with a code,
  its descendants).
- `../terminology/stated_oids.csv`: OID to FHIR STU3 system, as the data sets state it.
- `countries.csv`: GBA countries to ISO 3166, a concept map.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import ada_wiki
from lxml import etree

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "src" / "babyconnect" / "definitions" / "ada"
PREFIX = "2.16.840.1.113883.2.4.3.11.60.90.77.2.12."
FOLDER = "geboortezorg-stu3/dataset-pwd32"
TRANSACTIONS = {
    "basis": "izk-3.0_Transaction_BeschikbaarstellenMedMijVerloskundeBasis.xml",
    "kraam": "RetrieveTransaction_BeschikbaarstellenMedMijKraam.xml",
    "echo": "RetrieveTransaction_BeschikbaarstellenMedMijEcho.xml",
    "echo_beta": "RetrieveTransaction_BeschikbaarstellenMedMijEcho.xml",
    "kraam_beta": "RetrieveTransaction_BeschikbaarstellenMedMijKraam.xml",
}
WIKI = {
    "uitbreiding": "BeschikbaarstellenMedMijVerloskundeUitbreiding",
    "uitbreiding_beta": "BeschikbaarstellenMedMijVerloskundeUitbreiding",
}
SUPPLEMENTS = {"echo": ("echo",), "echo_beta": ("echo", "echo_beta"), "kraam_beta": ("kraam_beta",),
               "uitbreiding": ("uitbreiding",), "uitbreiding_beta": ("uitbreiding", "kraam_beta")}  # fmt: skip
STRUCTURE = ("concept", "parent", "element", "kind", "datatype", "target", "min", "max", "conformance", "mandatory",
             "lists", "units", "precision", "name")  # fmt: skip
NULL_FLAVOR = "2.16.840.1.113883.5.1008"


def short(identifier: str) -> str:
    return identifier.removeprefix(PREFIX)


def squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def text_of(element: etree._Element | None) -> str:
    return squeeze("".join(element.itertext())) if element is not None else ""


def concepts(parent: etree._Element, above: str = "") -> Iterator[tuple[etree._Element, str]]:
    for concept in parent.findall("concept"):
        yield concept, above
        yield from concepts(concept, short(concept.get("id")))


def list_key(value_set: etree._Element) -> str:
    """The name FHIR gives the list: OID and version (`<oid>--<yyyymmddhhmmss>`)."""
    return f"{value_set.get('id')}--{re.sub('[^0-9]', '', value_set.get('effectiveDate', ''))}"


def structure_row(concept: etree._Element, parent: str) -> dict[str, str]:
    domain, contains = concept.find("valueDomain"), concept.find("contains")
    properties = domain.findall("property") if domain is not None else []
    datatype = domain.get("type") if domain is not None else ("reference" if contains is not None else "")
    return {
        "concept": short(concept.get("id")), "parent": parent, "element": concept.get("shortName"),
        "kind": concept.get("type"), "datatype": datatype,
        "target": short(contains.get("ref")) if contains is not None else "",
        "min": concept.get("minimumMultiplicity", ""), "max": concept.get("maximumMultiplicity", ""),
        "conformance": concept.get("conformance", ""), "mandatory": concept.get("isMandatory", ""),
        "lists": " ".join(list_key(v) for v in concept.findall("valueSet")),
        "units": " ".join(p.get("unit") for p in properties if p.get("unit")),
        "precision": " ".join(p.get("timeStampPrecision") for p in properties if p.get("timeStampPrecision")),
        "name": text_of(concept.find("name")),
    }  # fmt: skip


def display_of(code: etree._Element) -> str:
    """The Dutch name of a code: the preferred designation, else the name, else the display name."""
    for designation in code.findall("designation"):
        if designation.get("language") == "nl-NL" and designation.get("type") == "preferred":
            return squeeze(designation.get("displayName", ""))
    for name in code.findall("name"):
        if name.get("language") == "nl-NL" and text_of(name):
            return text_of(name)
    return squeeze(code.get("displayName", ""))


def list_rows(value_set: etree._Element) -> Iterator[dict[str, str]]:
    kinds = {"A": "group", "D": "retired", "L": "leaf", "S": "leaf"}
    for code in value_set.iterfind("conceptList/*"):
        if code.tag == "concept":
            kind = kinds[code.get("type")]
        elif code.tag in ("exception", "include"):
            kind = code.tag
        else:
            continue
        yield {"list": list_key(value_set), "code": code.get("code", ""), "system": code.get("codeSystem", ""),
               "display": display_of(code), "kind": kind}  # fmt: skip


def supplemented(name: str, found: list[dict[str, str]]) -> list[dict[str, str]]:
    """The rows, with those of `ada_map/<name>_structure.csv` in the place of the same concept or at the end."""
    path = ROOT / "tools" / "ada_map" / f"{name}_structure.csv"
    if not path.exists():
        return found
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    own = {row["concept"]: row for row in csv.DictReader(lines)}
    waiting = [own.pop(row["concept"], row) for row in found] + list(own.values())
    placed: dict[str, dict[str, str]] = {}
    while waiting:  # a parent before what lies in it
        for row in list(waiting):
            if not row["parent"] or row["parent"] in placed:
                placed[row["concept"]] = row
                waiting.remove(row)
    return list(placed.values())


def write(name: str, columns: tuple[str, ...], rows: list[dict[str, str]], citation: str) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with (OUT / name).open("w", encoding="utf-8", newline="") as out:
        out.write(f"# {citation}\n# Generated by tools/distil_ada.py, which documents the columns; do not edit.\n")
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def countries(lists: list[dict[str, str]]) -> list[dict[str, str]]:
    """GBA country → ISO 3166 code, where both value lists give the country the same Dutch name."""
    gba, iso = "2.16.840.1.113883.2.4.4.16.34", "1.0.3166.1.2.2"
    codes = {row["display"].lower(): row["code"] for row in lists if row["system"] == iso}
    return [
        {"map": "country", "system": gba, "code": row["code"], "target": codes[row["display"].lower()],
         "target_system": "", "display": "", "citation": "same name in LandGBACodelijst and LandISOCodelijst"}
        for row in lists if row["system"] == gba and row["display"].lower() in codes
    ]  # fmt: skip


Lists = dict[tuple[str, str, str], dict[str, str]]
Systems = dict[str, dict[str, str]]


def add_lists(root: etree._Element, file: str, lists: Lists, systems: Systems, only: set[str] | None = None) -> None:
    """The value lists of a view (`only` these) and the code systems of them, where no view before had them."""
    for value_set in root.iter("valueSet"):
        if only is not None and list_key(value_set) not in only:
            continue
        for row in list_rows(value_set):
            lists.setdefault((row["list"], row["code"], row["system"]), row)
        for system in value_set.iter("sourceCodeSystem"):
            uri = system.get("canonicalUriSTU3", "")
            systems.setdefault(system.get("id"), {"oid": system.get("id"), "uri": uri, "source": file})


def distil_wiki(data: Path, name: str, transaction: str, lists: Lists, systems: Systems) -> None:
    """A transaction without a view: structure by `ada_wiki`, lists from all views, else from FHIR's value sets."""
    views = list(TRANSACTIONS.values())
    views += [path.name for path in sorted((data / FOLDER).glob("*.xml")) if path.name not in views]
    roots = {file: etree.parse(str(data / FOLDER / file)).getroot() for file in dict.fromkeys(views)}
    known: dict[str, dict[str, str]] = {}
    for root in roots.values():
        for concept, parent in concepts(root):
            known.setdefault(short(concept.get("id")), structure_row(concept, parent))
    rows = ada_wiki.structure(data, name.partition("_")[0], transaction, known)
    for supplement in SUPPLEMENTS.get(name, ()):
        rows = supplemented(supplement, rows)
    used = {key for row in rows for key in row.get("lists", "").split()}
    for file, root in roots.items():
        add_lists(root, file, lists, systems, used)
    oids = {row["uri"]: oid for oid, row in systems.items() if row["uri"]}
    for key in sorted(used - {row["list"] for row in lists.values()}):
        for row in ada_wiki.value_set(data, key, oids):
            lists.setdefault((row["list"], row["code"], row["system"]), row)
    published = {row["list"] for row in lists.values()}
    for row in rows:  # a list of which no version is published as named cannot be checked
        row["lists"] = " ".join(key for key in row.get("lists", "").split() if key in published)
    source = f"{ada_wiki.TABLES}/wiki_transaction_addendum_{transaction}.mediawiki.txt"
    write(f"{name}_structure.csv", STRUCTURE, rows, f"Nictiz, {source}, by tools/ada_wiki.py")
    print(f"{name}: {len(rows)} concepts; not published: {sorted(used - published)}")


def main() -> int:
    data = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("NICTIZ_DATA", "../shared/nictiz"))
    lists: Lists = {}
    systems: Systems = {}
    for name, file in TRANSACTIONS.items():
        root = etree.parse(str(data / FOLDER / file)).getroot()
        rows = [structure_row(concept, parent) for concept, parent in concepts(root)]
        for supplement in SUPPLEMENTS.get(name, ()):
            rows = supplemented(supplement, rows)
        write(f"{name}_structure.csv", STRUCTURE, rows,
              f"Nictiz, {FOLDER}/{file}: transaction {root.get('shortName')} "
              f"({root.get('transactionId')}, {root.get('transactionEffectiveDate')})")  # fmt: skip
        add_lists(root, file, lists, systems)
        print(f"{name}: {len(rows)} concepts")
    for name, transaction in WIKI.items():
        distil_wiki(data, name, transaction, lists, systems)
    write("value_lists.csv", ("list", "code", "system", "display", "kind"), list(lists.values()),
          f"Nictiz, {FOLDER}: value lists of the transactions in *_structure.csv; else FHIR's value sets")  # fmt: skip
    write("../terminology/stated_oids.csv", ("oid", "uri", "source"), sorted(systems.values(), key=lambda r: r["oid"]),
          f"Nictiz, {FOLDER}: sourceCodeSystem/@canonicalUriSTU3")  # fmt: skip
    write("countries.csv", ("map", "system", "code", "target", "target_system", "display", "citation"),
          countries(list(lists.values())), f"Nictiz, {FOLDER}: LandGBACodelijst and LandISOCodelijst")  # fmt: skip
    print(f"{len(lists)} codes, {len(systems)} systems")
    return 0


if __name__ == "__main__":
    sys.exit(main())
