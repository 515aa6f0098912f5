"""What goes from a reader of one format to a writer of another (`flows.translating` has the tables of both).

Everything passes STU3 resources, the one language; the tree of an ADA record goes along for writers that can use it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.birthcare.identifiers import BSN_OID
from babyconnect.fhir.rendering import masked, without_files
from babyconnect.flows.findings import Finding
from babyconnect.sources import Sourced
from babyconnect.translate.completeness import Filled
from babyconnect.translate.jgz import masking


@dataclass(frozen=True, slots=True)
class Read:
    """What a reader made of a record: each resource with its place in the input, and what was found on the way."""

    resources: tuple[Sourced, ...]
    findings: tuple[Finding, ...] = ()
    counted: Filled | None = None
    """What an export fills of its data set, where the format has one: see `flows.completeness.DATA_SETS`."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a writer.

    `version`: of the data set, in and out; `transaction`: which one ("" = the record's own); `format`: how FHIR is
    written (`json` or `xml`); `with_bsn`: without it writers get no BSN at all.
    """

    today: dt.date
    version: str = ""
    transaction: str = ""
    format: str = "json"
    with_bsn: bool = False


@dataclass(frozen=True, slots=True)
class Material:
    """One record as a writer gets it: its name, the format it came in, STU3 resources, the tree when it was ADA or a
    message."""

    name: str
    format: str
    resources: tuple[Mapping[str, Any], ...]
    ada: AdaRecord | None
    wanted: Wanted
    message: etree._Element | None = None

    @property
    def bundle(self) -> dict[str, Any]:
        return bundled(self.resources)


@dataclass(frozen=True, slots=True)
class Written:
    """What a writer made: the file's bytes and extension, and what could not be carried over; an error: no bytes.

    `others`: the files after the first, of a record that becomes several (one per child).
    """

    content: bytes
    extension: str
    findings: tuple[Finding, ...] = field(default=())
    others: tuple[bytes, ...] = ()

    @property
    def refused(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)


def bundled(resources: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """A Bundle of type collection; the addresses are the sources' own, relative to nothing."""
    entries = [
        {"fullUrl": f"urn:babyconnect:source:{r['resourceType']}:{r.get('id', number)}", "resource": r}
        for number, r in enumerate(resources)
    ]
    return {"resourceType": "Bundle", "type": "collection", **({"entry": entries} if entries else {})}


def without_bsn(material: Material) -> Material:
    """The material with every BSN masked, in the resources and in the trees; files stay out, as they may hold one."""
    bundle = masked({"resourceType": "Bundle", "entry": [{"resource": r} for r in material.resources]})
    resources = tuple(without_files(entry["resource"])[0] for entry in bundle.get("entry", ()))
    ada = material.ada
    if ada is not None:
        numbers = frozenset(e.value for e in ada.root.walk() if e.attributes.get("root") == BSN_OID and e.value)
        ada = replace(ada, root=_masked(ada.root, numbers)) if numbers else ada
    message = None if material.message is None else masking.without_bsn(material.message)
    return replace(material, resources=resources, ada=ada, message=message)


def files_in(material: Material) -> int:
    """How many files (letters, images) lie inside its resources: a BSN within one cannot be masked."""
    return sum(without_files(resource)[1] for resource in material.resources)


def _masked(element: AdaElement, numbers: frozenset[str]) -> AdaElement:
    """ADA states a masked value by its null flavour (HL7: MSK)."""
    attributes = {k: _starred(v, numbers) for k, v in element.attributes.items()}
    if element.attributes.get("root") == BSN_OID and "value" in attributes:
        del attributes["value"]
        attributes["nullFlavor"] = "MSK"
    return replace(element, attributes=attributes, children=tuple(_masked(c, numbers) for c in element.children))


def _starred(text: str, numbers: frozenset[str]) -> str:
    for number in numbers:
        text = text.replace(number, "*" * len(number))
    return text
