"""Reading a message so that nothing is lost in silence: what was read is noted, what says something else is named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lxml import etree

from babyconnect.birthcare.ada import AdaElement
from babyconnect.translate.findings import Finding

V3 = "{urn:hl7-org:v3}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}type"
_SAYS = ("value", "code", "extension", "displayName")


def element(
    source: etree._Element, name: str, attributes: Mapping[str, str], children: Iterable[AdaElement] = ()
) -> AdaElement:
    """An element of the record, at the line of what it was read from."""
    line = source.sourceline if isinstance(source.sourceline, int) else 0
    return AdaElement(name, "", dict(attributes), tuple(children), line)


def text(source: etree._Element | None) -> str:
    """The words of an element, each space once."""
    return " ".join("".join(str(part) for part in source.itertext()).split()) if source is not None else ""


class Sheet:
    """One message being read: `below` finds and notes, `name_the_rest` says what nothing looked at."""

    def __init__(self, message: etree._Element) -> None:
        self.message = message
        self.findings: list[Finding] = []
        self._taken: set[etree._Element] = set()

    def below(self, source: etree._Element, path: str) -> list[etree._Element]:
        found = source.findall("/".join(f"{V3}{step}" for step in path.split("/")))
        self._taken.update(found)
        return found

    def take_all(self, source: etree._Element) -> None:
        self._taken.update(source.iter())

    def say(self, source: etree._Element, rule: str, words: str, severity: str = "warning") -> None:
        line = source.sourceline if isinstance(source.sourceline, int) else 0
        name = etree.QName(source).localname
        self.findings.append(Finding(severity, name, line, "", rule, words))  # type: ignore[arg-type]

    def name_the_rest(self, source: etree._Element) -> None:
        """Everything below that says something and that nothing took: it stays in the original only."""
        for one in source.iter(etree.Element):
            says = any(one.get(name) for name in _SAYS) or (one.text or "").strip()
            if says and one not in self._taken:
                self.say(one, "not-mapped", "no row translates this element: kept in the original only", "information")
        self.findings.sort(key=lambda finding: finding.line)
