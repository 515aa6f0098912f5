"""Drop, double, swap or corrupt any element of a published instance: refused, reported, or harmless.

Never a crash; nothing appears that the record does not say; nothing moves from one person to another; what a value says
is never another value than the one that stands there.  Which elements is decided by their place, so that a run can be
repeated; `BABYCONNECT_ADA_MUTANTS=0` takes every element of every record, `make soak` at most some 400 of one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import os
from collections.abc import Iterator
from typing import Any

import pytest

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.definitions import document
from babyconnect.fhir.check import structure
from babyconnect.sources.ada import exists, read
from babyconnect.translate.ada import translate
from babyconnect.translate.findings import Translated
from tests.support.needs import nictiz

TODAY = dt.date(2024, 6, 15)
MUTANTS = int(os.environ.get("BABYCONNECT_ADA_MUTANTS", "7"))
EVERY = 10**9
FOLDERS = {"": "hl7-mappings/ada-2-fhir-stu3", "4.0-beta": "hl7-mappings/ada-2-fhir-stu3-beta4"}
BASIS, ECHO = "med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart", "med_mij_echo_beschikbaarstellen"
KRAAM, EXTENDED = "med_mij_kraam_beschikbaarstellen", "med_mij_uitbreiding_verloskunde_beschikbaarstellen"
PUBLISHED = [
    ("", BASIS, "gz-izb-kwa-1-V1_actieve_zwschap"),
    ("", BASIS, "gz-izb-kwa-3A-V2_meerling_1elijn"),
    ("", BASIS, "gz-izb-kwa-3B-V2_meerling_2elijn"),
    ("", BASIS, "gz-izb-kwa-geen-V3_geen_kaart"),
    ("", ECHO, "gz-ize-kwa-casus1"),
    ("", ECHO, "gz-ize-kwa-casus2"),
    ("", KRAAM, "gz-izk-kwa-casus1"),
    ("", EXTENDED, "gz-izv-kwa-casus1"),
    ("", EXTENDED, "gz-izv-kwa-casus2"),
    ("", EXTENDED, "gz-izv-kwa-casus3"),
    ("", EXTENDED, "gz-izv-tes-casus9999"),
    ("4.0-beta", ECHO, "gz-ize-kwa-casus1"),
    ("4.0-beta", ECHO, "gz-ize-kwa-casus2"),
    ("4.0-beta", KRAAM, "gz-izk-kwa-casus1"),
    ("4.0-beta", EXTENDED, "gz-izv-kwa-casus1"),
]
EACH = pytest.mark.parametrize(("version", "transaction", "name"), PUBLISHED)
Path = tuple[int, ...]
Facts = frozenset[str]


@functools.cache
def record(version: str, transaction: str, name: str) -> AdaRecord:
    folder = nictiz() / FOLDERS[version] / "peri-3.2.6" / transaction / "ada_instance"
    return read((folder / f"{name}.xml").read_bytes())


@functools.cache
def whole(version: str, transaction: str, name: str) -> Translated:
    return translate(record(version, transaction, name), TODAY, version)


# Mutations ----------------------------------------------------------------------------------------------------------


def places(element: AdaElement, path: Path = ()) -> Iterator[tuple[Path, AdaElement]]:
    for number, child in enumerate(element.children):
        yield (*path, number), child
        yield from places(child, (*path, number))


def some(source: AdaRecord) -> Iterator[tuple[Path, AdaElement]]:
    """Elements spread over the record."""
    found = list(places(source.root))
    yield from found[:: max(1, len(found) // MUTANTS)] if MUTANTS else found


def rebuilt(element: AdaElement, path: Path, made: tuple[AdaElement, ...]) -> AdaElement:
    """The tree with what is at the path replaced by none, one or several elements."""
    head, *rest = path
    inside = made if not rest else (rebuilt(element.children[head], tuple(rest), made),)
    return dataclasses.replace(element, children=(*element.children[:head], *inside, *element.children[head + 1 :]))


def mutant(source: AdaRecord, path: Path, *made: AdaElement) -> AdaRecord:
    return dataclasses.replace(source, root=rebuilt(source.root, path, made))


# What a translation says ---------------------------------------------------------------------------------------------


def values(node: Any, path: str = "") -> Iterator[str]:
    """The values of a resource: without ids, references and what stands for them."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key not in ("id", "reference", "display", "resourceType", "profile", "dataAbsentReason", "fullUrl"):
                yield from values(value, f"{path}/{key}")
    elif isinstance(node, list):
        for value in node:
            yield from values(value, path)
    else:
        yield f"{path}={str(node).lower() if isinstance(node, bool) else node}"


def persons(made: Translated) -> set[str]:
    """Ids of persons follow from the record's id and their element's own."""
    return {f"Patient/{r['id']}" for r in made.resources if r["resourceType"] == "Patient"}


def whose(made: Translated) -> dict[Facts, set[str]]:
    """The facts of each resource that is about somebody, and about whom."""
    found: dict[Facts, set[str]] = {}
    for resource in made.resources:
        about = resource.get("subject") or resource.get("patient") or {}
        if str(about.get("reference", "")).startswith("Patient/"):
            said = frozenset(f"{resource['resourceType']}{value}" for value in values(resource))
            found.setdefault(said, set()).add(about["reference"])
    return found


def said(made: Translated) -> set[str]:
    return {value.rpartition("/")[2] for resource in made.resources for value in values(resource)}


@functools.cache
def stated(version: str, transaction: str, name: str) -> frozenset[str]:
    """Every value, code and name that the record itself says."""
    root = record(version, transaction, name).root
    return frozenset(value for element in root.walk() for value in element.attributes.values())


def new_values(made: Translated, before: Translated, own: frozenset[str]) -> list[str]:
    """What is said now and was not before, and does not stand in the record itself."""
    new = said(made) - said(before) - FOLLOWS
    return sorted(one for one in new if not one.startswith(COMPOSED) and one.partition("=")[2] not in own)


def told(made: Translated, before: Translated) -> bool:
    """True when the mutant was refused, or its report says more than that of the whole record."""

    def serious(one: Translated) -> list[tuple[str, str]]:
        return sorted((f.rule, f.concept) for f in one.findings if f.severity != "information")

    return serious(made) != serious(before)


def refused(made: Translated) -> bool:
    return any(finding.severity == "error" for finding in made.findings)


def sound(made: Translated) -> None:
    assert refused(made) or not [issue for resource in made.resources for issue in structure(resource)]


def nobody_elses(made: Translated, before: Translated, where: str) -> None:
    """What was one person's has not become another's, unless the report says that something is amiss."""
    if refused(made):
        return
    first, people = whose(before), persons(made)
    for facts, about in whose(made).items():
        moved = {one for one in about if facts in first and one not in first[facts] and one in people}
        assert not moved or told(made, before), f"{where}: moved to another person without a word"


# What a translation may say that no element of the record does: a state that follows from something's absence.
FOLLOWS = {"status=unknown", "status=active", "status=finished", "valueCode=unknown", "deceasedBoolean=false",
           "deceasedBoolean=true", "clinicalStatus=active", "clinicalStatus=inactive", "use=mobile"}  # fmt: skip


COMPOSED = ("text=", "line=", "family=")
"""Names and addresses in one text: they change with each of their parts."""


def nothing_new(version: str, transaction: str, name: str, times: int) -> None:
    """Each element so many times in its own place: the record is sound and says nothing that it did not say."""
    source, before = record(version, transaction, name), whole(version, transaction, name)
    for path, element in some(source):
        made = translate(mutant(source, path, *[element] * times), TODAY, version)
        where = f"{element.concept} {element.name} line {element.line}"
        sound(made)
        nobody_elses(made, before, where)
        if not refused(made) and not told(made, before):
            new = new_values(made, before, stated(version, transaction, name))
            assert not new, f"{where}: {new[:4]}"


@EACH
def test_what_is_left_out_leaves_nothing_in_its_place(version: str, transaction: str, name: str) -> None:
    nothing_new(version, transaction, name, times=0)


@EACH
def test_what_stands_there_twice_says_nothing_else(version: str, transaction: str, name: str) -> None:
    nothing_new(version, transaction, name, times=2)


@EACH
def test_the_order_of_neighbours_changes_no_fact(version: str, transaction: str, name: str) -> None:
    source, before = record(version, transaction, name), whole(version, transaction, name)
    for path, element in some(source):
        *above, number = path
        parent = functools.reduce(lambda here, step: here.children[step], above, source.root)
        if number + 1 == len(parent.children) or parent.children[number + 1].concept == element.concept:
            continue  # two of one kind: their order may mean something (the first address, the first name)
        one, other = parent.children[number], parent.children[number + 1]
        swapped = mutant(mutant(source, path, other), (*above, number + 1), one)
        made = translate(swapped, TODAY, version)
        assert said(made) == said(before), f"{element.concept} {element.name} line {element.line}"
        nobody_elses(made, before, element.name)


@EACH
def test_two_of_a_kind_that_change_places_are_never_mixed(version: str, transaction: str, name: str) -> None:
    """The groups of two children, two contacts, two specimens: each keeps what lies in it."""
    source, before = record(version, transaction, name), whole(version, transaction, name)
    for path, element in list(places(source.root))[: EVERY if not MUTANTS else 4000]:
        *above, number = path
        parent = functools.reduce(lambda here, step: here.children[step], above, source.root)
        nexts = [n for n in range(number + 1, len(parent.children)) if parent.children[n].concept == element.concept]
        if nexts and element.children:
            swapped = mutant(mutant(source, path, parent.children[nexts[0]]), (*above, nexts[0]), element)
            made = translate(swapped, TODAY, version)
            nobody_elses(made, before, f"{element.concept} {element.name} line {element.line}")
            assert said(made) == said(before) or told(made, before), f"{element.concept} {element.name}"


NONSENSE = "Ǝzz-9"


@EACH
def test_what_is_corrupted_is_refused_reported_or_shown_as_it_stands(version: str, transaction: str, name: str) -> None:
    """A value that is nonsense never becomes a value that makes sense."""
    source, before = record(version, transaction, name), whole(version, transaction, name)
    for path, element in some(source):
        attribute = "code" if element.code else "value"
        if not element.is_filled or element.is_reference or _is_moment(element):
            continue
        bad = dataclasses.replace(element, attributes={**element.attributes, attribute: NONSENSE})
        made = translate(mutant(source, path, bad), TODAY, version)
        where = f"{element.concept} {element.name} line {element.line}"
        sound(made)
        nobody_elses(made, before, where)
        silent = not refused(made) and not told(made, before)
        own = stated(version, transaction, name)
        new = [one for one in new_values(made, before, own) if NONSENSE not in one] if silent else []
        assert not new, f"{where}: {new[:4]}"


def _is_moment(element: AdaElement) -> bool:
    """A date that does not exist is refused before anything is translated (`sources.ada`)."""
    return element.attributes.get("datatype") in ("datetime", "date") or (
        exists(element.value) and element.value.startswith("T")
    )


def test_a_childs_group_that_does_not_say_which_child_is_refused() -> None:
    """Else what was measured of the child would be shown as her mother's."""
    source = record("", BASIS, "gz-izb-kwa-3B-V2_meerling_2elijn")
    path, _ = next((path, e) for path, e in places(source.root) if e.concept == "1378")
    found = translate(mutant(source, path), TODAY).findings
    assert [f.rule for f in found if f.severity == "error"] == ["no-child"]


def test_a_childs_group_that_names_the_woman_is_refused() -> None:
    source = record("", BASIS, "gz-izb-kwa-3B-V2_meerling_2elijn")
    woman = next(e.value for _, e in places(source.root) if e.concept == "1434")
    path, element = next((path, e) for path, e in places(source.root) if e.concept == "1378")
    hers = dataclasses.replace(element, attributes={**element.attributes, "value": woman})
    found = translate(mutant(source, path, hers), TODAY).findings
    assert [f.rule for f in found if f.severity == "error"] == ["no-child"]


def test_every_version_of_every_transaction_has_a_published_record_here() -> None:
    known = {(version, name) for name, block in document("ada/transactions.toml").items()
             for version in ("", *block.get("versions", {}))}  # fmt: skip
    assert known == {(version, transaction) for version, transaction, _ in PUBLISHED}
