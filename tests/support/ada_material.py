"""ADA records for tests: one that fills every data element of a transaction, and records with one thing changed."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from babyconnect.birthcare.ada import PWD_32, AdaElement, AdaRecord
from babyconnect.definitions import document, rows

TRANSACTIONS = {name: (block["structure"], block["map"]) for name, block in document("ada/transactions.toml").items()}
EVERY_VERSION = list(TRANSACTIONS.values()) + [
    (other["structure"], other["map"])
    for block in document("ada/transactions.toml").values()
    for other in block.get("versions", {}).values()
]
BASIS = "med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart"
TEST_BSN = "999900730"
_SAMPLES = {"string": "tekst", "text": "vrije tekst", "boolean": "true", "count": "2", "ordinal": "7",
            "quantity": "3.50", "datetime": "T-100D{10:15}", "date": "T-90D", "complex": "4.20", "identifier": "id-1",
            "duration": "3", "blob": "x"}  # fmt: skip
_OWN = {"682": (TEST_BSN, {"root": "2.16.840.1.113883.2.4.6.3"}), "957": ("08001234", {"root": "2.16.528.1.1007.3.3"}),
        "979": ("12340001", {"root": "2.16.528.1.1007.3.1"}), "683": ("1990-02-28", {}), "3358": ("2", {})}  # fmt: skip


def leaf_codes(lists: str) -> list[Mapping[str, str]]:
    """The codes of value lists (separated by spaces) that may be chosen."""
    wanted = set(lists.split())
    return [row for row in rows("ada/value_lists") if row["list"] in wanted and row["kind"] in ("leaf", "exception")]


def _any_code(lists: str) -> Mapping[str, str]:
    """A code of the first code system that the lists take whole; of SNOMED CT where no list is published."""
    wanted = set(lists.split())
    every = (row for row in rows("ada/value_lists") if row["list"] in wanted and row["kind"] == "include")
    opened = next(every, {"code": "404684003", "system": "2.16.840.1.113883.6.96"})
    return {"code": opened["code"] or "12345-6", "system": opened["system"], "display": "voorbeeld"}


def _item(element: Any, row: Mapping[str, str]) -> None:
    concept, datatype = row["concept"], row["datatype"]
    if datatype == "code" or (datatype == "ordinal" and row["lists"]):
        codes = leaf_codes(row["lists"]) or [_any_code(row["lists"])]
        first = codes[0]
        element.attrib.update({"code": first["code"], "codeSystem": first["system"], "displayName": first["display"]})
        return
    value, extra = _OWN.get(concept, (_SAMPLES[datatype], {}))
    element.attrib.update({"value": value, **extra})
    if datatype in ("datetime", "date"):
        element.set("datatype", "datetime")
    if datatype == "quantity":
        element.set("unit", (row["units"].split() or ["mg"])[0])


def full_xml(transaction: str = BASIS) -> bytes:
    """A record that fills every data element once; every group that something refers to has an id."""
    table = rows(f"ada/{TRANSACTIONS[transaction][0]}")
    targets = {row["target"] for row in table if row["target"]}
    form = etree.Element(transaction, transactionRef=document("ada/transactions.toml")[transaction]["ref"], id="vol")
    made: dict[str, Any] = {"": form}
    for row in table:
        element = etree.SubElement(made[row["parent"]], row["element"], conceptId=_whole(row["concept"]))
        made[row["concept"]] = element
        if row["datatype"] == "reference":
            element.attrib.update({"value": f"n{row['target']}", "datatype": "reference"})
        elif row["kind"] == "item":
            _item(element, row)
        if row["concept"] in targets:
            element.set("id", f"n{row['concept']}")
    _second_patient(made)
    root = etree.Element("adaxml")
    etree.SubElement(root, "data").append(form)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _whole(concept: str) -> str:
    """The id of a data element: of PWD 3.2 where the table gives a number only."""
    return concept if "." in concept else PWD_32 + concept


def _second_patient(made: Mapping[str, Any]) -> None:
    """The child: what the child's own groups refer to is another patient than the woman."""
    woman = made["675"]
    child = copy.deepcopy(woman)
    child.set("id", "nchild")
    for element in child.iter(made["682"].tag):
        element.set("value", "kind-1")
        element.attrib.pop("root", None)
    for element in child.iter(made["683"].tag):
        element.set("value", "T-5D")
    woman.addnext(child)
    for concept in ("1378", "9685", "10283", "10663", "10805", "11015"):
        if concept in made:
            made[concept].set("value", "nchild")


def replaced(element: AdaElement, old: AdaElement, attributes: Mapping[str, str]) -> AdaElement:
    """The tree with the attributes of one element (by identity) replaced."""
    if element is old:
        return dataclasses.replace(element, attributes=attributes)
    children = tuple(replaced(child, old, attributes) for child in element.children)
    same = all(a is b for a, b in zip(children, element.children, strict=True))
    return element if same else dataclasses.replace(element, children=children)


def changed(record: AdaRecord, element: AdaElement, **attributes: str) -> AdaRecord:
    """The record with one element's attributes changed."""
    return dataclasses.replace(record, root=replaced(record.root, element, {**element.attributes, **attributes}))


def filled(record: AdaRecord) -> Iterator[AdaElement]:
    """The elements that say something themselves."""
    return (element for element in record.root.walk() if element.is_filled)
