"""Codes that one version has and the other has not: into words (null flavour OTH with `originalText`) and back.

Back only where the words are exactly those of the code, in a place where messages have it.
"""

from __future__ import annotations

from lxml import etree

from babyconnect.translate.findings import Finding
from babyconnect.translate.jgz.statements import V3, found, place_of
from babyconnect.translate.jgz.tables import Thing, codes, oid, plain, spoken

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_STATED = ("code", "codeSystem", "codeSystemName", "codeSystemVersion", "displayName")


def recode(node: etree._Element, source: str, to: str) -> list[Finding]:
    """This element's code as the version `to` has it; what could not be, or was found to deviate."""
    if node.get("nullFlavor") == "OTH":
        return _back(node, to)
    thing = codes().get((node.get("codeSystem", ""), node.get("code", "")))
    if thing is None:
        return []
    if to in thing.versions:
        return renamed(node, thing, source, to)
    if to == "4.2.0":  # what it left out the published conversions keep
        return [_kept(node, to)]
    return _into_words(node, thing, source, to)


def renamed(node: etree._Element, thing: Thing, source: str, to: str) -> list[Finding]:
    """The display of the version `to`; what the message called it is reported when it is neither's."""
    stated, old, new = node.get("displayName"), thing.words[source], thing.words[to]
    if stated is None or old == new or plain(stated) == plain(new):
        return []
    node.set("displayName", new)
    return [] if plain(stated) == plain(old) else [_deviates(node, source, "the code counts")]


def _into_words(node: etree._Element, thing: Thing, source: str, to: str) -> list[Finding]:
    stated, known = plain(node.get("displayName", "")), plain(thing.words[source])
    text = stated or known or f"{node.get('code')} ({node.get('codeSystem')})"
    findings = [found("warning", node, "unknown-code", f"a code that BDS {to} has not; written in words")]
    if stated and known and stated != known:
        text = f"{known} ({stated})"
        findings.append(_deviates(node, source, "both are written"))
    for name in _STATED:
        node.attrib.pop(name, "")
    node.set("nullFlavor", "OTH")
    node.set("codeSystem", oid("null"))
    if thing.typed:
        node.set(XSI_TYPE, node.get(XSI_TYPE, thing.typed))
    _say(node, text)
    return findings


def _say(node: etree._Element, text: str) -> None:
    words = node.find(f"{V3}originalText")
    if words is None:
        words = etree.Element(f"{V3}originalText")
        node.insert(0, words)
        words.text = text
    elif plain(words.text or "") != text:
        words.text = f"{text}: {words.text or ''}"


def _back(node: etree._Element, to: str) -> list[Finding]:
    words = node.find(f"{V3}originalText")
    if words is None or len(node) > 1 or to != "4.2.0" or node.get("codeSystem") not in (None, oid("null")):
        return []
    system, thing = spoken().get((place_of(node), plain(words.text or "")), ("", None))
    if thing is None:
        return []
    node.remove(words)
    node.text = None
    del node.attrib["nullFlavor"]
    if node.tag != f"{V3}value":
        node.attrib.pop(XSI_TYPE, "")
    node.attrib.update({"code": thing.code, "codeSystem": system, "displayName": thing.words[to]})
    return [found("information", node, "restored", f"words that are those of a code of BDS {to}; written as that code")]


def _kept(node: etree._Element, to: str) -> Finding:
    return found("warning", node, "unknown-code", f"a code that BDS {to} no longer has; kept as it is")


def _deviates(node: etree._Element, source: str, so: str) -> Finding:
    return found("warning", node, "name-mismatch", f"its words are not those of its code in BDS {source}; {so}")
