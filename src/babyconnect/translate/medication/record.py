"""A record of the medication process 9 (ADA) → STU3 resources: the client, each product, each building block.

Refused: no client or two, a number that is no BSN, a block that names no product.  Everything that was not carried over
is named with its line; the original is kept by the publisher.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.definitions import document
from babyconnect.translate.findings import Translated
from babyconnect.translate.medication.blocks import NICTIZ, Writer, numbered
from babyconnect.translate.medication.parties import Parties
from babyconnect.translate.medication.products import Products
from babyconnect.translate.medication.reading import Reading, named

_BLOCKS = document("medication/ada.toml")["block"]
Resource = dict[str, Any]


def translate(record: AdaRecord, today: dt.date) -> Translated:
    """The resources and findings of one record."""
    read = Reading()
    parties, products = Parties(read, today), Products(read)
    clients = list(read.children(record.root, "patient"))
    if len(clients) != 1:
        rule = "two-clients" if clients else "no-client"
        read.say(record.root, rule, f"the record holds {len(clients)} clients, not one", "error")
        return Translated([], read.findings)
    parties.client(clients[0])
    found = [
        (treatment, block)
        for treatment in read.children(record.root, "medicamenteuze_behandeling")
        for block in treatment.children
        if block.name in _BLOCKS
    ]
    client = parties.resources[0]
    salt = "|".join((record.id, client["id"], str(client.get("birthDate", "")), *_name(client)))
    ids = [_id(block, number, salt) for number, (_, block) in enumerate(found, 1)]
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
    return Translated([*parties.resources, *products.resources, *made], findings)


def _name(client: Resource) -> tuple[str, ...]:
    return tuple(str(name.get("text", "")) for name in client.get("name", ()))


def _numbers(found: list[tuple[AdaElement, AdaElement]], ids: list[str]) -> Iterator[tuple[str, Resource]]:
    for (_, block), own in zip(found, ids, strict=True):
        for identifier in (one for one in block.children if one.name == "identificatie" and one.value):
            row = _BLOCKS[block.name]
            reference = {"reference": f"{row['type']}/{own}", "display": row["text"]}
            yield f"{identifier.attributes.get('root', '')}|{identifier.value}", reference


def _id(block: AdaElement, place: int, record: str) -> str:
    """By the block's own number; without one by its place in this record of this client."""
    own = [f"{one.attributes.get('root', '')}|{one.value}" for one in block.children if one.name == "identificatie"]
    kind = block.name.replace("_", "-")
    return named(kind, *own) if any(one.rpartition("|")[2] for one in own) else named(kind, record, str(place))


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
