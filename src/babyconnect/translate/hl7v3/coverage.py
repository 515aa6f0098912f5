"""What of a record is not in the message, element by element: unknown, of no use to the message, or not carried."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from babyconnect.definitions import rows
from babyconnect.translate.findings import Finding, Severity
from babyconnect.translate.hl7v3.fills import NULL_FLAVORS
from babyconnect.translate.hl7v3.sites import Site


def findings(root: Site, name: str, message: Mapping[str, Any]) -> Iterator[Finding]:
    """One remark for every element that the message has not, and for every code that its value list has not."""
    elements, reasons = _elements(message["elements"]), _reasons(name)
    for site in root.walk():
        yield from _miscounted(site, message["elements"])
        if site.parent is None:
            continue
        known = elements.get(site.path)
        if known is None:
            if any(found.used for found in site.walk()):
                continue  # the published records did not hold it, but the message does
            yield _finding(site, "warning", "unknown-concept", "no element of this transaction; left out")
            continue
        if not site.used and (site.element.is_filled or site.element.null_flavor):
            reason = reasons.get(site.path)
            says = site.element.is_filled and not reason  # a null flavour says that there is nothing to lose
            severity: Severity = "warning" if says else "information"
            yield _finding(site, severity, "not-mapped", reason or "not in this message; left out")
        if _unlisted(site, known["lists"], message.get("codes", "")):
            yield _finding(site, "warning", "unknown-code", "a code that its value list has not; written as it is")


def _miscounted(site: Site, table: str) -> Iterator[Finding]:
    """What must lie here and does not, and what lies here more often than it may."""
    for name, known in _within(table).get(site.path, {}).items():
        number = len(site.step(name))
        if known["min"] == "1" and not number:
            yield _finding(site, "warning", "incomplete", f"holds no {name}, which the data set demands")
        if known["max"] == "1" and number > 1:
            yield _finding(site, "warning", "repeated", f"holds {number} of {name}, where the data set has one")


def _finding(site: Site, severity: Severity, rule: str, text: str) -> Finding:
    element = site.element
    return Finding(severity, site.place, element.line, element.concept, rule, f"{element.name}: {text}")


def _unlisted(site: Site, lists: str, codes: str) -> bool:
    system = site.element.attributes.get("codeSystem", "")
    if not site.element.code or not lists or not codes or system == NULL_FLAVORS:
        return False
    return all((name, site.element.code, system) not in _codes(codes) for name in lists.split())


@functools.cache
def _elements(table: str) -> Mapping[str, Mapping[str, str]]:
    return {row["path"]: row for row in rows(f"hl7v3/{table}")}


@functools.cache
def _within(table: str) -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    """By path: the elements that lie in it and whose number the data set limits."""
    found: dict[str, dict[str, Mapping[str, str]]] = {}
    for path, row in _elements(table).items():
        if row["min"] == "1" or row["max"] == "1":
            above, _, name = path.rpartition("/")
            found.setdefault(above, {})[name] = row
    return found


@functools.cache
def _codes(table: str) -> frozenset[tuple[str, str, str]]:
    return frozenset((row["list"], row["code"], row["system"]) for row in rows(f"hl7v3/{table}"))


@functools.cache
def _reasons(name: str) -> Mapping[str, str]:
    return {row["path"]: row["reason"] for row in rows("hl7v3/not_mapped") if name in row["messages"].split()}
