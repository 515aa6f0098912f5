"""The checks of pregnancy as ADA elements: visits with what was measured, laboratory results, scans that were made."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from babyconnect.synthetic.ada_names import text
from babyconnect.synthetic.ada_tree import Attributes, Element, moment, quantity, reference
from babyconnect.synthetic.codes import code, parse
from babyconnect.synthetic.dossier import Dossier, Encounter, Fact

_LOINC_GLUCOSE = "loinc|14749-6|Glucose [mol/volume] in serum of plasma"


def visits(dossier: Dossier) -> Iterator[Element]:
    """One prenatal check for each contact that a gestation was noted at."""
    noted = {fact.encounter.id: fact for fact in dossier.facts_of("gestation") if fact.encounter}
    for encounter in dossier.encounters:
        if encounter.id in noted:
            yield "prenatale_controle", _visit(dossier, encounter, noted[encounter.id])


def _visit(dossier: Dossier, encounter: Encounter, gestation: Fact) -> list[Element]:
    here = [fact for fact in dossier.facts if fact.encounter is encounter]
    when = moment(text(encounter.when))
    found: list[Element] = [
        ("contact", reference(encounter.id)),
        ("zwangerschapsduur", quantity(str(gestation.value), "d")),
    ]
    if any(pressure.encounter is encounter for pressure in dossier.pressures):
        found.append(("bloeddruk", reference(f"BP-{encounter.id}")))
    for fact in here:
        if fact.key == "weight":
            found.append(("lichaamsgewicht", reference(f"G-{encounter.id}")))
        elif fact.key == "movement":
            found.append(
                (
                    "leven_voelen_observatie",
                    [("leven_voelen_datum_tijd", when), ("leven_voelen_waarde", code(str(fact.value)))],
                )
            )
        elif fact.key == "tobacco":
            found.append(("tabak_gebruik", [("tabak_gebruik_status", code(str(fact.value)))]))
    examined = _examined(here, when)
    return [*found, ("uitwendig_onderzoek", examined)] if examined else found


def _examined(here: list[Fact], when: Attributes) -> list[Element]:
    location: Element = ("anatomische_locatie_meting", [("locatie", code("location.fundus"))])
    found: list[Element] = [
        (
            "bevindingen_moeder",
            [
                (
                    "fundushoogte_meting",
                    [
                        ("fundushoogte_waarde", quantity(str(fact.value), "cm")),
                        ("meet_datum_begin_tijd", when),
                        location,
                    ],
                )
            ],
        )
        for fact in here
        if fact.key == "fundus"
    ]
    for rank in sorted({fact.fetus for fact in here if fact.fetus}):
        of = {fact.key: fact for fact in here if fact.fetus == rank}
        found.append(
            (
                "bevindingen_foetus",
                [
                    (
                        "ligging_foetus_meting",
                        [
                            ("ligging_foetus_waarde", code(str(of["position"].value))),
                            ("meet_datum_begin_tijd", when),
                            location,
                        ],
                    ),
                    (
                        "indaling_foetusmeting",
                        [
                            ("indaling_foetus_waarde", code(str(of["descent"].value))),
                            ("meet_datum_begin_tijd", when),
                            location,
                        ],
                    ),
                    (
                        "foetale_hartslag_hartfrequentie",
                        [
                            ("hartfrequentie_datum_tijd", when),
                            ("hartfrequentie_waarde", quantity(str(of["heart_rate"].value), "/min")),
                            ("hartslag_meet_methode", code(of["heart_rate"].method)),
                            ("hartslag_regelmatigheid", code("heart.regular")),
                            ("interpretatie_frequentie", code("heart.normal")),
                        ],
                    ),
                ],
            )
        )
    return found


def examinations(dossier: Dossier) -> Iterator[Element]:
    """Laboratory results by day, and the scans and screening that were done."""
    days: dict[dt.date, dict[str, Fact]] = {}
    for fact in dossier.facts:
        if fact.key in _FIRST_TEST or fact.key == "hb":
            days.setdefault(_day(fact), {})[fact.key] = fact
    for day, of in days.items():
        results: list[Element] = []
        if of.keys() >= _FIRST_TEST.keys() | {"antibodies"}:
            results.append(
                (
                    "psie",
                    [
                        *(_result(key, of[key]) for key in _FIRST_TEST if key != "antibodies"),
                        _antibodies(of["antibodies"]),
                    ],
                )
            )
        if "hb" in of:
            results.append(
                (
                    "laboratorium_test_hb",
                    _test(
                        parse("loinc|93846-4|Hemoglobine [mol/volume] in veneus bloed"),
                        quantity(str(of["hb"].value), "mmol/L"),
                    ),
                )
            )
        if results:
            yield _examination("act.laboratory", text(day), results)
    for scan in dossier.scans:
        yield _examination(scan.code, text(scan.when), [])
    for act in dossier.acts:
        if act.code == "act.nipt" and not act.not_done:
            yield _examination(act.code, text(act.when), [])


def _day(fact: Fact) -> dt.date:
    when = fact.when
    assert when is not None, fact.key
    return when.date() if isinstance(when, dt.datetime) else when


def _examination(kind: str, when: str, results: list[Element]) -> Element:
    return "medisch_onderzoek", [
        (
            "maternale_onderzoeksgegevens",
            [
                (
                    "verrichting_maternaal_onderzoek",
                    [
                        ("verrichting_start_datum", moment(when)),
                        ("verrichting_eind_datum", moment(when)),
                        ("verrichting_type", code(kind)),
                    ],
                ),
                ("urine_bloed_en_aanvullende_onderzoeken", results),
            ],
        )
    ]


_FIRST_TEST = {
    "blood_group": ("laboratorium_test_bloedgroep", "loinc|883-9|ABO group [Type] in Blood"),
    "rhesus_d": ("laboratorium_test_rhesus_d", "loinc|1305-2|D Ag [Presence] in Blood"),
    "rhesus_c": ("laboratorium_test_rhesus_c", "loinc|1159-3|Kleine c Ag [aanwezigheid] in erytrocyten"),
    "hbsag": ("laboratorium_test__hbs_ag", "loinc|58452-4|Hepatitis B-virusoppervlakte Ag [eenheden/volume] in serum"),
    "hiv": ("laboratorium_test_hiv", "loinc|29893-5|HIV 1 As [aanwezigheid] in serum of plasma d.m.v. immunoassay"),
    "syphilis": ("laboratorium_test_lues", "loinc|11597-2|Treponema pallidum As [eenheden/volume] in serum"),
    "antibodies": ("irregulaire_antistoffen_observatie", ""),
}


def _result(key: str, fact: Fact) -> Element:
    element, test = _FIRST_TEST[key]
    value = quantity(str(fact.value), "k[arb'U]/L") if key in ("hbsag", "syphilis") else code(str(fact.value))
    return element, _test(parse(test), value)


def _test(test: object, value: object) -> list[Element]:
    return [("test_code", test), ("test_uitslag", value)]


def _antibodies(fact: Fact) -> Element:
    return "irregulaire_antistoffen_observatie", [
        ("irregulaire_antistoffen_datum_tijd", moment(text(_day(fact)))),
        ("irregulaire_antistoffen_waarde", "true" if fact.value else "false"),
        ("welke_antistoffen_waarde", code(f"antibody.{fact.note or 'none'}")),
    ]


def measurements(dossier: Dossier) -> Iterator[Element]:
    """Blood pressures and weights, which the visits refer to, and results without an element of their own."""
    found: list[Element] = []
    for pressure in dossier.pressures:
        if pressure.encounter:
            found.append(
                (
                    "bloeddruk",
                    [
                        ("systolische_bloeddruk", quantity(pressure.systolic, "mm[Hg]")),
                        ("diastolische_bloeddruk", quantity(pressure.diastolic, "mm[Hg]")),
                        ("bloeddruk_datum_tijd", moment(text(pressure.when))),
                    ],
                    f"BP-{pressure.encounter.id}",
                )
            )
    for fact in dossier.facts_of("weight"):
        if fact.encounter and fact.when:
            found.append(
                (
                    "lichaamsgewicht",
                    [
                        ("gewicht_waarde", quantity(str(fact.value), "kg")),
                        ("gewicht_datum_tijd", moment(text(fact.when))),
                    ],
                    f"G-{fact.encounter.id}",
                )
            )
    for fact in dossier.facts_of("glucose"):
        found.append(
            (
                "laboratorium_uitslag",
                [
                    (
                        "laboratorium_test",
                        [
                            ("test_code", parse(_LOINC_GLUCOSE)),
                            ("test_datum_tijd", moment(text(_day(fact)))),
                            ("test_uitslag", Attributes(value=str(fact.value), unit="mmol/L", datatype="quantity")),
                        ],
                    )
                ],
            )
        )
    if found:
        yield "bouwstenen", [("metingen", found)]
