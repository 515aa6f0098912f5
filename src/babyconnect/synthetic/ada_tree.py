"""Writes ADA XML of a transaction by its definition: concept ids, order and coded values come from the data set.

Specification: Nictiz' ADA instances of data set PWD 3.2 and `definitions/ada/*_structure.csv`.  What is written is
a nested structure of (element name, content); a name that the definition does not have at that place is an error, so a
record can not be written with an element where the data set has none.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import quoteattr

from babyconnect import definitions
from babyconnect.synthetic.codes import Code

CONCEPTS = "2.16.840.1.113883.2.4.3.11.60.90.77.2.12."


@dataclass(slots=True)
class Node:
    """One concept of the definition, with those under it by element name, in order."""

    element: str
    concept: str
    kind: str
    place: int
    lists: tuple[str, ...] = ()
    datatype: str = ""
    under: dict[str, Node] = field(default_factory=dict)


class Attributes(dict[str, str]):
    """XML attributes of one element."""


Element = tuple[Any, ...]
"""(element name, content[, id]).  Content: a text (its value), a `Code`, `Attributes`, or a list of elements in it."""


@functools.cache
def tree(structure: str) -> Node:
    """The definition of a transaction as a tree; the root has no concept."""
    root = Node("", "", "group", 0)
    by_concept = {"": root}
    for place, row in enumerate(definitions.rows(f"ada/{structure}")):
        node = Node(row["element"], row["concept"], row["kind"], place, tuple(row["lists"].split()), row["datatype"])
        by_concept[row["concept"]] = node
        by_concept[row["parent"]].under[row["element"]] = node
    return root


@functools.cache
def _positions() -> dict[tuple[str, str, str], int]:
    """(list, OID, code) to its place in the list: the `value` of a coded element."""
    counts: dict[str, int] = {}
    found = {}
    for row in definitions.rows("ada/value_lists"):
        counts[row["list"]] = counts.get(row["list"], 0) + 1
        found[row["list"], row["system"], row["code"]] = counts[row["list"]]
    return found


def reference(identifier: str) -> Attributes:
    return Attributes(value=identifier, datatype="reference")


def moment(text: str) -> Attributes:
    return Attributes(value=text, datatype="datetime")


def quantity(value: float | int | str, unit: str) -> Attributes:
    return Attributes(value=str(value), unit=unit)


def unknown(flavor: str = "UNK") -> Attributes:
    return Attributes(nullFlavor=flavor)


def _coded(node: Node, coded: Code) -> Attributes:
    for listed in node.lists:
        place = _positions().get((listed, coded.oid, coded.code))
        if place is not None:
            return Attributes(value=str(place), code=coded.code, codeSystem=coded.oid, displayName=coded.display)
    return Attributes(code=coded.code, codeSystem=coded.oid, displayName=coded.display)


def write(root: Node, elements: list[Element]) -> str:
    """The XML of these elements, which stand directly under the transaction."""
    parts: list[str] = []
    _write(root, elements, parts)
    return "".join(parts)


def _write(parent: Node, elements: list[Element], parts: list[str]) -> None:
    for element in sorted(elements, key=lambda e: parent.under[e[0]].place):
        name, content = element[0], element[1]
        node = parent.under[name]
        parts.append(f"<{name}")
        if len(element) == 3:
            parts.append(f" id={quoteattr(element[2])}")
        parts.append(f' conceptId="{CONCEPTS}{node.concept}"')
        if isinstance(content, list):
            parts.append(">")
            _write(node, content, parts)
            parts.append(f"</{name}>")
            continue
        if isinstance(content, Code):
            content = _coded(node, content)
        elif isinstance(content, str):
            content = Attributes(value=content)
        parts.extend(f" {key}={quoteattr(value)}" for key, value in content.items())
        parts.append("/>")
