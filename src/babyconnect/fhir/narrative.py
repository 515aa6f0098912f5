"""Narratives: the XHTML that a resource carries for people (STU3 §2.4, rules txt-1 to txt-3), read as hostile.

A narrative holds formatting only: no script, no form, no frame, no event attribute, no address that runs something.
What is not on the lists is refused, not repaired: a repaired narrative would say something else than its author signed.
"""

from __future__ import annotations

import functools
import re
from html.entities import name2codepoint

from lxml import etree

from babyconnect.fhir.malformed import Malformed
from babyconnect.fhir.xml_safety import refuse_crowded

XHTML = "http://www.w3.org/1999/xhtml"
_PREFIX = f"{{{XHTML}}}"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}"

# HTML 4.0 chapters 7-11 (without 9.4) and 15, links and images, as rule txt-1 lists them.
_FORMATTING = """
    a abbr acronym address b bdo big blockquote br caption center cite code col colgroup dd del dfn dir div dl dt em
    font h1 h2 h3 h4 h5 h6 hr i img ins kbd li ol p pre q s samp small span strike strong sub sup table tbody td tfoot
    th thead tr tt u ul var
"""
_LAYOUT = """
    abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff charset cite class clear color
    cols colspan compact coords datetime dir face frame headers height href hreflang hspace id lang longdesc name
    noshade nowrap rel rev rowspan rules scope shape size span src start style summary tabindex target title type
    valign value vspace width
"""
ELEMENTS = frozenset(_FORMATTING.split())
ATTRIBUTES = frozenset(_LAYOUT.split())
_ADDRESSES = frozenset({"href", "src", "cite", "longdesc"})
_SAFE_ADDRESS = re.compile(r"(?i)\s*(https?://|mailto:|tel:|urn:|#|data:image/(png|jpe?g|gif);base64,|[\w./?=&%-]*$)")
_UNSAFE_STYLE = re.compile(r"(?i)expression|url\s*\(|javascript|behaviou?r|@import|-moz-binding|\\")
_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]*);")
_XML_ENTITIES = frozenset({"amp", "lt", "gt", "quot", "apos"})
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_VALUE = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
)


@functools.lru_cache(maxsize=1024)
def normalise(div: str) -> str:
    """A narrative from JSON, as the one spelling that XML and JSON share.  Raises `Malformed`."""
    text = _ENTITY.sub(_character, div)
    if text.lstrip().startswith(("<!", "<?")):
        raise Malformed("text.div", "narrative", "a narrative is one div element")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        element = etree.fromstring(text.encode("utf-8", "strict"), parser)
    except (etree.XMLSyntaxError, UnicodeEncodeError):
        raise Malformed("text.div", "narrative", "a narrative is one well-formed div element") from None
    return from_element(element)


def from_element(element: etree._Element) -> str:
    """The canonical text of a div element: the XHTML namespace as default, attributes in their own order."""
    if element.tag != f"{_PREFIX}div":
        raise Malformed(_line(element), "narrative", "a narrative is a div in the XHTML namespace")
    parts: list[str] = []
    _write(element, parts, 0)
    return "".join(parts)


def _write(element: etree._Element, parts: list[str], depth: int) -> None:
    name = _name(element, depth)
    parts.append(f"<{name}")
    if depth == 0:
        parts.append(f' xmlns="{XHTML}"')
    refuse_crowded(element)
    for attribute, value in element.attrib.items():
        parts.append(f' {_attribute(element, str(attribute), str(value))}="{str(value).translate(_VALUE)}"')
    if not element.text and len(element) == 0:
        parts.append("/>")
        return
    parts.append(">")
    parts.append((element.text or "").translate(_TEXT))
    for child in element:
        _write(child, parts, depth + 1)
        parts.append((child.tail or "").translate(_TEXT))
    parts.append(f"</{name}>")


def _name(element: etree._Element, depth: int) -> str:
    tag = element.tag
    name = tag.removeprefix(_PREFIX) if isinstance(tag, str) and tag.startswith(_PREFIX) else ""
    if name not in ELEMENTS:
        raise Malformed(_line(element), "narrative", "a narrative holds basic formatting only (txt-1)")
    if depth > 60:
        raise Malformed(_line(element), "depth", "nested too deeply")
    return name


def _attribute(element: etree._Element, attribute: str, value: str) -> str:
    name = attribute.replace(_XML_LANG, "xml:")
    if name not in ATTRIBUTES and name not in ("xml:lang", "xml:space"):
        raise Malformed(_line(element), "narrative", "a narrative's attributes are for formatting only (txt-1)")
    if name in _ADDRESSES and not _SAFE_ADDRESS.match(value):
        raise Malformed(_line(element), "narrative", "a narrative has an address that is no plain link")
    if name == "style" and _UNSAFE_STYLE.search(value):
        raise Malformed(_line(element), "narrative", "a narrative has a style that fetches or runs something")
    return name


def _character(found: re.Match[str]) -> str:
    name = found[1]
    if name in _XML_ENTITIES or name not in name2codepoint:
        return found[0]
    return chr(name2codepoint[name])


def _line(element: etree._Element) -> str:
    return f"line {element.sourceline}" if element.sourceline else "text.div"
