"""A file transfer of one version of the data set → that of the other.

What `definitions/jgz` says differs is changed, or left out and reported; everything else is carried as it stands.
Specification: JGZ dossieroverdracht 8.0 (`REPC_IN902120NL03` and `04`) and Nictiz' conversions between them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from babyconnect.translate.findings import Finding
from babyconnect.translate.jgz.codes import XSI_TYPE, recode, renamed
from babyconnect.translate.jgz.statements import CLUSTERS, V3, element_of, found, group_of, local, remove
from babyconnect.translate.jgz.tables import Thing, held, interactions, oid, splits, things

_XSI = "http://www.w3.org/2001/XMLSchema-instance"


@dataclass(frozen=True, slots=True)
class Converted:
    """The file's bytes, and what was changed or left out, in the order of the input."""

    content: bytes
    findings: tuple[Finding, ...]


def outputs() -> list[str]:
    """The formats that this package writes."""
    return [f"jgz-{version}" for version in interactions()]


def version_of(message: etree._Element) -> str:
    """The version that this message carries, by its root's name; "" when it is no file transfer."""
    carried = {interaction: version for version, interaction in interactions().items()}
    return carried.get(local(message), "")


def convert(message: etree._Element, to: str) -> Converted:
    """The message in the version `to`; the one given is left as it is."""
    source = version_of(message)
    root = _root(message, to)
    findings: list[Finding] = []
    if source != to:
        findings += _parts(root, to)
        findings += _statements(root, source, to)
        findings += _groups(root, source, to)
        findings += _split(root, to)
        findings += [one for node in list(root.iter("{*}*")) for one in recode(node, source, to)]
    return Converted(_bytes(root), tuple(sorted(findings, key=lambda finding: finding.line)))


def _root(message: etree._Element, to: str) -> etree._Element:
    namespaces: dict[Any, str] = {**message.nsmap, None: V3[1:-1], "xsi": _XSI}
    root = etree.Element(f"{V3}{interactions()[to]}", None, namespaces)
    root.attrib.update({name: value for name, value in message.attrib.items() if name != f"{{{_XSI}}}schemaLocation"})
    root.extend([copy.deepcopy(child) for child in message])
    for interaction in root.findall(f"{V3}interactionId"):
        interaction.set("extension", interactions()[to])
    return root


def _parts(root: etree._Element, to: str) -> list[Finding]:
    """Elements that are a part of another's statement: a place, a method, a side."""
    findings = []
    for statement in _stated(root):
        for part in list(statement):
            thing = held().get(f"{element_of(statement)}/{local(part)}")
            if thing is not None and to not in thing.versions:
                findings.append(_left_out(part, thing, to))
                statement.remove(part)
    return findings


def _statements(root: etree._Element, source: str, to: str) -> list[Finding]:
    findings = []
    for statement in _stated(root):
        number = element_of(statement)
        thing = things("element").get(number)
        if thing is None:
            text = "an element that no published message of either version has; carried as it is"
            findings.append(found("information", statement, "unknown-concept", text, number))
        elif to in thing.versions:
            findings += renamed(_code(statement), thing, source, to)
        else:
            findings.append(_left_out(statement, thing, to))
            findings += _close(remove(statement))
    return findings


def _groups(root: etree._Element, source: str, to: str) -> list[Finding]:
    """A group that the version has not: what is left of it lies in the section itself."""
    findings = []
    for group in list(root.iter(f"{V3}groupCluster")):
        thing = things("group").get(group_of(group))
        wrapper = group.getparent()
        if thing is None or wrapper is None or not any(one is root for one in group.iterancestors()):
            continue
        if to in thing.versions:
            findings += renamed(_code(group), thing, source, to)
            continue
        findings.append(
            found("warning", group, "not-mapped", f"BDS {to} has no such group; what it holds lies outside")
        )
        for component in group.findall(f"{V3}component"):
            wrapper.addprevious(component)
        findings += _close(remove(group))
    return findings


def _split(root: etree._Element, to: str) -> list[Finding]:
    """Several of an element in a group become a group each; what follows one stays with it."""
    findings = []
    for split in splits(to):
        for group in [one for one in root.iter(f"{V3}groupCluster") if group_of(one) == split["group"]]:
            components = group.findall(f"{V3}component")
            starts = [n for n, one in enumerate(components) if any(element_of(s) == split["at"] for s in one)]
            if len(starts) > 1:
                findings.append(found("warning", group, "split", _says(len(starts), len(components))))
                _apart(group, components, starts)
    return findings


def _says(starts: int, components: int) -> str:
    note = "" if starts == components else "; a note that was about all of them stays with the last"
    return f"{starts} of one element in this group became a group each{note}"


def _apart(group: etree._Element, components: list[etree._Element], starts: list[int]) -> None:
    """The first keeps all that the group says besides; the others say that they are such a group."""
    wrapper = group.getparent()
    alone = wrapper is not None and len(wrapper) == 1
    after = group
    for start, end in zip(starts[1:], [*starts[2:], len(components)], strict=True):
        another = _same(group)
        another.append(copy.deepcopy(_code(group)))
        another.extend(components[start:end])
        if alone and wrapper is not None:
            around = _same(wrapper)
            around.append(another)
            wrapper.addnext(around)
            wrapper = around
        else:
            after.addnext(another)
            after = another


def _same(node: etree._Element) -> etree._Element:
    """Another of its name and attributes, without content."""
    made = etree.Element(node.tag)
    made.attrib.update(node.attrib)
    return made


def _close(cluster: etree._Element | None) -> list[Finding]:
    """A group or section that held only what was left out goes as well."""
    findings = []
    while cluster is not None and cluster.tag in CLUSTERS and cluster.find(f"{V3}component") is None:
        findings.append(found("information", cluster, "not-mapped", "it held only what was left out"))
        cluster = remove(cluster)
    return findings


def _left_out(node: etree._Element, thing: Thing, to: str) -> Finding:
    words = next((words for words in thing.words.values() if words), "")
    text = f"BDS {to} has no element {thing.code} ({words}); left out"
    return found("warning", node, "not-mapped", text, thing.code)


def _stated(root: etree._Element) -> Iterator[etree._Element]:
    """Each once, though it has two codes; not what went with something around it."""
    nodes = dict.fromkeys(
        code.getparent() for code in root.iter(f"{V3}code") if code.get("codeSystem") == oid("element")
    )
    for node in nodes:
        if node is not None and element_of(node) and any(one is root for one in node.iterancestors()):
            yield node


def _code(node: etree._Element) -> etree._Element:
    code = node.find(f"{V3}code")
    assert code is not None
    return code


def _bytes(root: etree._Element) -> bytes:
    """Names of types may have a prefix: what such a value needs is kept."""
    kept = {value.partition(":")[0] for node in root.iter() if ":" in (value := str(node.get(XSI_TYPE, "")))}
    etree.cleanup_namespaces(root, keep_ns_prefixes=["xsi", *kept])
    etree.indent(root)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))
