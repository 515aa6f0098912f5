"""The older medication summary (6.12, HL7v3 list of dispenses) recast as ADA of the medication process 9.  Provisional.

By the rows of `definitions/medication/dispense_list.toml`; `record.translate` makes STU3 of the outcome, so that both
say the same thing in the same way.  What no row reads is named with its line.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lxml import etree

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.definitions import document
from babyconnect.translate.findings import Finding
from babyconnect.translate.medication.dispensed import Taker
from babyconnect.translate.medication.people import patient
from babyconnect.translate.medication.tree import V3, Sheet, element, text

_TABLE = document("medication/dispense_list.toml")
_MESSAGE, _STATUS = _TABLE["message"], _TABLE["status"]
_BLOCKS = ("toedieningsafspraak", "verstrekking")


def recast(message: etree._Element) -> tuple[AdaRecord, list[Finding]]:
    """The record, and what of the message is not in it (an error: refuse it)."""
    read = Sheet(message)
    lists = read.below(message, f"ControlActProcess/subject/{_MESSAGE['list']}")
    clients = [patient(read, one) for found in lists for one in read.below(found, "subject/Patient")]
    taker = Taker(read, _organisations(message))
    events = [event for found in lists for event in read.below(found, "component/medicationDispenseEvent")]
    treatments = [made for event in events if (made := _treatment(read, taker, event))]
    root = element(message, _MESSAGE["data_set"], {}, (*clients, *treatments))
    for found in lists:
        read.below(found, "code")
        read.name_the_rest(found)
    number = next((one.get("extension", "") for one in message.findall(f"{V3}id")), "")
    record = AdaRecord(_MESSAGE["data_set"], "", _MESSAGE["version"], number, "", root)
    return record, read.findings


def _organisations(message: etree._Element) -> Mapping[tuple[str, str], str]:
    """The names of organisations by their numbers: a dispense gives the number only, its author the name."""
    found: dict[tuple[str, str], str] = {}
    for one in message.iter(f"{V3}Organization", f"{V3}representedOrganization"):
        name = " ".join(text(called) for called in one.findall(f"{V3}name")).strip()
        for number in one.findall(f"{V3}id") if name else ():
            found.setdefault((number.get("root", ""), number.get("extension", "")), name)
    return found


def _treatment(read: Sheet, taker: Taker, event: etree._Element) -> AdaElement | None:
    status = next(iter(read.below(event, "statusCode")), None)
    code = status.get("code", "") if status is not None else ""
    if code in _STATUS["never"]:
        read.say(event, "not-carried", "a dispense that was cancelled: it is not in the record")
        read.take_all(event)
        return None
    if code not in _STATUS["done"]:
        read.say(event, "unknown-code", "a dispense without a status that is known: kept as one that was made")
    numbers = [taker.number(one, "identificatie") for one in read.below(event, "id")][:1]
    blocks = (element(event, name, {}, _children(read, taker, event, name)) for name in _BLOCKS)
    return element(event, "medicamenteuze_behandeling", {}, (*numbers, *blocks))


def _children(read: Sheet, taker: Taker, event: etree._Element, block: str) -> tuple[AdaElement, ...]:
    made: list[AdaElement] = []
    for row in _TABLE["row"]:
        if row["block"] == block and (found := read.below(event, row["source"])):
            made += _put(taker.take(row["take"], found, row["target"].rsplit("/", 1)[-1]), row["target"])
    return tuple(made)


def _put(made: Sequence[AdaElement], target: str) -> Iterator[AdaElement]:
    """Each within the elements that its target lies in."""
    above = target.split("/")[:-1]
    for one in made:
        for name in reversed(above):
            one = AdaElement(name, "", {}, (one,), one.line)
        yield one
