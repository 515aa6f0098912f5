"""A small made-up view, so that templates can be drawn and tested without a merge.  No real person, no BSN."""

from __future__ import annotations

from babyconnect.delivery.view import (
    Badge,
    Banner,
    Cell,
    Claim,
    Detail,
    Dispute,
    Fact,
    Flag,
    Grid,
    Header,
    Line,
    Missing,
    Moment,
    Row,
    Section,
    SourceLine,
    Tab,
    View,
)

MIDWIFE = Badge("90000001", "Verloskundigenpraktijk De Linde", "midwifery_practice")
HOSPITAL = Badge("90000002", "Ziekenhuis Oostpoort", "hospital")


def _header() -> Header:
    uncertain = Flag("rhesus_uncertain", "rhesus onzeker", "danger")
    no_transfusion = Flag("not_for_transfusion", "niet voor transfusie", "warning")
    return Header(
        name="Noor Voorbeeld",
        legal_name="Eleonora Voorbeeld-Test",
        age="31 jaar",
        birth_date="4 maart 1995",
        facts=(
            Fact("gravidity_parity", "G/P", "G2 P1", "pariteit telt zwangerschappen vanaf 16 weken", (MIDWIFE,)),
            Fact("due_date", "À terme", "3 mei 2026", "definitief, echo (kop-stuitlengte)", (MIDWIFE, HOSPITAL)),
            Fact("gestation", "Zwangerschapsduur", "28+3", "vandaag"),
            Fact("chorionicity", "Meerling", "dichoriaal diamniotisch", "", (HOSPITAL,)),
            Fact("blood_group", "Bloedgroep", "O", "", (MIDWIFE,), (no_transfusion,)),
            Fact("rhesus_d", "Rhesus D", "negatief / positief", "", (MIDWIFE, HOSPITAL), (uncertain, no_transfusion)),
            Fact("allergies", "Allergieën", "penicilline", "huiduitslag", (HOSPITAL,)),
            Fact("language", "Taal", "Tigrinya", "tolk nodig", (MIDWIFE,)),
        ),
    )


def _current() -> Section:
    visits = Grid(
        "controles",
        "Controles",
        "Datum",
        ("Zwangerschapsduur", "Bloeddruk", "Gewicht", "Fundus", "Harttonen"),
        (
            Row(
                "6 januari 2026",
                "2026-01-06",
                (Cell("23+1"), Cell("112/68 mmHg", ("i2",)), Cell("71,4 kg", ("i3",)), Cell(), Cell("145 /min")),
                (MIDWIFE,),
            ),
            Row(
                "9 februari 2026",
                "2026-02-09",
                (
                    Cell("28+0"),
                    Cell("148/92 mmHg", ("i4",), (Flag("high", "verhoogd", "warning"),)),
                    Cell("73 kg"),
                    Cell(),
                    Cell("139 /min"),
                ),
                (HOSPITAL,),
            ),
        ),
    )
    line = Line(
        id="i2",
        label="Bloeddruk",
        text="112/68 mmHg",
        when="6 januari 2026 09:40",
        moment="2026-01-06T09:40:00+01:00",
        author="S. Vroedvrouw (verloskundige), Verloskundigenpraktijk De Linde",
        sources=(MIDWIFE, Badge(HOSPITAL.ura, HOSPITAL.name, HOSPITAL.kind, copy=True)),
        details=(
            Detail("Houding", "zittend"),
            Detail("Status", "definitief"),
            Detail("Manchet", "groot", "Overige gegevens"),
        ),
        flags=(Flag("copy", "kopie bij Ziekenhuis Oostpoort"),),
    )
    return Section("zwangerschap", "Huidige zwangerschap", (line,), (visits,))


def sample() -> View:
    """One view with everything in it once: a dispute, a gap, a failed source, a child part, a grid."""
    child = Section(
        "kind-1",
        "Kind 1: Bo",
        (Line("i9", "Apgarscore na 5 minuten", "9", "3 mei 2026 04:12", "2026-05-03T04:12:00+02:00", "", (HOSPITAL,)),),
    )
    return View(
        header=_header(),
        banners=(
            Banner("unlinked_children", "Kinderen van twee bronnen konden niet zeker worden gekoppeld.", "warning"),
        ),
        summary=(Fact("problems", "Problemen", "zwangerschapshypertensie", "", (HOSPITAL,)),),
        disputes=(
            Dispute(
                "rhesus_d",
                "Rhesus D: bronnen spreken elkaar tegen",
                "",
                (
                    Claim("negatief", "2 november 2025", (MIDWIFE,), ("i5",)),
                    Claim("positief", "9 februari 2026", (HOSPITAL,), ("i6",)),
                ),
            ),
        ),
        missing=(
            Missing(
                "source",
                "timed_out",
                "Kraamzorg De Wieg antwoordde niet op tijd",
                "technische storing",
                "",
                Badge("90000003", "Kraamzorg De Wieg", "maternity_home_care"),
            ),
            Missing("check", "hb_27", "Hb rond 27 weken ontbreekt", "hoort tussen 26+0 en 30+6", "KNOV"),
        ),
        timeline=(Moment("6 januari 2026", "2026-01-06", "23+1", "Controle", "Encounter", "i2", "", (MIDWIFE,)),),
        sections=(
            _current(),
            Section("geboorte", "Geboorte", parts=(child,)),
            Section("overdracht", "Overdracht", empty="Geen overdracht of verwijzing bekend."),
        ),
        pregnancies=(Tab("p1", "Zwangerschap 2026", True, ""), Tab("p2", "Zwangerschap 2023", False, "eerder")),
        sources=(
            SourceLine("90000001", MIDWIFE.name, MIDWIFE.kind, "answered", "beantwoord", 48, 61),
            SourceLine("90000002", HOSPITAL.name, HOSPITAL.kind, "busy", "bezig", 0, 0),
            SourceLine("90000003", "Kraamzorg De Wieg", "maternity_home_care", "timed_out", "niet op tijd", 0, 3000),
        ),
        withheld="Mogelijk niet volledig; vraag het uw cliënt",
        congratulate=True,
    )
