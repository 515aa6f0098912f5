"""Where something stands in a file transfer: its element, its group, its section, and the findings that name it so.

A section (`rubricCluster`) holds components, each a statement or a group (`groupCluster`) of such; a statement's `code`
says which element it is.
"""

from __future__ import annotations

from lxml import etree

from babyconnect.translate.findings import Finding, Severity
from babyconnect.translate.jgz.tables import oid

V3 = "{urn:hl7-org:v3}"
_AROUND = {f"{V3}component", f"{V3}pertinentInformation"}
CLUSTERS = {f"{V3}rubricCluster": "section", f"{V3}groupCluster": "group"}


def element_of(node: etree._Element) -> str:
    """The number of the element that this statement is, or ""."""
    return _coded(node, "element")


def group_of(node: etree._Element) -> str:
    """The code of this group, or ""."""
    return _coded(node, "group") if node.tag == f"{V3}groupCluster" else ""


def place_of(node: etree._Element) -> str:
    """Where a code stands, as the tables say it: `element/part` in a statement, else `parent/part`."""
    parent = node.getparent()
    if parent is None:
        return local(node)
    return f"{element_of(parent) or local(parent)}/{local(node)}"


def remove(node: etree._Element) -> etree._Element | None:
    """Take a statement or group out, with the component around it where that holds nothing else; what it lay in."""
    parent = node.getparent()
    assert parent is not None
    if parent.tag in _AROUND and node.getnext() is None and node.getprevious() is None:
        return remove(parent)
    parent.remove(node)
    return parent


def found(severity: Severity, node: etree._Element, rule: str, text: str, concept: str = "") -> Finding:
    """A remark about this place, named by section, group and element; `line` is that of the input."""
    names: list[str] = []
    for one in (node, *node.iterancestors()):
        kind = CLUSTERS.get(str(one.tag), "element")
        if code := _coded(one, kind):
            names.insert(0, f"{kind} {code}")
    place = "/".join([*names, local(node)]) if names else place_of(node)
    return Finding(severity, place, line_of(node), concept, rule, text)


def line_of(node: etree._Element) -> int:
    """The line of the input, 0 when unknown."""
    return node.sourceline if isinstance(node.sourceline, int) else 0


def local(node: etree._Element) -> str:
    """The name without the namespace."""
    return etree.QName(node).localname


def _coded(node: etree._Element, kind: str) -> str:
    code = node.find(f"{V3}code")
    return str(code.get("code", "")) if code is not None and code.get("codeSystem") == oid(kind) else ""
