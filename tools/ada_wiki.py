"""The structure of a transaction of which only the wiki table is published: verloskunde uitbreiding of PWD 3.2.

The table (`mapping-tables-izk30/wiki_transaction_addendum_<Transaction>.mediawiki.txt`) gives number, nesting, type,
name and cardinality of each data element.  The rest is taken from what is published of the same data element:

- the element's name: ART-DECOR makes it of the data element's name, always the same way (`element_name`); a test holds
  this against every published view;
- data type, value lists, units, what a reference points to: a transaction view of the data set (`dataset-pwd32`) that
  has the same data element;
- else the type by the table's symbol; a value list by its profile (`ada_map/<name>_lists.csv`) or the code table
  (`Addendum_profile_mapping`), else the one list that every data element of that name has in the views; a reference by
  the name of what it refers to: the group of that name, a building block (below 926) before any other;
- a data element of data set 3.1 (`peri31` in Nictiz' mapping) whose number 3.2 gave to another keeps its whole id.

Used by `distil_ada.py`; what follows from none of this is in `ada_map/uitbreiding_structure.csv`.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

TABLES = "geboortezorg-stu3/mapping-tables-izk30"
MAPPING = "geboortezorg-stu3/dataset-mapping/fhirmapping-3-2.xml"
FORMER = "2.16.840.1.113883.2.4.3.11.60.90.77.2.11."
REUSED = range(1431, 1466)
"""Numbers that data set 3.2 gave to other data elements; this transaction still has those of 3.1."""
BUILDING_BLOCKS = "926"
TYPES = {"CD": "code", "TS": "datetime", "ST": "string", "PQ": "quantity", "BL": "boolean", "II": "identifier",
         "INT": "count", "ANY": "complex", "ordinal": "ordinal", "blob": "blob"}  # fmt: skip
FHIR = {"f": "http://hl7.org/fhir"}
NULL_FLAVOR = "http://hl7.org/fhir/v3/NullFlavor"
Known = Mapping[str, dict[str, str]]


@dataclass(frozen=True)
class Line:
    """One data element of the table.  `symbol`: of its type; `depth`: 0 for a child of the transaction."""

    number: str
    symbol: str
    depth: int
    name: str
    low: str
    high: str


def lines(data: Path, transaction: str) -> Iterator[Line]:
    text = (data / TABLES / f"wiki_transaction_addendum_{transaction}.mediawiki.txt").read_text(encoding="utf-8")
    for part in re.split(r"\n\|-", text)[1:]:
        cells = re.split(r"\n?\|\|", part.partition("\n")[2])
        symbol = re.search(r"Bestand:(\w+)\.png|^\|?(blob|ordinal)", cells[0].strip())
        if symbol:
            low, _, high = cells[3].strip().partition(" .. ")
            name = re.sub(r"\s+", " ", cells[2].replace("&#160;", "")).strip()
            yield Line(cells[1].strip(), symbol[1] or symbol[2], cells[2].count("&#160;") // 3, name, low, high)


def element_name(name: str) -> str:
    """The ADA element of a data element: no accents, words by capitals and spaces, `?` is q, the rest left out."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower().replace(" ", "_").replace("?", "q")
    return re.sub(r"[^a-z0-9_]", "", words)


def former(data: Path) -> set[tuple[str, str]]:
    """(number, name) of the data elements of 3.1 in the mapping whose number has another meaning in 3.2."""
    found = set()
    for record in etree.parse(str(data / MAPPING)).getroot().iter("record"):
        text = {child.tag: (child.text or "").strip() for child in record}
        source, _, number = text["ID"].partition("-dataelement-")
        if source == "peri31" and int(number) in REUSED:
            found.add((number, element_name(text.get("naam", ""))))
    return found


def code_lists(data: Path) -> dict[str, str]:
    """Data element → value list of the code table."""
    text = (data / TABLES / "Addendum_profile_mapping.mediawiki.txt").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for row in text.split("\n|-")[1:]:
        cells = [cell.strip() for cell in row.split("\n||")]
        value_set = re.search(r"/ValueSet/([0-9.]+--\d+)", cells[-1])
        if len(cells) > 8 and value_set:
            found.setdefault(cells[1], value_set[1])
    return found


def bound_lists(name: str) -> dict[str, str]:
    """Data element → value list that its profile binds: rows of `ada_map/<name>_lists.csv`."""
    path = Path(__file__).parent / "ada_map" / f"{name}_lists.csv"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {row["concept"]: row["list"] for row in csv.DictReader(lines)}


def structure(data: Path, name: str, transaction: str, known: Known) -> list[dict[str, str]]:
    """Rows of the structure table, in the order of the wiki table.  `known`: data element → its row of a view."""
    table, old = list(lines(data, transaction)), former(data)
    lists, usual = code_lists(data) | bound_lists(name), _usual(known, "lists", ("code", "ordinal"))
    numbers = _numbers(table, old)
    groups = _usual(known, "target", ("reference",)) | _groups(table, numbers)
    rows, above = [], list[str]()
    for place, line in enumerate(table):
        del above[line.depth :]
        parent, is_group = above[-1] if above else "", place + 1 < len(table) and table[place + 1].depth > line.depth
        above.append(numbers[place])
        row = {"concept": numbers[place], "parent": parent, "element": element_name(line.name), "min": line.low,
               "max": line.high, "name": line.name}  # fmt: skip
        rows.append(row | _meaning(line, known.get(numbers[place]), is_group, groups, lists, usual))
    return rows


def _numbers(table: list[Line], old: set[tuple[str, str]]) -> list[str]:
    """The concepts: a number of 3.2, or the whole id of one of 3.1 (and what lies in a group of 3.1)."""
    found, inside = list[str](), -1
    for line in table:
        if line.depth <= inside:
            inside = -1
        is_former = int(line.number) in REUSED and (inside >= 0 or (line.number, element_name(line.name)) in old)
        if is_former and inside < 0 and line.symbol == "Container":
            inside = line.depth
        found.append(f"{FORMER}{line.number}" if is_former else line.number)
    return found


def _groups(table: list[Line], numbers: list[str]) -> dict[str, str]:
    """Element of a group → its data element, where one group or one building block has that name."""
    named, blocks = defaultdict[str, list[str]](list), dict[str, str]()
    inside = False
    for place, line in enumerate(table[:-1]):
        inside = line.number == BUILDING_BLOCKS or (inside and line.depth > 0)
        if table[place + 1].depth > line.depth:
            named[element_name(line.name)].append(numbers[place])
            if inside and line.depth in (1, 2):
                blocks.setdefault(element_name(line.name), numbers[place])
    return {name: found[0] for name, found in named.items() if len(found) == 1} | blocks


def _usual(known: Known, column: str, types: tuple[str, ...]) -> dict[str, str]:
    """Element → the column's value, where every data element of that name and these types in the views has the same."""
    found = defaultdict[str, set[str]](set)
    for row in known.values():
        if row["datatype"] in types and "." not in row["target"]:  # a zib's own concept is none of this data set
            found[row["element"]].add(row[column])
    return {name: next(iter(values)) for name, values in found.items() if len(values) == 1}


def _meaning(line: Line, view: dict[str, str] | None, is_group: bool, groups: dict[str, str], lists: dict[str, str],
             usual: dict[str, str]) -> dict[str, str]:  # fmt: skip
    if view is not None:
        same = ("kind", "datatype", "target", "conformance", "mandatory", "lists", "units", "precision")
        return {name: view[name] for name in same}
    if line.symbol == "Container":
        target = "" if is_group else groups.get(element_name(line.name), "")
        return {"kind": "group", "datatype": "reference" if target else "", "target": target}
    known_lists = lists.get(line.number, "") or usual.get(element_name(line.name), "")
    return {"kind": "item", "datatype": TYPES[line.symbol], "lists": known_lists if line.symbol == "CD" else ""}


def value_set(data: Path, key: str, oids: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Rows of a value list from the FHIR value set of that OID and version.  `oids`: FHIR system → OID."""
    found = sorted(data.glob(f"*/valuesets/*{key}.xml"))
    for include in etree.parse(str(found[0])).getroot().iterfind("f:compose/f:include", FHIR) if found else ():
        uri = _value(include, "f:system")
        system = oids.get(uri, uri.removeprefix("urn:oid:"))
        codes = include.findall("f:concept", FHIR)
        for concept in codes:
            kind = "exception" if uri == NULL_FLAVOR else "leaf"
            yield {"list": key, "code": _value(concept, "f:code"), "system": system,
                   "display": _value(concept, "f:display"), "kind": kind}  # fmt: skip
        if not codes:
            yield {"list": key, "code": "", "system": system, "display": "", "kind": "include"}


def _value(element: etree._Element, path: str) -> str:
    found = element.find(path, FHIR)
    return str(found.get("value", "")) if found is not None else ""
