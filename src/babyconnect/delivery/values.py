"""FHIR values as text: every data type of STU3 that holds something to read, recognised by its shape.

Nothing is dropped: what a type here does not expect is written out element by element, extensions included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from babyconnect.delivery import dutch, labels

Names = Callable[[Mapping[str, Any]], str]
"""Gives the name behind a Reference that has no display, or ""."""


def nameless(reference: Mapping[str, Any]) -> str:
    return ""


def join(parts: Iterator[str] | list[str], by: str = ", ") -> str:
    return by.join(dict.fromkeys(part for part in parts if part))


def primitive(element: str, value: Any) -> str:
    """A primitive: yes or no, a date, a number with a comma, an enumeration in Dutch, or the text itself."""
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, str):
        return dutch.moment(value) if dutch.is_moment(value) else labels.enumeration(element, value)
    return dutch.number(value)


def coding(value: Mapping[str, Any], element: str = "*") -> str:
    """`bloedgroep O (bevinding) · SNOMED CT 58460004`."""
    name = str(value.get("display") or labels.enumeration(element, str(value.get("code", ""))))
    code = f"{labels.system(str(value.get('system', '')))} {value.get('code', '')}".strip()
    version = f" (versie {value['version']})" if value.get("version") else ""
    return f"{name} · {code}{version}" if code and code != name else name


def concept_text(value: Mapping[str, Any]) -> str:
    """What a coded value says, without codes: its text, else the first display, cleaned."""
    if value.get("text"):
        return str(value["text"])
    codings = value.get("coding") or ()
    shown = next((str(c["display"]) for c in codings if c.get("display")), "")
    text = labels.clean(shown) if shown else labels.enumeration("*", str(codings[0].get("code", "")) if codings else "")
    return text[:1].lower() + text[1:] if shown[:1].islower() else text


def concept(value: Mapping[str, Any], element: str) -> str:
    return join([str(value.get("text") or ""), *(coding(c, element) for c in value.get("coding") or ())], "; ")


def quantity(value: Mapping[str, Any]) -> str:
    number = f"{value.get('comparator', '')}{dutch.number(value['value'])}" if "value" in value else ""
    return f"{number} {dutch.unit(dict(value))}".strip()


def period(value: Mapping[str, Any]) -> str:
    start, end = str(value.get("start", "")), str(value.get("end", ""))
    if start and end:
        same = dutch.moment(start) == dutch.moment(end)
        return dutch.moment(start) if same else f"{dutch.moment(start)} tot en met {dutch.moment(end)}"
    return f"vanaf {dutch.moment(start)}" if start else f"tot en met {dutch.moment(end)}"


def human_name(value: Mapping[str, Any]) -> str:
    given = [str(g) for g in value.get("given") or () if g]
    parts = [*value.get("prefix", ()), *given, value.get("family", ""), *value.get("suffix", ())]
    written = " ".join(str(part) for part in parts if part)
    return join([str(value.get("text") or ""), written], " · ")


def address(value: Mapping[str, Any]) -> str:
    lines = [str(line) for line in value.get("line") or () if line]
    place = " ".join(str(value[k]) for k in ("postalCode", "city") if value.get(k))
    rest = [str(value[k]) for k in ("district", "state", "country") if value.get(k)]
    return join([str(value.get("text") or ""), *lines, place, *rest])


def reference(value: Mapping[str, Any], names: Names) -> str:
    shown = str(value.get("display") or names(value))
    identifier = value.get("identifier")
    return join([" · ".join(shown.split(" || ")), number_of(identifier) if isinstance(identifier, dict) else ""])


def number_of(value: Mapping[str, Any]) -> str:
    """An Identifier: what kind of number, and the number (or why it is not shown)."""
    kind = labels.system(str(value.get("system", "")))
    if not kind and isinstance(value.get("type"), Mapping):
        kind = concept_text(value["type"])
    return f"{kind} {value.get('value', '')}".strip()


def annotation(value: Mapping[str, Any]) -> str:
    by = str(value.get("authorString") or (value.get("authorReference") or {}).get("display") or "")
    when = dutch.moment(str(value["time"])) if value.get("time") else ""
    return f"{value.get('text', '')}{f' ({join([by, when])})' if by or when else ''}"


def attachment(value: Mapping[str, Any]) -> str:
    length = value.get("size") or len(str(value.get("data", ""))) * 3 // 4
    size = f"{length:,} bytes".replace(",", ".") if length else ""
    created = dutch.moment(str(value["creation"])) if value.get("creation") else ""
    url = "" if str(value.get("url", "")).startswith("Binary/") else value.get("url")  # an address that tells nobody
    parts = [value.get("title"), value.get("contentType"), url, size, created]
    return join([str(part) for part in parts if part])


_TELECOM = frozenset({"phone", "fax", "email", "pager", "url", "sms", "other"})
# Per data type: the elements that its text already shows; the others are written out behind it.
_TOLD: dict[str, frozenset[str]] = {
    "concept": frozenset({"coding", "text"}),
    "coding": frozenset({"system", "code", "display", "version", "userSelected"}),
    "reference": frozenset({"reference", "display", "identifier"}),
    "quantity": frozenset({"value", "unit", "system", "code", "comparator"}),
    "telecom": frozenset({"system", "value"}),
    "identifier": frozenset({"system", "value"}),
    "period": frozenset({"start", "end"}),
    "name": frozenset({"text", "given", "family", "prefix", "suffix"}),
    "address": frozenset({"text", "line", "city", "postalCode", "district", "state", "country"}),
    "annotation": frozenset({"text", "time", "authorString", "authorReference"}),
    "attachment": frozenset({"title", "contentType", "url", "data", "creation", "size", "hash", "language"}),
}


def kind_of(value: Mapping[str, Any], element: str) -> str:
    """The data type of a complex value, by its shape; "" for a backbone element."""
    keys = value.keys()
    if "coding" in keys:
        return "concept"
    if "reference" in keys or (keys <= {"display", "identifier", "extension"} and "display" in keys):
        return "reference"
    if "line" in keys or "city" in keys or "postalCode" in keys:
        return "address"
    if "family" in keys or "given" in keys:
        return "name"
    if "contentType" in keys:
        return "attachment"
    if element in ("note", "comment"):
        return "annotation"
    if "value" in keys:
        if value.get("system") in _TELECOM:
            return "telecom"
        return "identifier" if isinstance(value["value"], str) and "unit" not in keys else "quantity"
    if ("start" in keys or "end" in keys) and not keys - {"start", "end", "extension", "_start", "_end"}:
        return "period"
    if "code" in keys and isinstance(value["code"], str):
        return "coding"
    if element == "identifier":
        return "identifier"
    return "concept" if keys <= {"text", "extension"} and "text" in keys else ""


def _core(kind: str, value: Mapping[str, Any], element: str, names: Names) -> str:
    if kind == "reference":
        return reference(value, names)
    if kind == "telecom":
        return f"{labels.enumeration('system', str(value['system']))} {value['value']}"
    if kind in ("concept", "coding"):
        return concept(value, element) if kind == "concept" else coding(value, element)
    writers: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "quantity": quantity,
        "identifier": number_of,
        "period": period,
        "name": human_name,
        "address": address,
        "annotation": annotation,
        "attachment": attachment,
    }
    return writers[kind](value)


def text(value: Any, element: str = "", names: Names = nameless) -> str:
    """Any value of any type as one text; lists are joined with a semicolon."""
    if isinstance(value, list):
        return join([text(part, element, names) for part in value if part is not None], "; ")
    if not isinstance(value, dict):
        return primitive(element, value)
    kind = kind_of(value, element)
    core = _core(kind, value, element, names) if kind else ""
    told = _TOLD.get(kind, frozenset())
    rest = [
        f"{label}: {shown}"
        for name, part in value.items()
        if name not in told and name != "id"
        for label, shown in parts(name, part, names)
    ]
    behind = join(rest, "; ")
    if not core:
        return behind
    return f"{core} ({behind})" if behind else core


def parts(name: str, value: Any, names: Names) -> Iterator[tuple[str, str]]:
    """(label, text) of an element inside a value; extensions under their own label, also those of primitives."""
    if name in ("extension", "modifierExtension"):
        yield from of_extensions(value, names)
    elif name.startswith("_"):
        for extra in value if isinstance(value, list) else [value]:
            yield from of_extensions((extra or {}).get("extension") or (), names)
    elif shown := text(value, name, names):
        yield labels.element(name)[0], shown


def of_extensions(extensions: Any, names: Names) -> Iterator[tuple[str, str]]:
    """(label, text) of each extension, nested ones written out."""
    for extension in extensions:
        url = str(extension.get("url", ""))
        label, _ = labels.extension(url)
        for key, value in extension.items():
            if key.startswith("value"):
                yield label, text(value, url.rsplit("/", 1)[-1], names)
            elif key == "extension":
                yield label, join([f"{inner}: {shown}" for inner, shown in of_extensions(value, names)], "; ")
