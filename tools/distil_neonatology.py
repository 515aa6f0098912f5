"""Make `definitions/recasting/neonatology_codes.csv`: which codes an element of kernset neonatology 3.0 can take.

    python tools/distil_neonatology.py [FOLDER OF THE PUBLISHED STANDARD]

The kernset's own value lists are not published with the data.  PWD 3.2 has the lists that came after them (it states
that its problems of the child replace those of the kernset): in the lists of pediatrics every code lies under the
heading of a section of the kernset, so the heading says in which section a problem is told.  Columns: list (the path of
the element in the kernset's record), code, system, display, citation (the value list, # the heading).
"""

from __future__ import annotations

import csv
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

ROOT = Path(__file__).parents[1]
OUT = ROOT / "src/babyconnect/definitions/recasting/neonatology_codes.csv"
VIEWS = ("geboortezorg-stu3/dataset-pwd32/*.xml", "geboortezorg-stu3/dataset-pwd23/*.xml")
HOME = "geboortezorg-stu3/valuesets/Ondersteuning_Ontslag_Huis-*.xml"
PROBLEMS = (
    "2.16.840.1.113883.2.4.3.11.60.90.77.11.295",
    "2.16.840.1.113883.2.4.11.324",
    "2.16.840.1.113883.2.4.11.325",
)
TRAUMA = ("2.16.840.1.113883.2.4.3.11.60.90.77.11.296", "2.16.840.1.113883.2.4.11.326", "2.16.840.1.113883.2.4.11.327")
INBORN = ("2.16.840.1.113883.2.4.3.11.60.90.77.11.298", "2.16.840.1.113883.2.4.11.328",
          "2.16.840.1.113883.2.4.3.11.60.90.77.11.299")  # fmt: skip
STATUS = ("2.16.840.1.113883.2.4.3.11.60.40.2.5.1.4",)
SECTIONS = {"respiratoir": "363225006", "circulatoir": "363696006", "infectieus": "128271002",
            "gastrointestinaal": "119292006", "hematologisch": "21401000146106",
            "metabool_en_endocrien": "736652002+736653007", "neurologisch": "118940003",
            "zintuigen": "267574006"}  # fmt: skip
METABOLIC = "86095007"
# Problems of a pregnancy in PWD 3.2, and what kernset 2.3 asks as its diagnosis (82268): lists (82269 82273 82275 82278
# 82380) and questions (82270 82271 82274 82276 82277 82279 82280 82289 82452); of its growth (82278) PWD 3.2 has
# 22033007 in place of 267258002, under the same heading. Suspected death (82435) is not of an admitted child.
PREGNANCY = "2.16.840.1.113883.2.4.11.302"
COMPLICATION = "zwangerschapsgegevens/complicaties_tijdens_zwangerschap/probleem"
DIAGNOSES = tuple(f"2.16.840.1.113883.2.4.3.11.60.90.77.11.{number}/2.3" for number in (16, 204, 36, 37, 213))
ASKED = frozenset({"131148009", "17382005", "14094001", "235888006", "46894009", "146351000146102", "6383007",
                   "415105001", "270500004", "22033007"})  # fmt: skip
CHILD, BIRTH, STAY = "kind/demografische_gegevens/patient", "kind/bevallingsgegevens", "kind/opname_gegevens"
EXAMINED = ("kind/opname_gegevens/onderzoek", "kind/ontslagoverplaatsing/lichamelijk_onderzoek")
# element: value lists, heading ("" = all of them; !heading = all but what lies under it)
WANTED: dict[str, tuple[tuple[str, ...], str]] = {
    f"{COMPLICATION}/verificatie_status": (STATUS, ""),
    f"{CHILD}/geslacht": (("2.16.840.1.113883.2.4.3.11.60.40.2.0.1.1",), ""),
    f"{BIRTH}/type_partus": (("2.16.840.1.113883.2.4.11.182/2.3",), ""),
    f"{BIRTH}/locatie_partus": (("2.16.840.1.113883.2.4.3.11.60.90.77.11.321",), ""),
    "kind/ondersteuning_opvang/verrichting/verrichting_type": (("2.16.840.1.113883.2.4.11.288",), "59201000146107"),
    f"{STAY}/opname/herkomst_kind": (("2.16.840.1.113883.2.4.11.262",), ""),
    "kind/ontslagoverplaatsing/voeding_kind": (("2.16.840.1.113883.2.4.11.331",), ""),
    "kind/ontslagoverplaatsing/bestemming_kind": (("2.16.840.1.113883.2.4.3.11.60.90.77.11.248",), ""),
    **{f"{place}/lichaamstemperatuur/temperatuur_type": (("2.16.840.1.113883.2.4.3.11.60.40.2.12.6.1",), "")
       for place in EXAMINED},
    **{f"{place}/schedelomvang/schedelomvang_meetmethode": (("2.16.840.1.113883.2.4.3.11.60.40.2.12.14.1",), "")
       for place in EXAMINED},
    **{f"kind/problematiek_kind/{name}/probleem/probleem_naam": (PROBLEMS, heading)
       for name, heading in SECTIONS.items()},
    **{f"kind/problematiek_kind/{name}/probleem/verificatie_status": (STATUS, "")
       for name in (*SECTIONS, "geboortetrauma")},
    "kind/problematiek_kind/geboortetrauma/probleem/probleem_naam": (TRAUMA, ""),
    "kind/problematiek_kind/congenitale_aandoeningen/stofwisselingsziekten/probleem/probleem_naam": (INBORN, METABOLIC),
    "kind/problematiek_kind/congenitale_aandoeningen/stofwisselingsziekten/probleem/verificatie_status": (STATUS, ""),
    "kind/problematiek_kind/congenitale_aandoeningen/overige/probleem/probleem_naam": (INBORN, f"!{METABOLIC}"),
    "kind/problematiek_kind/congenitale_aandoeningen/overige/probleem/verificatie_status": (STATUS, ""),
}  # fmt: skip
NULL_FLAVORS = "2.16.840.1.113883.5.1008"
Row = dict[str, str]


def main() -> int:
    data = Path(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("NICTIZ_DATA", "../shared/nictiz"))
    lists = published(data)
    found: dict[tuple[str, str, str], Row] = {}
    for path, (names, heading) in WANTED.items():
        for name in names:
            for row in under(lists[name], heading):
                found.setdefault((path, row["system"], row["code"]), {"list": path, **row})
    for row in complications(lists):
        found[row["list"], row["system"], row["code"]] = row
    for row in home(data):
        found[row["list"], row["system"], row["code"]] = row
    write(list(found.values()))
    print(f"{len(found)} codes")
    return 0


def published(data: Path) -> dict[str, etree._Element]:
    """The newest edition of each value list that a view of PWD 3.2 has; of PWD 2.3 by its number and `/2.3`."""
    newest: dict[str, etree._Element] = {}
    for pattern, suffix in zip(VIEWS, ("", "/2.3"), strict=True):
        for file in sorted(data.glob(pattern)):
            for one in etree.parse(str(file)).iter("valueSet"):
                name = f"{one.get('id')}{suffix}"
                if name not in newest or _rank(one) >= _rank(newest[name]):
                    newest[name] = one
    return newest


def _rank(value_set: etree._Element) -> tuple[str, int]:
    """The newest edition; of one edition the view that has most of it."""
    return value_set.get("effectiveDate", ""), len(value_set.findall("conceptList/*"))


def under(value_set: etree._Element, heading: str) -> Iterator[Row]:
    """Its codes that may be chosen (no abstract ones), those under a heading with the heading."""
    key = f"{value_set.get('id')}--{''.join(c for c in value_set.get('effectiveDate', '') if c.isdigit())}"
    above = ""
    for one in value_set.iterfind("conceptList/*"):
        if one.get("level") == "0":
            above = one.get("code", "")
        lies = above == heading.lstrip("!")
        if one.get("type") in ("A", "D") or (heading and lies == heading.startswith("!")):
            continue
        if one.tag == "exception" and heading:
            continue  # why nothing can be said says nothing of this section
        name = one.findtext("name") or one.get("displayName", "")
        yield {"code": one.get("code", ""), "system": one.get("codeSystem", ""), "display": " ".join(name.split()),
               "citation": f"{key}{f'#{heading}' if heading else ''}"}  # fmt: skip


def complications(lists: dict[str, etree._Element]) -> Iterator[Row]:
    """Problems of a pregnancy that Perined asks too, by its own lists and questions: nothing else says which count."""
    theirs = ASKED | {row["code"] for name in DIAGNOSES for row in under(lists[name], "")}
    for row in under(lists[PREGNANCY], ""):
        if row["code"] in theirs and row["system"] != NULL_FLAVORS:
            yield {"list": f"{COMPLICATION}/probleem_naam", **row}


def home(data: Path) -> Iterator[Row]:
    """Support after discharge: the list is published as a FHIR value set only."""
    space = "{http://hl7.org/fhir}"
    for file in data.glob(HOME):
        for include in etree.parse(str(file)).iter(f"{space}include"):
            system = include.find(f"{space}system").get("value")
            for one in include.iter(f"{space}concept"):
                code, shown = one.find(f"{space}code").get("value"), one.find(f"{space}display").get("value")
                yield {"list": "kind/ontslagoverplaatsing/ondersteuning_bij_ontslag_naar_huis", "code": code,
                       "system": {"http://snomed.info/sct": "2.16.840.1.113883.6.96",
                                  "http://hl7.org/fhir/v3/NullFlavor": NULL_FLAVORS}[system],
                       "display": shown, "citation": file.stem}  # fmt: skip


def write(found: list[Row]) -> None:
    with OUT.open("w", encoding="utf-8", newline="") as out:
        out.write(
            "# Nictiz, geboortezorg-stu3 (dataset-pwd32, dataset-pwd23, valuesets): codes of kernset neonatology\n"
        )
        out.write("# Generated by tools/distil_neonatology.py, which documents the columns; do not edit.\n")
        writer = csv.DictWriter(out, ("list", "code", "system", "display", "citation"), lineterminator="\n")
        writer.writeheader()
        writer.writerows(found)


if __name__ == "__main__":
    sys.exit(main())
