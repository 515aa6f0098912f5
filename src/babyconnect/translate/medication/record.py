"""A record of the medication process 9 (ADA) → STU3 resources: the client, each product, each building block.

Refused: no client or two, a number that is no BSN, a block that names no product.  Everything that was not carried over
is named with its line; the original is kept by the publisher.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.definitions import document
from babyconnect.translate.completeness import Filled
from babyconnect.translate.findings import Finding
from babyconnect.translate.medication import counting
from babyconnect.translate.medication.blocks import NICTIZ, Writer, numbered
from babyconnect.translate.medication.parties import Parties
from babyconnect.translate.medication.products import Products
from babyconnect.translate.medication.reading import Reading, named

_BLOCKS = document("medication/ada.toml")["block"]
Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Translated:
    """The resources of a record, the findings in its order (an error: refuse it), what it fills of its data set."""

    resources: list[Resource]
    findings: list[Finding]
    counted: Filled


def translate(record: AdaRecord, today: dt.date) -> Translated:
    """The resources and findings of one record."""
    read = Reading()
    parties, products = Parties(read, today), Products(read)
    clients = list(read.children(record.root, "patient"))
    if len(clients) != 1:
        rule = "two-clients" if clients else "no-client"
        read.say(record.root, rule, f"the record holds {len(clients)} clients, not one", "error")
        return Translated([], read.findings, counting.filled(record, read.is_lost))
    parties.client(clients[0])
    found = [
        (treatment, block)
        for treatment in read.children(record.root, "medicamenteuze_behandeling")
        for block in treatment.children
        if block.name in _BLOCKS
    ]
    client = parties.resources[0]
    salt = "|".join((record.id, client["id"], str(client.get("birthDate", "")), *_name(client)))
    ids = list(_ids(found, salt))
    known = dict(_numbers(found, ids))
    writer = Writer(read, parties, products, today, known)
    made = []
    for (treatment, block), own in zip(found, ids, strict=True):
        made.append(_started(read, treatment, block, own) | {"subject": parties.patient})
        _filled(read, writer, made[-1], block)
    if not made:
        read.say(record.root, "incomplete", "the record holds no building block of the medication process")
    for element in read.left(record.root):
        read.say(element, "not-mapped", "no row translates this element: kept in the original only", "information")
    findings = sorted(read.findings, key=lambda finding: finding.line)
    counted = counting.filled(record, read.is_lost)
    return Translated([*parties.resources, *products.resources, *made], findings, counted)


def _name(client: Resource) -> tuple[str, ...]:
    return tuple(str(name.get("text", "")) for name in client.get("name", ()))


def _numbers(found: list[tuple[AdaElement, AdaElement]], ids: list[str]) -> Iterator[tuple[str, Resource]]:
    for (_, block), own in zip(found, ids, strict=True):
        for identifier in (one for one in block.children if one.name == "identificatie" and one.value):
            row = _BLOCKS[block.name]
            reference = {"reference": f"{row['type']}/{own}", "display": row["text"]}
            yield f"{identifier.attributes.get('root', '')}|{identifier.value}", reference


def _ids(found: list[tuple[AdaElement, AdaElement]], record: str) -> Iterator[str]:
    """By the block's own number; without one by that of its treatment and its place there, else in this record of this
    client: what is handed in again keeps its id, whatever was added beside it."""
    before: Counter[tuple[int, str]] = Counter()
    for place, (treatment, block) in enumerate(found, 1):
        kind, own, whole = block.name.replace("_", "-"), _own(block), _own(treatment)
        before[id(treatment), kind] += 1
        if own:
            yield named(kind, *own)
        elif whole:
            yield named(kind, "treatment", *whole, str(before[id(treatment), kind]))
        else:
            yield named(kind, record, str(place))


def _own(element: AdaElement) -> list[str]:
    numbers = [one for one in element.children if one.name == "identificatie" and one.value]
    return [f"{one.attributes.get('root', '')}|{one.value}" for one in numbers]


def _started(read: Reading, treatment: AdaElement, block: AdaElement, own: str) -> Resource:
    """What a block is, before its elements: type, profile, category, treatment."""
    row = _BLOCKS[read.take(block).name]
    made: Resource = {
        "resourceType": row["type"],
        "id": own,
        "meta": {"profile": [NICTIZ + row["profile"]]},
        "category": {"coding": [dict(row["category"])], "text": row["text"]},
    }
    made |= {"intent": "order"} if row["type"] == "MedicationRequest" else {}
    made |= {"status": "active", "taken": "unk"} if row["type"] == "MedicationStatement" else {}
    _treatment(read, made, treatment)
    return made


def _filled(read: Reading, writer: Writer, made: Resource, block: AdaElement) -> None:
    elements = _BLOCKS[block.name]["elements"]
    for element in block.children:
        if transform := elements.get(element.name):
            writer.write(made, read.take(element), transform)
    if "medicationReference" not in made:
        read.say(block, "incomplete", "a building block that names no product", "error")


def _treatment(read: Reading, made: Resource, treatment: AdaElement) -> None:
    number = read.child(treatment, "identificatie")
    if number is None or not number.value:
        read.say(treatment, "incomplete", "a treatment without a number: its blocks cannot be told to belong together")
        return
    url = NICTIZ + "zib-Medication-MedicationTreatment"
    made.setdefault("extension", []).append({"url": url, "valueIdentifier": numbered(number)})
