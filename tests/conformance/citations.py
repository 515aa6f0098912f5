"""Citations of `ada_reasons.csv`, looked up in the published standard and in the published records.

Several are parted by `; `.  Each is a kind and its words:

    map N PATH               Nictiz' mapping puts data element N at a path that begins so
    profile NAME ELEMENT REF the profile has the element; REF (may be left out): a data element or concept of a building
                             block that the profile maps to it
    not-in NAME CODE         the profile does not have the code
    not-target NAME ELEMENT PROFILE   the element may not point to a resource of that profile
    record N                 the record has data element N
    without N                the record does not say data element N
    without-in N NAME        in data element N no element of that name says anything
    inside N M               data element N lies in data element M
    no-display N             data element N brings no displayName
    dataset N CODE           the data set names the code at data element N
    addendum N               the addendum has a row for data element N
    list OID CODE            the value list has the code
    fhir PAGE: RULE          FHIR STU3 (hl7.org/fhir/STU3), not looked up here
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from lxml import etree

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.definitions import rows

FHIR = "{http://hl7.org/fhir}"
FOLDERS = ("geboortezorg-stu3/structuredefinitions/profiles", "stu3-zib2017/structuredefinitions")


def broken(citation: str, data: Path, record: AdaRecord) -> list[str]:
    """The citations that do not hold for a record; `data`: the folder of the published standard."""
    parts = [part.split(" ") for part in citation.split("; ")]
    return [" ".join(part) for part in parts if not (_STANDARD | _RECORD)[part[0]](data, record, *part[1:])]


def _mapped(data: Path, _: AdaRecord, number: str, path: str) -> bool:
    return any(found.startswith(path) for found in _mapping(data).get(number, ()))


@functools.cache
def _mapping(data: Path) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in etree.parse(str(data / "geboortezorg-stu3/dataset-mapping/fhirmapping-3-2.xml")).iter("record"):
        number = (record.findtext("ID") or "").rpartition("-")[2]
        found.setdefault(number, []).append(record.findtext("mapping") or "")
    return found


def _profiled(data: Path, _: AdaRecord, name: str, element: str, about: str = "") -> bool:
    found = _profile(data, name).get(element)
    said = [f"peri32-dataelement-{about}" if about.isdigit() else about]
    maps = (
        [mapping.get("value") or "" for mapping in found.iterfind(f"{FHIR}mapping/{FHIR}map")]
        if found is not None
        else []
    )
    return found is not None and (not about or any(one.split(" ")[0].rstrip(".") in said for one in maps))


@functools.cache
def _profile(data: Path, name: str) -> Mapping[str, etree._Element]:
    root = etree.parse(str(_file(data, name))).getroot()
    return {str(found.get("id")): found for found in root.iterfind(f"{FHIR}differential/{FHIR}element")}


def _file(data: Path, name: str) -> Path:
    return next(path for folder in FOLDERS if (path := data / folder / f"{name}.xml").exists())


def _not_in(data: Path, _: AdaRecord, name: str, code: str) -> bool:
    return f'"{code}"' not in _file(data, name).read_text(encoding="utf-8")


def _not_target(data: Path, _: AdaRecord, name: str, element: str, profile: str) -> bool:
    targets = [one.get("value") or "" for one in _profile(data, name)[element].iter(f"{FHIR}targetProfile")]
    return bool(targets) and not any(one.endswith(f"/{profile}") for one in targets)


def _named(data: Path, _: AdaRecord, number: str, code: str) -> bool:
    wanted = re.compile(rf'<terminologyAssociation conceptId="[0-9.]*\.{number}"[^>]* code="{code}"')
    files = sorted((data / "geboortezorg-stu3/dataset-pwd32").glob("*VerloskundeBasis.xml"))
    return any(wanted.search(path.read_text(encoding="utf-8")) for path in files)


def _added(data: Path, _: AdaRecord, number: str) -> bool:
    path = data / "geboortezorg-stu3/mapping-tables-izk30/Addendum_profile_mapping.mediawiki.txt"
    return f"\n||{number}\n" in path.read_text(encoding="utf-8")


def _listed(_: Path, __: AdaRecord, oid: str, code: str) -> bool:
    return any(row["list"].startswith(oid) and row["code"] == code for row in rows("ada/value_lists"))


def _there(record: AdaRecord, number: str) -> Iterator[AdaElement]:
    return (element for element in record.root.walk() if element.concept == number)


def _says(element: AdaElement) -> bool:
    return bool(element.value or element.code)


def _in_record(_: Path, record: AdaRecord, number: str) -> bool:
    return any(True for _ in _there(record, number))


def _without(_: Path, record: AdaRecord, number: str) -> bool:
    return not any(_says(element) for element in _there(record, number))


def _without_in(_: Path, record: AdaRecord, number: str, name: str) -> bool:
    groups = list(_there(record, number))
    within = [one for group in groups for one in group.walk() if one.name == name]
    return bool(groups) and not any(_says(inner) for one in within for inner in one.walk())


def _inside(_: Path, record: AdaRecord, number: str, outer: str) -> bool:
    return any(one.concept == number for group in _there(record, outer) for one in group.walk())


def _no_display(_: Path, record: AdaRecord, number: str) -> bool:
    return not any(element.attributes.get("displayName") for element in _there(record, number))


def _elsewhere(*_: object) -> bool:
    return True


_Lookup = Callable[..., bool]
_STANDARD: Mapping[str, _Lookup] = {
    "map": _mapped, "profile": _profiled, "not-in": _not_in, "not-target": _not_target, "dataset": _named,
    "addendum": _added, "list": _listed, "fhir": _elsewhere,
}  # fmt: skip
_RECORD: Mapping[str, _Lookup] = {
    "record": _in_record, "without": _without, "without-in": _without_in, "inside": _inside, "no-display": _no_display,
}  # fmt: skip
