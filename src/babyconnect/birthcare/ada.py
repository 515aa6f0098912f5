"""An ADA record as values: the tree that `sources.ada` reads and `translate` walks (ART-DECOR Applications format).

ADA is Nictiz's XML of one filled-in transaction: an element per data element, its content in attributes (`value`,
`code`, `codeSystem`, `displayName`, `unit`, `root`, `nullFlavor`, `originalText`, ...), the data element it fills in
`conceptId`, and references (`datatype="reference"`) to an element with that `id` in the same record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

PWD_32 = "2.16.840.1.113883.2.4.3.11.60.90.77.2.12."
"""Prefix of the data elements of data set PWD 3.2; what follows is the number that every table of ours uses."""


@dataclass(frozen=True, slots=True)
class AdaElement:
    """One element.  `concept` is the data element's number (the whole id when it is not of PWD 3.2, "" when absent)."""

    name: str
    concept: str
    attributes: Mapping[str, str]
    children: tuple[AdaElement, ...]
    line: int

    @property
    def value(self) -> str:
        return self.attributes.get("value", "").strip()

    @property
    def code(self) -> str:
        return self.attributes.get("code", "").strip()

    @property
    def null_flavor(self) -> str:
        return self.attributes.get("nullFlavor", "").strip()

    @property
    def id(self) -> str:
        return self.attributes.get("id", "")

    @property
    def is_reference(self) -> bool:
        return self.attributes.get("datatype") == "reference"

    @property
    def is_filled(self) -> bool:
        """True when it says something itself: a value or a code (a null flavor says why there is none)."""
        return bool(self.value or self.code)

    def walk(self) -> Iterator[AdaElement]:
        """This element and everything in it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class AdaRecord:
    """One filled-in transaction.  `id` is the source's own name of the record ("" when it gives none)."""

    transaction: str
    transaction_ref: str
    version: str
    id: str
    title: str
    root: AdaElement
