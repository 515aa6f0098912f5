"""What becomes of a value on the way to another data set: a closed list.  Nothing here knows a data element.

Each takes what was found (in the record's order) and gives the attributes of the elements to be made: none where the
other data set cannot say it.  What was given is marked as used; the rest is reported by who called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from babyconnect.birthcare import numbers, units
from babyconnect.definitions import document, rows
from babyconnect.translate.findings import Finding
from babyconnect.translate.hl7v3.sites import Site
from babyconnect.translate.recasting.tables import Coded, listed, maps

NULL_FLAVORS = "2.16.840.1.113883.5.1008"
_CARRIED = ("value", "code", "codeSystem", "codeSystemName", "displayName", "unit", "root", "nullFlavor",
            "originalText")  # fmt: skip
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", re.ASCII)
Attributes = Mapping[str, str]


@dataclass(slots=True)
class Target:
    """The element to be made, what its value lists hold (by system and code), the table of all lists, and what was
    found on the way."""

    name: str
    codes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    table: str = ""
    findings: list[Finding] = field(default_factory=list)

    def find(self, site: Site, rule: str, text: str) -> None:
        element = site.element
        self.findings.append(Finding("warning", site.place, element.line, element.concept, rule,
                                     f"{element.name}: {text}"))  # fmt: skip


def _copy(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    return [_as_it_is(site) for site in found]


def _as_it_is(site: Site) -> Attributes:
    site.used = True
    return {name: site.element.attributes[name] for name in _CARRIED if name in site.element.attributes}


def _code(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """As the other data set calls it; a code that it has not is said so."""
    made = []
    for site in found:
        coded = _called(site, argument, target)
        if coded is None:
            site.used = True
            target.find(site, "unknown-code", f"a code that {target.name} has not; left out")
        else:
            made.append(_coded(site, coded))
    return made


def _select(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """Only the codes that this element has: another element of the other data set may have the others."""
    called = [(site, _called(site, argument, target)) for site in found if not _denied(site)]
    return [_coded(site, coded) for site, coded in called if coded is not None]


def _flag(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """It is so when one of these codes is there; that none is there says nothing."""
    hits = [site for site in found if site.element.code in argument.split() and not _denied(site)]
    return [_true(hits)] if hits else []


def _listed(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """It is so when a code of these value lists is there, which another element takes."""
    wanted = listed(target.table, argument)
    hits = [site for site in found if (site.element.attributes.get("codeSystem", ""), site.element.code) in wanted]
    return [{"value": "true"}] if any(not _denied(site) for site in hits) else []


def _present(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    there = [site for site in found if site.element.is_filled and not _denied(site)]
    return [{"value": "true"}] if there else []


def _true(hits: Sequence[Site]) -> Attributes:
    for site in hits:
        site.used = True
    return {"value": "true"}


def _quantity(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """In the unit that is asked for (`argument`)."""
    made: list[Attributes] = []
    for site in found:
        site.used = True
        if site.element.null_flavor:
            continue
        amount = _amount(site, argument)
        if amount is None:
            target.find(site, "unknown-unit", f"cannot be said in {argument}; left out")
        else:
            made.append({"value": amount, "unit": argument})
    return made


def _amount(site: Site, unit: str) -> str | None:
    if not _NUMBER.fullmatch(site.element.value):
        return None
    said = units.said_in(site.element.value, units.coded(site.element.attributes.get("unit", "")), unit)
    return None if said is None else numbers.text(said)


def _identifier(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """Those of this root; `!root`: the others.  Several different ones are nobody's."""
    root = argument.removeprefix("!")
    fits = [site for site in found if (site.element.attributes.get("root") == root) != argument.startswith("!")]
    if len({site.element.value for site in fits}) > 1:
        target.find(fits[0], "ambiguous", f"several different numbers; {target.name} is left out")
        return []
    return [_as_it_is(site) for site in fits[:1]]


def _words(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """What they say in words, as one text of no more than so many characters (`argument`)."""
    said = []
    for site in found:
        attributes = site.element.attributes
        text = attributes.get("originalText") or attributes.get("displayName") or site.element.value
        if text and not _denied(site):
            site.used = True
            said.append(text)
    text = "; ".join(dict.fromkeys(said))
    if argument and len(text) > int(argument):
        target.find(found[0], "size", f"longer than {argument} characters; {target.name} has the first of them")
        text = text[: int(argument)]
    return [{"value": text}] if text else []


def _child_words(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """As `words`, without what tells of the mother though it is about the child, and what is shielded."""
    return _words([site for site in found if not _tells_of_mother(site)], argument, target)


def _tells_of_mother(site: Site) -> bool:
    told = document("childs_view.toml")["tells_of_mother"]
    codes = {code.rpartition("|")[2] for code in told["codes"]} | {row["code"] for row in rows("shielded_codes")}
    said = " ".join(site.element.attributes.get(name, "") for name in ("displayName", "originalText")).casefold()
    whole = set(re.findall(r"\w+", said))
    return site.element.code in codes or any(word in said for word in told["words"]) or bool(
        whole & set(told["whole_words"]))  # fmt: skip


def _in_words(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """A coded value said in words: whose codes are not published (null flavour OTH)."""
    made: list[Attributes] = []
    for site in found:
        coded = _called(site, argument, target)
        if coded is not None:
            made.append(_coded(site, coded))
        elif words := _words([site], "", target):
            made.append({"code": "OTH", "codeSystem": NULL_FLAVORS, "originalText": words[0]["value"]})
    return made


def _answer(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """`yes / no`: codes that say so."""
    yes, _, no = argument.partition("/")
    made: list[Attributes] = []
    for site in found:
        if site.element.code in (*yes.split(), *no.split()):
            site.used = True
            made.append({"value": "true" if site.element.code in yes.split() else "false"})
        elif site.element.code:
            site.used = True
            target.find(site, "unknown-code", f"neither yes nor no to {target.name}; left out")
    return made


def _given(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """What was given: by an answer (yes before no), or by one of these codes being there."""
    answers = [site for site in found if site.element.value in ("true", "false")]
    if answers:
        site = max(answers, key=lambda one: one.element.value == "true")
        for one in answers:
            one.used = True
        return [{"value": site.element.value}]
    return _flag(found, argument, target)


def _done(found: Sequence[Site], argument: str, target: Target) -> list[Attributes]:
    """Only that it was done: that it was not stays behind, and is reported."""
    hits = [site for site in found if site.element.value == "true"]
    return [_true(hits)] if hits else []


def _called(site: Site, name: str, target: Target) -> Coded | None:
    element = site.element
    system = element.attributes.get("codeSystem", "")
    if found := maps().get((name, system, element.code)):
        return found
    if (system, element.code) in target.codes:
        return Coded(element.code, system, target.codes[system, element.code])
    if not target.codes and system == NULL_FLAVORS:  # where no list says otherwise, why nothing is known can be said
        return Coded(element.code, system, element.attributes.get("displayName", ""))
    return None


def _coded(site: Site, coded: Coded) -> Attributes:
    site.used = True
    words = site.element.attributes.get("originalText", "")
    given = {"code": coded.code, "codeSystem": coded.system, "displayName": coded.display}
    return {**given, "originalText": words} if words else given


def _denied(site: Site) -> bool:
    """A problem that was ruled out is none."""
    about = site.parent
    return about is not None and any(
        ("denied", status.element.attributes.get("codeSystem", ""), status.element.code) in maps()
        for status in about.step("verificatie_status")
    )


Transform = Callable[[Sequence[Site], str, Target], list[Attributes]]
TRANSFORMS: Mapping[str, Transform] = {
    "copy": _copy, "code": _code, "select": _select, "flag": _flag, "listed": _listed, "present": _present,
    "quantity": _quantity, "identifier": _identifier, "words": _words, "child-words": _child_words,
    "in-words": _in_words, "answer": _answer, "given": _given, "done": _done,
}  # fmt: skip


def codes_of(table: str, lists: str) -> Mapping[tuple[str, str], str]:
    """The codes of an element's value lists, as a target has them."""
    return listed(table, lists) if table and lists else {}
