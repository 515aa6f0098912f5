"""What an HL7 version 3 message says, element by element, to compare two of them."""

from __future__ import annotations

from collections import Counter

from lxml import etree

Fact = tuple[str, str, str]


def fact(node: etree._Element) -> Fact | None:
    """An element with attributes or text: its name, its attributes, its text; white space counts as one space."""
    attributes = {etree.QName(name).localname: " ".join(str(value).split()) for name, value in node.attrib.items()}
    attributes.pop("schemaLocation", None)
    text = " ".join((node.text or "").split())
    if not attributes and not text:
        return None
    return etree.QName(node).localname, " ".join(f"{k}={v}" for k, v in sorted(attributes.items())), text


def facts(root: etree._Element) -> Counter[Fact]:
    return Counter(one for node in root.iter(etree.Element) if (one := fact(node)))


def outline(node: etree._Element, depth: int = 0) -> list[str]:
    """Every element in order with its depth; two messages with the same outline say the same."""
    name, attributes, text = fact(node) or (etree.QName(node).localname, "", "")
    lines = [f"{'  ' * depth}{name} {attributes} | {text}"]
    for child in node.iterchildren(etree.Element):
        lines += outline(child, depth + 1)
    return lines
