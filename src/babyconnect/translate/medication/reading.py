"""Walking an ADA record so that nothing is lost in silence: what was taken is noted, the rest is named in a report."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from babyconnect.birthcare.ada import AdaElement
from babyconnect.translate import codes
from babyconnect.translate.findings import Finding

_LOST = frozenset({"not-mapped", "bad-value"})
_NULL_FLAVOR = "2.16.840.1.113883.5.1008"


def named(kind: str, *about: str) -> str:
    """An id that is the same in every record of a source that names the same thing, and of nothing else.

    Never of a BSN: an id is kept, and whoever has it could try all numbers.
    """
    return f"{kind.lower()}-{hashlib.blake2b(chr(0).join(about).encode(), digest_size=8).hexdigest()}"


class Reading:
    """One record being read: `take` an element and its content is accounted for; `left` are those nobody took."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._taken: set[int] = set()
        self._lost: set[int] = set()

    def take(self, element: AdaElement) -> AdaElement:
        self._taken.add(id(element))
        return element

    def child(self, element: AdaElement | None, *names: str) -> AdaElement | None:
        """The first child of one of these names, taken."""
        for one in element.children if element else ():
            if one.name in names:
                return self.take(one)
        return None

    def children(self, element: AdaElement | None, *names: str) -> Iterator[AdaElement]:
        for one in element.children if element else ():
            if one.name in names:
                yield self.take(one)

    def value(self, element: AdaElement | None, *names: str) -> str:
        found = self.child(element, *names)
        return found.value if found else ""

    def say(self, element: AdaElement, rule: str, text: str, severity: str = "warning") -> None:
        if rule in _LOST:
            self._lost.update(id(one) for one in element.walk())
        self.findings.append(Finding(severity, element.name, element.line, element.concept, rule, text))  # type: ignore[arg-type]

    def is_lost(self, element: AdaElement) -> bool:
        """Whether it was said of an element that no resource has it."""
        return id(element) in self._lost

    def left(self, root: AdaElement) -> Iterator[AdaElement]:
        """Filled elements that nothing took, in document order."""
        return (one for one in root.walk() if one.is_filled and id(one) not in self._taken)

    def coding(self, element: AdaElement) -> dict[str, Any]:
        """The coding of an element; what has no code gives none."""
        attributes = element.attributes
        if not element.code or attributes.get("codeSystem") == _NULL_FLAVOR:
            return {}
        found = {"system": codes.system(attributes.get("codeSystem", "")), "code": element.code}
        if attributes.get("displayName"):
            found["display"] = attributes["displayName"]
        return found

    def concept(self, element: AdaElement | None) -> dict[str, Any]:
        """A CodeableConcept of an element: its code, its original text, or its plain text."""
        if element is None:
            return {}
        coding = self.coding(element)
        text = element.attributes.get("originalText") or (element.value if not element.code else "")
        text = text or ("" if coding else element.attributes.get("displayName", ""))
        return {**({"coding": [coding]} if coding else {}), **({"text": text} if text else {})}
