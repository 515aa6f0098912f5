"""ADA records of any transaction made of its structure by chance: groups or none, once or more, any code.

What they say makes no sense to a midwife; that is what they are for.  Every text is another, so that it is known again.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from lxml import etree

from babyconnect.definitions import document, rows
from babyconnect.translate.element_units import units_of
from tests.support.ada_material import PWD_32, TEST_BSN, TRANSACTIONS, leaf_codes

BY_CHANCE = int(os.environ.get("BABYCONNECT_BY_CHANCE", "8"))
"""How many records of each transaction."""
Row = Mapping[str, str]
BSN_OID = "2.16.840.1.113883.2.4.6.3"
BORN = dt.date(2026, 6, 3)
_CHILDS = frozenset({"1378", "9685", "10663", "11015"})  # who a group of one child is about
_FETUS = frozenset({"10283", "10805"})
_CLIENT, _PATIENT, _BIRTH, _NUMBER = "1434", "675", "683", "682"


def random_xml(transaction: str, seed: int) -> bytes:
    """The record of this seed: always the same."""
    return _Making(transaction, seed).xml()


class _Making:
    def __init__(self, transaction: str, seed: int) -> None:
        self._chance, self._transaction = random.Random(f"{transaction} {seed}"), transaction
        self._rows: dict[str, list[Row]] = defaultdict(list)
        for row in rows(f"ada/{TRANSACTIONS[transaction][0]}"):
            self._rows[row["parent"]].append(row)
        self._targets = {row["target"] for some in self._rows.values() for row in some} - {""}
        self._there: dict[str, list[Any]] = defaultdict(list)
        self._waiting: list[tuple[Any, Row]] = []
        self._number = 0

    def xml(self) -> bytes:
        reference = document("ada/transactions.toml")[self._transaction]["ref"]
        form = etree.Element(self._transaction, transactionRef=reference, id="r1")
        for row in self._rows[""]:
            self._add(form, row, 0.6)
        self._people()
        for element, row in self._waiting:
            self._refer(element, row)
        root = etree.Element("adaxml")
        etree.SubElement(root, "data").append(form)
        return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))

    def _add(self, parent: Any, row: Row, share: float) -> None:
        """The element as often as chance has it; what must be there is, and so is who the record is about."""
        needed = int(row["min"] or 0) > 0 or row["concept"] in (_CLIENT, _PATIENT)
        times = int(needed or self._chance.random() < share)
        if row["concept"] == _PATIENT:
            times = 1 + self._chance.choice((1, 1, 1, 2))
        elif times and row["max"] == "*" and self._chance.random() < 0.2:
            times = 2
        elif not times and self._holds_the_client(row):
            times = 1
        for _ in range(times):
            made = etree.SubElement(parent, row["element"], conceptId=self._whole(row["concept"]))
            if row["concept"] in self._targets:
                self._number += 1
                made.set("id", f"e{self._number}")
                self._there[row["concept"]].append(made)
            if row["datatype"] == "reference":
                self._waiting.append((made, row))
            elif row["kind"] == "item":
                self._item(made, row)
            else:
                for inside in self._rows[row["concept"]]:
                    self._add(made, inside, 0.45)

    def _holds_the_client(self, row: Row) -> bool:
        return row["concept"] in (_CLIENT, _PATIENT) or any(map(self._holds_the_client, self._rows[row["concept"]]))

    def _whole(self, concept: str) -> str:
        return concept if "." in concept else PWD_32 + concept

    def _people(self) -> None:
        """The first is the woman, with a number of her own; the others are her children."""
        for place, person in enumerate(self._there[_PATIENT]):
            for element in list(person.iter()):
                concept = element.get("conceptId").rpartition(".")[2]
                if concept == _BIRTH:
                    element.set("value", "1990-02-28" if place == 0 else BORN.isoformat())
                elif concept == _NUMBER:
                    element.attrib.update(
                        {"value": TEST_BSN, "root": BSN_OID} if place == 0 else {"value": f"k{place}"}
                    )

    def _refer(self, element: Any, row: Row) -> None:
        """To one that is there; where none is, the reference is not there either."""
        options = self._there[row["target"]] if row["target"].isdigit() else []
        if row["target"] == _PATIENT:
            own = row["concept"] in _CHILDS | _FETUS
            options = options[1:] if own else options[:1]
        if not options:
            element.getparent().remove(element)
            return
        element.attrib.update({"value": self._chance.choice(options).get("id"), "datatype": "reference"})

    def _item(self, element: Any, row: Row) -> None:
        chance, kind = self._chance, row["datatype"]
        self._number += 1
        if kind == "code" or (kind == "ordinal" and row["lists"]):
            options = [one for one in leaf_codes(row["lists"]) if one["code"].isalnum()]
            if options:
                one = chance.choice(options)
                element.attrib.update({"code": one["code"], "codeSystem": one["system"], "displayName": one["display"]})
            else:
                element.attrib.update({"code": "404684003", "codeSystem": "2.16.840.1.113883.6.96"})
        elif kind in ("datetime", "date"):
            day = BORN - dt.timedelta(days=chance.randrange(-40, 250))
            timed = kind == "datetime" and chance.random() < 0.5
            element.attrib.update({"value": f"{day}T10:{chance.randrange(10, 60)}:00" if timed else str(day),
                                   "datatype": "datetime"})  # fmt: skip
        elif kind == "quantity":
            named = units_of(row["concept"], row["units"])
            element.attrib.update(
                {"value": f"{chance.randrange(1, 999) / 10}", "unit": chance.choice(named or ("mg",))}
            )
        else:
            kind = "postcode" if row["element"] == "postcode" else kind
            said = {"boolean": chance.choice(("true", "false")), "count": str(chance.randrange(1, 9)),
                    "ordinal": str(chance.randrange(1, 9)), "complex": str(self._number), "duration": "3",
                    "postcode": f"{chance.randrange(1000, 9999)}AB", "identifier": f"id-{self._number}"}  # fmt: skip
            element.set("value", said.get(kind, f"tekst {self._number}"))
