"""The table of a message as a tree of rows; columns in `definitions/hl7v3/README.md`."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.definitions import document, rows
from babyconnect.translate.hl7v3.fills import XSI_TYPE

_CONDUCTION = {"conducts": ("contextConductionInd", "true"), "separate": ("contextConductionInd", "false"),
               "inverted": ("inversionInd", "true")}  # fmt: skip


@dataclass(slots=True)
class Row:
    """One element of the message: when it is there, what is fixed in it, what fills it."""

    element: str
    wrap: str
    wrap_attributes: Mapping[str, str]
    attributes: Mapping[str, str]
    templates: tuple[str, ...]
    code: Mapping[str, str]
    each: str
    otherwise: str
    fill: str
    source: str
    argument: str
    negated: str
    absent: str
    when: str
    apart: bool
    children: list[Row] = field(default_factory=list)


@functools.cache
def message(tables: tuple[str, ...], version: str) -> Row:
    """The root row of the message of this version, with all that lies in it; each table lies in the last row before."""
    shapes = document("hl7v3/shapes.toml")
    open_rows: list[Row] = []
    base = 0
    for table in tables:
        level = 0
        for cells in rows(f"hl7v3/{table}"):
            level = base + int(cells["level"])
            del open_rows[level:]
            if len(open_rows) < level or (cells["versions"] and version not in cells["versions"].split()):
                continue  # of another version, or in a row of another version
            row = _row(cells, shapes, version)
            if open_rows:
                open_rows[-1].children.append(row)
            open_rows.append(row)
        base = level + 1
    return open_rows[0]


def _row(cells: Mapping[str, str], shapes: Mapping[str, Any], version: str) -> Row:
    wrap, _, kind = cells["wrap"].partition(" ")
    how, _, argument = cells["value"].partition(" ")
    fill, _, source = how.partition("@")
    shape = shapes["classes"].get(cells["element"], {}) if wrap or cells["code"] or cells["template"] else {}
    return Row(
        cells["element"], wrap, _wrapping(kind), {**shape, **_split(cells["fixed"])},
        tuple(_oid(name, shapes) for name in cells["template"].split()), _code(cells, shapes),
        cells["each"], cells["otherwise"], fill, source, argument, cells["negated"], cells["absent"], cells["when"],
        version in cells["apart"].split(),
    )  # fmt: skip


def _wrapping(kind: str) -> Mapping[str, str]:
    """`COMP conducts` → typeCode COMP, contextConductionInd true."""
    return dict(_CONDUCTION.get(word, ("typeCode", word)) for word in kind.split())


def _split(text: str) -> Mapping[str, str]:
    """`a=b; c=d`; `xsi:type` is the attribute of XML Schema."""
    pairs = [part.split("=", 1) for part in text.split("; ") if part]
    return {XSI_TYPE if name == "xsi:type" else name: value for name, value in pairs}


def is_statement(row: Row) -> bool:
    """True when what it says stands in a `value` of its own: an observation, an act; else it is filled itself."""
    return bool(row.wrap or row.templates or row.code)


def _oid(name: str, shapes: Mapping[str, Any]) -> str:
    """A template's number stands for that number under the templates of perinatology."""
    return name if "." in name else f"{shapes['prefixes']['template']}{name}"


def _code(cells: Mapping[str, str], shapes: Mapping[str, Any]) -> Mapping[str, str]:
    if not cells["code"]:
        return {}
    system = shapes["systems"].get(cells["system"], cells["system"])
    given = {"code": cells["code"], "codeSystem": system, "displayName": cells["display"]}
    if cells["named"]:
        given["codeSystemName"] = shapes["names"][system]
    return {name: value for name, value in given.items() if value}
