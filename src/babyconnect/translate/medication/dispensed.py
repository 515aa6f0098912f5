"""What one dispense says → elements of ADA: a method for each transform that a row of the table may name, and no other.

A schedule is read whole or not at all: of several requests for one product, of phases, limits and the like, the words
are kept and the numbers are not, since half a schedule would be another dose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lxml import etree

from babyconnect.birthcare.ada import AdaElement
from babyconnect.definitions import document
from babyconnect.translate.medication.tree import V3, XSI, Sheet, element, text
from babyconnect.translate.medication.values import coded, counted, duration, frequency, moment, number

_INSTRUCTION = document("medication/dispense_list.toml")["instruction"]
_Elements = Sequence[etree._Element]


class Taker:
    """The transforms; `names`: what the organisations of the message are called, by their numbers."""

    def __init__(self, read: Sheet, names: Mapping[tuple[str, str], str]) -> None:
        self._read, self._names = read, names

    def take(self, transform: str, found: _Elements, name: str) -> list[AdaElement]:
        return list(getattr(self, f"_{transform}")(found, name))

    def number(self, source: etree._Element, name: str) -> AdaElement:
        said = {"root": source.get("root", ""), "value": source.get("extension", "")}
        return element(source, name, {key: value for key, value in said.items() if value})

    def _number(self, found: _Elements, name: str) -> Iterator[AdaElement]:
        return (self.number(one, name) for one in found if one.get("extension"))

    def _moment(self, found: _Elements, name: str) -> Iterator[AdaElement]:
        for one in found[:1]:
            yield from moment(self._read, one, name)

    def _duration(self, found: _Elements, name: str) -> Iterator[AdaElement]:
        for one in found[:1]:
            yield from duration(self._read, one, name)

    def _amount(self, found: _Elements, name: str) -> Iterator[AdaElement]:
        for one in found[:1]:
            said, unit = counted(self._read, one)
            if number(said) is not None:
                yield element(one, name, {}, [element(one, "aantal", {"value": said}), *([unit] if unit else [])])
            elif said:
                self._read.say(one, "bad-value", "an amount that is no number: kept in the original")

    def _organisation(self, found: _Elements, name: str) -> Iterator[AdaElement]:
        for one in found[:1]:
            numbers = self._read.below(one, "id")
            made = [self.number(n, "zorgaanbieder_identificatie_nummer") for n in numbers if n.get("extension")]
            keys = [(n.get("root", ""), n.get("extension", "")) for n in numbers]
            called = next((self._names[key] for key in keys if key in self._names), "")
            named = [element(one, "organisatie_naam", {"value": called})] if called else []
            yield element(one, name, {}, [*made, *named])

    def _product(self, found: _Elements, name: str) -> Iterator[AdaElement]:
        """Codes of the G-Standaard, one element each; what a pharmacist made by its name and ingredients."""
        for one in found[:1]:
            codes, named = [], ""
            for code in self._read.below(one, "code"):
                self._read.take_all(code)
                codes += [coded(c, "product_code") for c in (code, *code.findall(f"{V3}translation")) if c.get("code")]
                named = named or text(code.find(f"{V3}originalText"))
            details = [*([element(one, "product_naam", {"value": named})] if named else []), *self._made_of(one)]
            specified = [element(one, "product_specificatie", {}, details)] if details else []
            yield element(one, name, {}, [*codes, *specified])

    def _made_of(self, kind: etree._Element) -> Iterator[AdaElement]:
        for told in self._read.below(kind, "desc"):
            yield element(told, "omschrijving", {"value": text(told)})
        for form in self._read.below(kind, "formCode"):
            yield coded(form, "farmaceutische_vorm")
        for part in self._read.below(kind, "activeIngredient"):
            for code in self._read.below(part, "activeIngredientMaterialKind/code"):
                yield element(code, "ingredient", {}, [coded(code, "ingredient_code")])

    def _period(self, found: _Elements, name: str) -> Iterator[AdaElement]:
        """The days of use, where all requests name the same."""
        told = []
        for request in found:
            whole = [one for time in self._read.below(request, "effectiveTime") for one in _intervals(time)]
            sides = {etree.QName(side).localname: side for one in whole for side in one}
            told.append({name: (side.get("value"), side.get("unit")) for name, side in sides.items()})
        if not told or any(one != told[0] for one in told):
            return
        ends = {"low": f"{name}_start", "high": f"{name}_eind"}
        for time in found[0].findall(f"{V3}effectiveTime"):
            for side in (side for one in _intervals(time) for side in one):
                self._read.take_all(side)
                kind = etree.QName(side).localname
                if kind in ends:
                    yield from moment(self._read, side, ends[kind])
                elif kind == "width":
                    yield from duration(self._read, side, name)

    def _instruction(self, found: _Elements, name: str) -> Iterator[AdaElement]:
        first = found[0]
        words = list(dict.fromkeys(said for one in found for t in self._read.below(one, "text") if (said := text(t))))
        children = [element(first, "omschrijving", {"value": "; ".join(words)})] if words else []
        for one in found:
            self._read.below(one, "statusCode")
            children += [coded(code, "toedieningsweg") for code in self._read.below(one, "routeCode")[:1]]
            for path in _INSTRUCTION["additional"]:
                children += [coded(code, "aanvullende_instructie") for code in self._read.below(one, path)]
        dose = self._dose(found)
        yield element(first, name, {}, [*_once(children), *([dose] if dose else [])])

    def _dose(self, found: _Elements) -> AdaElement | None:
        """The one dose of the one request, with its frequency; None, and said, where there is more to it."""
        request = found[0]
        times = [time for one in found for time in one.findall(f"{V3}effectiveTime")]
        amounts = self._read.below(request, "doseQuantity")
        if not times and not amounts:
            return None
        if len(found) > 1 or len(amounts) > 1 or not _plain(request) or (rhythm := _rhythm(times)) is None:
            for one in found:
                self._read.take_all(one)
            words = "a schedule that is more than one dose at one frequency: kept as text only"
            self._read.say(request, "not-mapped", words)
            return None
        amount = self._keerdosis(amounts[0]) if amounts else None
        needed = self._read.below(request, _INSTRUCTION["needed"])
        parts = [*([amount] if amount else []), *_schedule(request, rhythm)]
        parts += [
            element(code, "zo_nodig", {}, [element(code, "criterium", {}, [coded(code, "code")])]) for code in needed
        ]
        self._read.take_all(request)
        return element(request, "doseerinstructie", {}, [element(request, "dosering", {}, parts)])

    def _keerdosis(self, source: etree._Element) -> AdaElement | None:
        names = {"center": "vaste_waarde", "low": "min", "high": "max"}
        sides = {etree.QName(side).localname: side for side in source.iterchildren(etree.Element)} or {"center": source}
        told = {kind: counted(self._read, side) for kind, side in sides.items() if kind in names}
        told = told or {"center": counted(self._read, source)}
        amounts = [element(source, names[kind], {"value": said}) for kind, (said, _) in told.items() if number(said)]
        if len(amounts) < len(told):
            self._read.say(source, "bad-value", "a dose that is no number: kept in the original")
            return None
        unit = next((unit for _, unit in told.values() if unit), None)
        counted_ = element(source, "aantal", {}, amounts)
        return element(source, "keerdosis", {}, [counted_, *([unit] if unit else [])])


def _once(children: Sequence[AdaElement]) -> list[AdaElement]:
    """Each thing once, however many requests say it."""
    found: dict[tuple[str, str], AdaElement] = {}
    for child in children:
        found.setdefault((child.name, repr(sorted(child.attributes.items()))), child)
    return list(found.values())


def _intervals(time: etree._Element) -> list[etree._Element]:
    """The IVL_TS in an expression of time (or the time itself, which is one when it says no type)."""
    parts = [part for part in (time, *time.iter(f"{V3}comp")) if part.get(XSI) in (None, "", "IVL_TS")]
    return [part for part in parts if any(etree.QName(c).localname in ("low", "high", "width") for c in part)]


def _plain(request: etree._Element) -> bool:
    """Whether the request is in force, and says nothing that limits or overrules its dose."""
    status = request.find(f"{V3}statusCode")
    going = status is None or status.get("code") in _INSTRUCTION["going"]
    return going and not any(request.find(f"{V3}{name}") is not None for name in _INSTRUCTION["limits"])


def _rhythm(times: _Elements) -> tuple[int, str, str] | tuple[()] | None:
    """The frequency, () where none is told, None where there is more than one thing to it."""
    parts = [part for time in times for part in (time, *time.iter(f"{V3}comp"))]
    periods = [part for part in parts if part.find(f"{V3}period") is not None]
    known = {*periods, *(one for time in times for one in _intervals(time))}
    odd = [part for part in parts if part not in known and part.get(XSI) != "SXPR_TS" and len(part)]
    if not periods:
        return None if odd else ()
    if odd or len(periods) > 1 or [etree.QName(c).localname for c in periods[0]] != ["period"]:
        return None
    if periods[0].get("institutionSpecified") == "true" or periods[0].get("alignment"):
        return None
    return frequency(periods[0][0])


def _schedule(source: etree._Element, rhythm: tuple[int, str, str] | tuple[()]) -> list[AdaElement]:
    if not rhythm:
        return []
    times, per, unit = rhythm
    fixed = element(source, "aantal", {}, [element(source, "vaste_waarde", {"value": str(times)})])
    often = element(source, "frequentie", {}, [fixed, element(source, "tijdseenheid", {"value": per, "unit": unit})])
    return [element(source, "toedieningsschema", {}, [often])]
