"""A message → the tree of its concepts: the rows by which `translate.hl7v3` writes it, read backwards.

Nothing is passed over in silence: an element that no row means, or that says something else than its row has fixed
(denied, intended, withdrawn), is not read and is named.  HL7v3 NICTIZEd2005-Okt, interaction REPC_IN002120NL.
"""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from babyconnect.definitions import document
from babyconnect.translate.acute import taking
from babyconnect.translate.acute.node import Node
from babyconnect.translate.acute.tables import concepts, message_rows
from babyconnect.translate.findings import Finding, Severity
from babyconnect.translate.hl7v3.rows import Row, is_statement

V3 = taking.V3


def read(message: etree._Element) -> tuple[Node, list[Finding]]:
    """The tree of a message and what could not be read; an error among the findings: refuse it."""
    taken = _Taking()
    root = Node(line=_line(message))
    taken.consume(message_rows(), message, root)
    _settle_prefixes(root)
    root.prune()
    return root, sorted(taken.findings, key=lambda finding: finding.line)


class _Taking:
    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self._rules = document("acute/message.toml")["reading"]

    def consume(self, row: Row, element: etree._Element, here: Node) -> None:
        """All that an element says, into the place of its row as seen from `here`."""
        valued = _value(row, element)
        starts = row.each and not (row.otherwise and valued is None)
        site = here.enter(row.each, _line(element)) if starts else here
        if row.negated:
            self._answer(row, element, site if row.negated.startswith("./") else here)
        if row.fill not in ("", "FIXED", "GIVEN") and valued is not None:
            self._take(row, valued, site)
        seen: set[int] = set()
        for child in element.iterchildren(etree.Element):
            if self._is_of_row(row, child):
                continue
            found = self._meant(row, child)
            if found is None:
                self._unread(child)
            elif id(found) in seen and self._is_single(found, site, child):
                continue
            else:
                seen.add(id(found))
                self.consume(found, _inside(found, child), site)

    def _is_of_row(self, row: Row, child: etree._Element) -> bool:
        """What the row itself has: its template and code, its value, what is of no meaning."""
        name = etree.QName(child).localname
        if name in self._rules["unspoken"]:
            return True
        if is_statement(row):
            return (name == "templateId" and bool(row.templates)) or (name == "code" and bool(row.code)) or (
                name == "value" and bool(row.fill))  # fmt: skip
        return name == "originalText" and row.fill in ("CE", "CD")

    def _meant(self, row: Row, child: etree._Element) -> Row | None:
        """The row that an element is of; of identifiers one that names their root goes before one that takes any."""
        meant = [one for one in row.children if self._means(one, child)]
        return next((one for one in meant if one.fill == "BSN" or one.argument), next(iter(meant), None))

    def _means(self, row: Row, outer: etree._Element) -> bool:
        if etree.QName(outer).localname != (row.wrap or row.element):
            return False
        element = _inside(row, outer)
        if etree.QName(element).localname != row.element or not self._says(row.wrap_attributes, outer, row.wrap):
            return False
        if row.code and not _has_code(row, element):
            return False
        if row.fill == "GIVEN":
            return True
        fixed = self._says(row.attributes, element, row.element) and self._denies_nothing(row, element)
        return fixed and (is_statement(row) or taking.is_own(row.fill, row.argument, element))

    def _says(self, fixed: Mapping[str, str], element: etree._Element, name: str) -> bool:
        """That an element has nothing else than what is fixed; a sender may leave out what the model has fixed."""
        for key, value in fixed.items():
            stated = element.get(key)
            if stated is None or key in self._rules["free"]:
                continue
            if set(stated.split()) != set(value.split()) if key == "qualifier" else stated != value:
                return False
        return True

    def _denies_nothing(self, row: Row, element: etree._Element) -> bool:
        """What turns the meaning of an element is only there where its row expects it."""
        if element.get("negationInd", "false") != "false" and not row.negated:
            return False
        flavored = element.get("nullFlavor") and "nullFlavor" not in row.attributes
        return not flavored or bool(row.fill and not is_statement(row)) or bool(row.negated)

    def _is_single(self, row: Row, site: Node, child: etree._Element) -> bool:
        """A second one of what there is one of: named, and not read (of a client: refused)."""
        name = row.wrap or row.element
        if name in self._rules["once"]:
            self._find("error", child, "repeated", "the message holds two of what it can have one of")
            return True
        steps = [step for step in row.each.split("/") if step not in ("", ".", "..")]
        known = concepts().get("/".join(part for part in (site.path, *steps) if part)) if steps else None
        if known is None or not known.is_single or row.negated:
            return False
        self._find("warning", child, "repeated", "a second one where the data set has one; the first stands")
        return True

    def _answer(self, row: Row, element: etree._Element, asked: Node) -> None:
        """negationInd as the answer to a question; a null flavour of the whole statement as nobody knowing."""
        if element.get("negationInd", "false") not in ("true", "false"):
            self._find("warning", element, "bad-value", "neither true nor false; kept in the original only")
            return
        question = asked.enter(row.negated.removeprefix("./"), _line(element))
        if flavor := element.get("nullFlavor"):
            said = {"nullFlavor": flavor}
        else:
            said = {"value": "false" if element.get("negationInd") == "true" else "true"}
        siblings = question.parent.of(question.name) if question.parent is not None else [question]
        if len(siblings) == 1:
            question.attributes = dict(said)
            return
        siblings[-1].parent.children.remove(question)  # type: ignore[union-attr]
        if siblings[0].attributes != said:
            siblings[0].attributes = {"nullFlavor": "UNK"}
            self._find("warning", element, "contradiction", "it is said to be so and not to be so; read as not known")

    def _take(self, row: Row, valued: etree._Element, site: Node) -> None:
        try:
            said = taking.take(row.fill, valued)
        except taking.Fault as fault:
            severity: Severity = "error" if fault.rule == "date" else "warning"
            self._find(severity, valued, fault.rule, f"{fault.text}; kept in the original only")
            return
        target = site.enter(row.source, _line(valued)) if row.source else site
        target.attributes = said
        target.line = _line(valued)
        for child in valued.iterchildren(etree.Element):
            if is_statement(row) and etree.QName(child).localname != "originalText":
                self._unread(child)

    def _unread(self, element: etree._Element) -> None:
        parent = element.getparent()
        name = etree.QName(element).localname
        if parent is not None and etree.QName(parent).localname in self._rules["once"] and name == "statusCode":
            self._find("error", element, "status", "the handover or its client is said to be no longer active")
            return
        if name == "processingCode":
            self._find("error", element, "training", "the message says that it is for training or debugging")
            return
        self._find("warning", element, "unread", "no element of the acute handover, or it says something else; kept in "
                   "the original only")  # fmt: skip

    def _find(self, severity: Severity, element: etree._Element, rule: str, text: str) -> None:
        self.findings.append(Finding(severity, _place(element), _line(element), "", rule, text))


def _value(row: Row, element: etree._Element) -> etree._Element | None:
    """Where the value of a row stands: in a statement in an element of its own, else in the element itself."""
    return element.find(f"{V3}value") if is_statement(row) else element


def _inside(row: Row, outer: etree._Element) -> etree._Element:
    """The element that a wrapper holds; one that is not there is the wrapper itself, which is then not meant."""
    return next((c for c in outer.iterchildren(f"{V3}{row.element}")), outer) if row.wrap else outer


def _has_code(row: Row, element: etree._Element) -> bool:
    code = element.find(f"{V3}code")
    wanted = (row.code["code"], row.code["codeSystem"])
    return code is not None and (code.get("code"), code.get("codeSystem")) == wanted


def _settle_prefixes(root: Node) -> None:
    """A prefix is that of the only surname there is, whatever the message calls it (Scenario_S05-AW: VV SP)."""
    for node in root.walk():
        names = {child.name for child in node.children}
        if "voorvoegsels_partner" in names and not names & {"achternaam_partner", "voorvoegsels"}:
            node.of("voorvoegsels_partner")[0].rename("voorvoegsels")


def _line(element: etree._Element) -> int:
    return element.sourceline if isinstance(element.sourceline, int) else 0


def _place(element: etree._Element) -> str:
    """The names of the last elements on the way, which say nothing of a client."""
    names = [etree.QName(one).localname for one in (element, *element.iterancestors())]
    return "/".join(reversed(names[:5]))
