"""The birth and the children as ADA elements."""

from __future__ import annotations

from collections.abc import Iterator

from babyconnect.synthetic.ada_names import LOCAL, child_id, text
from babyconnect.synthetic.ada_tree import Attributes, Element, moment, quantity, reference
from babyconnect.synthetic.codes import code
from babyconnect.synthetic.course import Child
from babyconnect.synthetic.dossier import Dossier, Fact


def _one(dossier: Dossier, key: str, child: int = 0) -> Fact | None:
    return next((fact for fact in dossier.facts if fact.key == key and fact.child == child), None)


def birth(dossier: Dossier) -> Iterator[Element]:
    """The delivery, where it was recorded here; else the problems of labour that led to another place."""
    course = dossier.course
    of_labour = list(problems(dossier, "labour", "probleem_maternaal"))
    if course is None or not (dossier.born_here or of_labour):
        return
    found: list[Element] = [("zwangerschapsduur", quantity(course.days, "d")), *of_labour]
    if dossier.born_here:
        found += [
            ("partusnummer", Attributes(value=f"{dossier.id}-1", root=LOCAL)),
            *_acts(dossier),
            *_first_stage(dossier),
            *(_second_stage(dossier, child) for child in dossier.children),
        ]
    yield "bevalling", found


def problems(dossier: Dossier, about: str, element: str) -> Iterator[Element]:
    """What is wrong with the pregnancy or the labour, each under an element of its own."""
    for problem in dossier.problems:
        if problem.about == about and problem.start:
            yield (
                element,
                [
                    ("probleem_naam", code(problem.code)),
                    ("probleem_begin_datum", moment(text(problem.start))),
                    ("zwangerschapsduur", quantity(problem.day, "d")),
                    ("probleem_status", code("status.active")),
                ],
                problem.id,
            )


def _acts(dossier: Dossier) -> Iterator[Element]:
    for act in dossier.acts:
        if act.about == "labour":
            yield (
                "verrichting_maternaal",
                [("verrichting_start_datum", moment(text(act.when))), ("verrichting_type", code(act.code))],
            )


def _first_stage(dossier: Dossier) -> Iterator[Element]:
    mode, active = _one(dossier, "begin_mode"), _one(dossier, "begin_active")
    if mode is None or mode.when is None:
        return
    begin: list[Element] = [("observatie_datum_tijd", moment(text(mode.when)))]
    if active is not None:
        begin.append(("begin_actieve_ontsluiting_waarde", moment(text(active.value))))  # type: ignore[arg-type]
    yield (
        "ontsluitingsfase",
        [
            ("actieve_ontsluiting_observatie", begin),
            (
                "wijze_begin_baring_observatie",
                [("observatie_datum_tijd", moment(text(mode.when))), ("begin_baring_waarde", code(str(mode.value)))],
            ),
        ],
    )


def _second_stage(dossier: Dossier, child: Child) -> Element:
    when = moment(text(child.born))
    mode, place = _one(dossier, "birth_mode", child.rank), _one(dossier, "birth_place", child.rank)
    assert mode and place, "a recorded birth says how and where"
    found: list[Element] = [
        ("patient", reference(child_id(dossier, child.rank))),
        ("type_partus_observatie", [("observatie_datum_tijd", when), ("type_partus_waarde", code(str(mode.value)))]),
        (
            "werkelijke_plaats_baring_type_locatie_observatie",
            [("observatie_datum_tijd", when), ("werkelijke_plaats_baring_waarde", code(str(place.value)))],
        ),
    ]
    if dossier.hospital is dossier.organisation:
        found.append(("ziekenhuis_baring", [("zorgaanbieder", reference(dossier.organisation.agb))]))
    for problem in dossier.problems:
        if problem.about == "child" and problem.child == child.rank and problem.start:
            found.append(
                (
                    "probleem_kindspecifieke_maternale_problemen",
                    [
                        ("probleem_naam", code(problem.code)),
                        ("probleem_begin_datum", moment(text(problem.start))),
                        ("probleem_status", code("status.active")),
                    ],
                    problem.id,
                )
            )
    for act in dossier.acts:
        if act.about == "child" and act.child == child.rank:
            found.append(
                (
                    "verrichting_kindspecifieke_maternale_verrichtingen",
                    [("verrichting_start_datum", moment(text(act.when))), ("verrichting_type", code(act.code))],
                )
            )
    return "uitdrijvingsfase", found


def children(dossier: Dossier) -> Iterator[Element]:
    for child in dossier.children if dossier.born_here else ():
        yield (
            "kind",
            [
                ("demografische_gegevens", [("patient", reference(child_id(dossier, child.rank)))]),
                ("lichamelijk_onderzoek_kind", list(_examined(dossier, child))),
            ],
        )


def _examined(dossier: Dossier, child: Child) -> Iterator[Element]:
    def value(key: str) -> str:
        fact = _one(dossier, key, child.rank)
        return "" if fact is None else str(fact.value)

    when = moment(text(child.born))
    yield (
        "geboortegewicht_lichaamsgewicht",
        [("gewicht_waarde", quantity(value("birth_weight"), "g")), ("gewicht_datum_tijd", when)],
    )
    yield "lichaamslengte", [("lengte_waarde", quantity(value("birth_length"), "cm")), ("lengte_datum_tijd", when)]
    yield (
        "schedelomvang",
        [("schedelomvang_waarde", quantity(value("birth_head"), "cm")), ("schedelomvang_datum_tijd", when)],
    )
    scores: list[Element] = [
        (element, [("apgar_score_totaal", value(key))])
        for element, key in (
            ("apgar_score1min", "apgar1"),
            ("apgar_score5min", "apgar5"),
            ("apgar_score10min", "apgar10"),
        )
        if value(key)
    ]
    if scores:
        yield "bevindingen", [("algemene_indruk", scores)]
