"""FHIR XML (STU3 §2.6.1) to the JSON form and back, without loss, by the grammar.

Reading is for hostile input: no document type, no entity, no network, a bound on depth; what the grammar does not know
is refused with its line, never dropped.  Comments and processing instructions carry no meaning and are ignored.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lxml import etree

from babyconnect.fhir import json as fhir_json
from babyconnect.fhir import narrative
from babyconnect.fhir.grammar import NAMESPACE, XHTML, Element, elements, resource_types
from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_crowded, refuse_unsafe, syntax_fault
from babyconnect.fhir.xml_writer import from_json

__all__ = ["Part", "from_json", "parts", "to_json"]

_FHIR = f"{{{NAMESPACE}}}"
_DIV = f"{{{XHTML}}}div"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_SPACES_COUNT = frozenset({"string", "markdown"})
_RECURRING = 100
_INTEGERS = frozenset({"integer", "positiveInt", "unsignedInt"})


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a file: one entry of a Bundle (`fullUrl`, `resource`, …), or a resource with its `resourceType`."""

    content: dict[str, Any]
    place: str


def to_json(content: bytes) -> dict[str, Any]:
    """The JSON form of one resource.  Raises `Malformed`."""
    refuse_unsafe(content)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as fault:
        raise syntax_fault(fault) from None
    return _resource(root, 1)


def parts(content: bytes) -> Iterator[Part]:
    """A Bundle entry by entry, then what the Bundle says itself; any other resource whole.

    Each entry's tree is forgotten before the next is read, so a large Bundle costs the memory of its dicts only.
    """
    refuse_unsafe(content)
    events = etree.iterparse(
        io.BytesIO(content),
        events=("start", "end"),
        resolve_entities=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,
    )
    depth = 0
    root: etree._Element | None = None
    try:
        for event, node in events:
            if event == "start":
                root = node if root is None else root
                depth += 1
                continue
            depth -= 1
            if depth == 1 and root is not None and node.tag == f"{_FHIR}entry" and root.tag == f"{_FHIR}Bundle":
                yield Part(_complex(node, "Bundle.entry", 2), _line(node))
                root.remove(node)
    except etree.XMLSyntaxError as fault:
        raise syntax_fault(fault) from None
    assert root is not None, "a document without a root is a syntax fault"
    yield Part(_resource(root, 1), _line(root))


def _resource(node: etree._Element, depth: int) -> dict[str, Any]:
    tag = str(node.tag)
    if not tag.startswith(_FHIR):
        raise Malformed(_line(node), "namespace", f"a resource lies in the namespace {NAMESPACE}")
    name = tag[len(_FHIR) :]
    if name not in resource_types():
        raise Malformed(_line(node), "root", "no STU3 resource has this name")
    return {"resourceType": name, **_complex(node, name, depth)}


def _complex(node: etree._Element, type_name: str, depth: int) -> dict[str, Any]:
    if depth > fhir_json.DEEPEST:
        raise Malformed(_line(node), "depth", "nested too deeply")
    found = _attributes(node, type_name, depth)
    if node.text and not node.text.isspace():
        raise Malformed(_line(node), "text", "text outside an element's value")
    table = elements(type_name)
    for child in node:
        _child(child, table.get(_local(child)), found, depth)
        if child.tail and not child.tail.isspace():
            raise Malformed(_line(child), "text", "text outside an element's value")
    return found


def _local(node: etree._Element) -> str:
    tag = str(node.tag)
    if tag.startswith(_FHIR):
        return tag[len(_FHIR) :]
    if tag == _DIV:
        return "div"
    raise Malformed(_line(node), "namespace", f"an element lies in the namespace {NAMESPACE}")


def _child(node: etree._Element, element: Element | None, found: dict[str, Any], depth: int) -> None:
    if element is None or element.attribute:
        raise Malformed(_line(node), "unknown-element", "the resource has no such element here")
    name = element.name
    value: Any
    extra: dict[str, Any] | None = None
    if element.primitive:
        value, extra = _primitive(node, element.type, depth)
    elif element.type == "xhtml":
        value = narrative.from_element(node)
    elif element.type == "Resource":
        value = _contained(node, depth)
    else:
        value = _complex(node, element.type, depth + 1)
    if element.repeats:
        _append(found, name, value, extra)
        return
    if name in found or f"_{name}" in found:
        raise Malformed(_line(node), "cardinality", "an element that stands once stands here twice")
    if value is not None:
        found[name] = value
    if extra:
        found[f"_{name}"] = extra


def _append(found: dict[str, Any], name: str, value: Any, extra: dict[str, Any] | None) -> None:
    """Values and their extensions lie in two lists of one length, filled up with nulls (STU3 §2.6.2.2)."""
    values = found.get(name)
    extras = found.get(f"_{name}")
    so_far = len(values) if values is not None else len(extras) if extras is not None else 0
    if values is None and value is not None:
        values = found[name] = [None] * so_far
    if values is not None:
        values.append(value)
    if extras is None and extra:
        extras = found[f"_{name}"] = [None] * so_far
    if extras is not None:
        extras.append(extra)


def _primitive(node: etree._Element, type_name: str, depth: int) -> tuple[Any, dict[str, Any] | None]:
    attributes = node.attrib
    raw = attributes.get("value")
    value = None if raw is None else _value(node, str(raw), type_name)
    if raw is not None and len(attributes) == 1 and len(node) == 0 and not node.text:
        return value, None
    extra: dict[str, Any] = {}
    if "id" in attributes:
        extra["id"] = str(attributes["id"])
    if set(attributes) - {"id", "value"}:
        raise Malformed(_line(node), "unknown-attribute", "a value has no such attribute")
    for child in node:
        if _local(child) != "extension":
            raise Malformed(_line(child), "unknown-element", "a value has extensions only")
        extra.setdefault("extension", []).append(_complex(child, "Extension", depth + 1))
    if node.text and not node.text.isspace():
        raise Malformed(_line(node), "text", "text outside an element's value")
    return value, extra or None


def _value(node: etree._Element, text: str, type_name: str) -> Any:
    if type_name not in _SPACES_COUNT:
        # HL7's schema builds these types on XML Schema types that collapse white space (`value="6 "` is published).
        text = text.strip(" \t\r\n")
    try:
        if type_name == "boolean":
            return {"true": True, "false": False}[text]
        if type_name in _INTEGERS:
            return int(text) if text == str(int(text)) and len(text) <= 18 else _bad(node)
        if type_name == "decimal":
            return fhir_json.integer(text) if text.isascii() and text.isdigit() else _decimal(text)
    except (KeyError, ValueError, ArithmeticError):
        _bad(node)
    # Codes, systems and displays recur in every resource: one copy of each keeps a large Bundle small.
    return sys.intern(text) if len(text) < _RECURRING else text


def _decimal(text: str) -> Decimal | int:
    whole = text.removeprefix("-")
    if whole.isdigit() and whole.strip("0"):
        return fhir_json.integer(text)
    value = fhir_json.decimal(text)
    if not value.is_finite() or text != format(value, "f"):
        raise ValueError(text)
    return value


def _bad(node: etree._Element) -> Any:
    raise Malformed(_line(node), "value", "a value is not written as its type asks")


def _contained(node: etree._Element, depth: int) -> dict[str, Any]:
    if len(node) != 1:
        raise Malformed(_line(node), "contained", "one resource stands here")
    return _resource(node[0], depth + 2)


def _attributes(node: etree._Element, type_name: str, depth: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    refuse_crowded(node)
    for raw, value in node.attrib.items():
        name = str(raw)
        element = elements(type_name).get(name)
        if element is not None and element.attribute:
            found[name] = sys.intern(str(value)) if name == "url" else str(value)
        elif not (name.startswith(_XSI) and depth == 1):
            raise Malformed(_line(node), "unknown-attribute", "the element has no such attribute")
    return found


def _line(node: etree._Element) -> str:
    return f"line {node.sourceline}"
