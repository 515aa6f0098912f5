"""Make `definitions/hl7v3/*_elements.csv` and `kernset_2.3_codes.csv`: what records for Perined's messages may hold.

    python tools/distil_hl7v3.py [FOLDER OF THE PUBLISHED STANDARD]

Elements: path (names from the root down), concept (the data element's number), datatype, min and max (how often it is
there where it lies; not known of 2.2 and neonatology), lists (of its codes; of 2.2 the list that 2.3 has of the same
data element, unless a published record of 2.2 has a code that is not in it).
Kernset 2.3: ART-DECOR's view of the transaction (dataset-pwd23); what only the published records of 2.3.5 and 2.3.6
hold is added.  Kernset 2.2 and neonatology: no view lies with the data; their elements are those of the published
records, and of 2.2 what the view of 2.3 says it inherited.
Codes: list, code, system, display of every value list of the view.
"""

from __future__ import annotations

import csv
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

ROOT = Path(__file__).parents[1]
OUT = ROOT / "src/babyconnect/definitions/hl7v3"
VIEW = "geboortezorg-stu3/dataset-pwd23/RetrieveTransaction_KernsetGeboortezorg.xml"
PAIRS = "hl7-mappings/ada-2-hl7v3"
RECORDS = {
    "kernset_2.2": ("peri-2.2/*/ada_instance/*.xml", "peri-2.3.5/nictiz_test/ada_instance/ada-result.xml"),
    "kernset_2.3": ("peri-2.3.5/*/ada_instance/*.xml", "peri-2.3.6/*/ada_instance/*.xml"),
    "neonatology": ("peri-3.0/*/ada_instance/*.xml",),
}
ROOTS = {"kernset_2.2": "kernset_aanleverbericht", "kernset_2.3": "kernset_geboortezorg",
         "neonatology": "kernset_neonatologie"}  # fmt: skip
DATA_SET_22 = "2.16.840.1.113883.2.4.3.11.60.90.77.2.5."
# Groups of 2.3 whose own children are of 2.2 as well, and one that 2.2 has in another form (care taken or handed over).
LATER = {"zwangerschap/diagnose/intrauteriene_vruchtdood"}
OTHERWISE = {"zorgverlening/verwijsdetails"}
ELEMENTS = ("path", "concept", "datatype", "min", "max", "lists")
CODES = ("list", "code", "system", "display")
Row = dict[str, str]


def short(oid: str) -> str:
    return oid.rsplit(".", 1)[-1]


def list_key(value_set: etree._Element) -> str:
    return f"{value_set.get('id')}--{re.sub('[^0-9]', '', value_set.get('effectiveDate', ''))}"


def of_view(parent: etree._Element, above: str = "") -> Iterator[Row]:
    for concept in parent.findall("concept"):
        path = f"{above}/{concept.get('shortName')}".lstrip("/")
        domain = concept.find("valueDomain")
        lists = " ".join(list_key(found) for found in concept.findall("valueSet"))
        yield {"path": path, "concept": short(concept.get("id", "")),
               "datatype": domain.get("type", "") if domain is not None else "group",
               "min": concept.get("minimumMultiplicity", ""), "max": concept.get("maximumMultiplicity", ""),
               "lists": lists}  # fmt: skip
        yield from of_view(concept, path)


def inherited(view: etree._Element, elements: dict[str, Row]) -> Iterator[Row]:
    """What 2.3 has of 2.2, beside what the records of 2.2 hold; not what they have under another name."""
    older = {
        short(c.get("id", ""))
        for c in view.iter("concept")
        if any(c.find(n) is not None and DATA_SET_22 in c.find(n).get("ref", "") for n in ("inherit", "relationship"))
    }
    numbers = {row["concept"] for row in elements.values()}
    for row in of_view(view):
        above = row["path"].rpartition("/")[0]
        if row["concept"] in older - numbers and (above in elements or above in LATER) and row["path"] not in OTHERWISE:
            yield row | {"min": "", "max": "", "lists": ""}


def datatype(element: etree._Element) -> str:
    """What the attributes of a published record say; a boolean and a number look like any other value."""
    value = element.get("value", "")
    if element.get("code"):
        return "code"
    if element.get("unit"):
        return "quantity"
    if element.get("datatype") in ("datetime", "date") or re.match(r"T-|\d{4}-\d\d-\d\d", value):
        return "datetime"
    if element.get("datatype") == "reference":
        return "reference"
    if element.get("root"):
        return "identifier"
    if value in ("true", "false", "UNK") or element.get("nullFlavor"):
        return "boolean"
    return "string" if value else "group"


def of_record(element: etree._Element, above: str = "") -> Iterator[Row]:
    for child in element:
        if isinstance(child.tag, str):
            path = f"{above}/{child.tag}".lstrip("/")
            yield {
                "path": path,
                "concept": short(child.get("conceptId", "")),
                "datatype": datatype(child),
                "min": "",
                "max": "",
                "lists": "",
            }
            yield from of_record(child, path)


def records(data: Path, name: str) -> Iterator[etree._Element]:
    for pattern in RECORDS[name]:
        for file in sorted((data / PAIRS).glob(pattern)):
            root = etree.parse(str(file)).getroot()
            yield from root.iter(ROOTS[name])


def lists_of_later(view: etree._Element, elements: dict[str, Row], data: Path) -> None:
    """The value lists of 2.2 are not published: those of 2.3 stand for them where no published record contradicts."""
    later = {row["concept"]: row["lists"] for row in of_view(view) if row["lists"]}
    known = {(row["list"], row["code"], row["system"]) for row in codes_of(view)}
    for record in records(data, "kernset_2.2"):
        for coded in record.iter():
            concept, code = short(coded.get("conceptId", "")), coded.get("code", "")
            lists = later.get(concept, "").split()
            if code and not any((name, code, coded.get("codeSystem")) in known for name in lists):
                later.pop(concept, None)
    for row in elements.values():
        row["lists"] = later.get(row["concept"], "")


def codes_of(view: etree._Element) -> Iterator[Row]:
    for value_set in view.iter("valueSet"):
        for code in value_set.iterfind("conceptList/*"):
            if code.tag in ("concept", "exception"):
                yield {"list": list_key(value_set), "code": code.get("code", ""), "system": code.get("codeSystem", ""),
                       "display": " ".join(code.get("displayName", "").split())}  # fmt: skip


def write(name: str, columns: tuple[str, ...], found: list[Row], citation: str) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with (OUT / name).open("w", encoding="utf-8", newline="") as out:
        out.write(f"# {citation}\n# Generated by tools/distil_hl7v3.py, which documents the columns; do not edit.\n")
        writer = csv.DictWriter(out, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


def main() -> int:
    data = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("NICTIZ_DATA", "../shared/nictiz"))
    view = etree.parse(str(data / VIEW)).getroot()
    for name in RECORDS:
        elements = {row["path"]: row for row in of_view(view)} if name == "kernset_2.3" else {}
        for record in records(data, name):
            for row in of_record(record):
                known = elements.setdefault(row["path"], row)
                if known["datatype"] == "group":
                    known |= {"datatype": row["datatype"]}
        if name == "kernset_2.2":
            elements |= {row["path"]: row for row in inherited(view, elements)}
            lists_of_later(view, elements, data)
        source = PAIRS if name == "neonatology" else f"{VIEW} and {PAIRS}"
        write(f"{name}_elements.csv", ELEMENTS, list(elements.values()),
              f"Nictiz, {source}: elements of {ROOTS[name]}")  # fmt: skip
        print(f"{name}: {len(elements)} elements")
    codes: dict[tuple[str, str, str], Row] = {}
    for row in codes_of(view):
        codes.setdefault((row["list"], row["code"], row["system"]), row)
    write("kernset_2.3_codes.csv", CODES, list(codes.values()), f"Nictiz, {VIEW}: value lists")
    print(f"{len(codes)} codes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
