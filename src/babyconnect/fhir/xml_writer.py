"""The XML form of a resource, written straight from the JSON form: no tree is built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from babyconnect.fhir import narrative
from babyconnect.fhir.grammar import NAMESPACE, Element, bare_name, elements, resource_types, version_of
from babyconnect.fhir.malformed import Malformed

_SPECIAL = re.compile(r'[&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]')
_ILLEGAL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# Line breaks and tabs would be read back as spaces (XML 1.0 §3.3.3), so they are written as references.
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
)


def from_json(resource: Mapping[str, Any], version: str = "") -> bytes:
    """The XML of one resource of STU3 (or `grammar.R4`), elements in the order of the grammar.

    Raises `Malformed` for what has no XML form.
    """
    parts: list[str] = []
    _resource(resource, version, parts, f' xmlns="{NAMESPACE}"', "")
    return "".join(parts).encode()


def _resource(resource: Any, version: str, parts: list[str], namespace: str, place: str) -> None:
    name = resource.get("resourceType") if isinstance(resource, Mapping) else None
    if not isinstance(name, str) or name not in resource_types(version):
        raise Malformed(place or "resourceType", "root", f"no {'R4' if version else 'STU3'} resource has this name")
    content = {key: value for key, value in resource.items() if key != "resourceType"}
    _element((name, namespace), content, version + name, parts, place or name)


def _element(opening: tuple[str, str], value: Any, type_name: str, parts: list[str], place: str) -> None:
    """`opening`: the element's name, and attributes that the value itself does not hold."""
    name, attributes = opening
    if not isinstance(value, Mapping):
        raise Malformed(place, "type", "an object stands here")
    table = elements(type_name)
    rows: dict[str, Element] = {}
    for key in value:
        plain = key[1:] if key.startswith("_") else key
        element = table.get(plain)
        if element is None or (key is not plain and not element.primitive):
            raise Malformed(place, "unknown-element", "the resource has no such element here")
        if element.attribute:
            attributes += f' {plain}="{_escape(value[key], place)}"'
        else:
            rows[plain] = element
    parts.append(f"<{name}{attributes}")
    if not rows:
        parts.append("/>")
        return
    parts.append(">")
    for plain, element in sorted(rows.items(), key=lambda row: row[1].place):
        _occurrences(element, value.get(plain), value.get(f"_{plain}"), parts, f"{place}.{plain}")
    parts.append(f"</{name}>")


def _occurrences(element: Element, value: Any, extra: Any, parts: list[str], place: str) -> None:
    if not element.repeats:
        _one(element, value, extra, parts, place)
        return
    values = [] if value is None else value
    extras = [] if extra is None else extra
    if not isinstance(values, list) or not isinstance(extras, list):
        raise Malformed(place, "type", "a list stands here")
    for position in range(max(len(values), len(extras))):
        one = values[position] if position < len(values) else None
        more = extras[position] if position < len(extras) else None
        _one(element, one, more, parts, f"{place}[{position}]")


def _one(element: Element, value: Any, extra: Any, parts: list[str], place: str) -> None:
    if element.primitive:
        attribute = "" if value is None else f' value="{_text(value, place)}"'
        if extra is None:
            parts.append(f"<{element.name}{attribute}/>")
        else:
            _element_with_value(element.name, extra, attribute, parts, place)
    elif element.type == "xhtml":
        parts.append(narrative.normalise(value if isinstance(value, str) else ""))
    elif bare_name(element.type) == "Resource":
        parts.append(f"<{element.name}>")
        _resource(value, version_of(element.type), parts, "", place)
        parts.append(f"</{element.name}>")
    else:
        _element((element.name, ""), value, element.type, parts, place)


def _element_with_value(name: str, extra: Any, attribute: str, parts: list[str], place: str) -> None:
    """A value with an id or extensions (`_name` in JSON); the id comes before the value."""
    if not isinstance(extra, Mapping) or set(extra) - {"id", "extension"}:
        raise Malformed(place, "unknown-element", "a value has an id and extensions only")
    identity = f' id="{_escape(extra["id"], place)}"' if "id" in extra else ""
    extensions = extra.get("extension", [])
    if not isinstance(extensions, list):
        raise Malformed(place, "type", "a list stands here")
    parts.append(f"<{name}{identity}{attribute}>")
    for extension in extensions:
        _element(("extension", ""), extension, "Extension", parts, place)
    parts.append(f"</{name}>")


def _text(value: Any, place: str) -> str:
    if isinstance(value, str):
        return _escape(value, place)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    raise Malformed(place, "type", "a value stands here")


def _escape(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise Malformed(place, "type", "text stands here")
    if not _SPECIAL.search(value):
        return value
    if _ILLEGAL.search(value):
        raise Malformed(place, "character", "a control character that XML cannot hold")
    return value.translate(_ESCAPES)
