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
def _codes(table: str) -> frozenset[tuple[str, str, str]]:
    return frozenset((row["list"], row["code"], row["system"]) for row in rows(f"hl7v3/{table}"))


@functools.cache
def _reasons(name: str) -> Mapping[str, str]:
    return {row["path"]: row["reason"] for row in rows("hl7v3/not_mapped") if name in row["messages"].split()}
