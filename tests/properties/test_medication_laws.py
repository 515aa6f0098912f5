"""The laws of the medication overview: order changes nothing, no block loses its source, more sources hide nothing."""

from __future__ import annotations

import datetime as dt
from collections import Counter

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from babyconnect.birthcare.medication import Medicine
from babyconnect.delivery import build_view
from babyconnect.merge import merge
from tests.support.cases import cases
from tests.support.made import GP, HOSPITAL, MIDWIFE, TODAY, Dossier, code, dossier, ref
from tests.support.medicines import ATC, PRK, agreed, allergic, drug, used
from tests.support.medicines import given as administered

LAWS = settings(max_examples=cases(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
PARTIES = (GP, HOSPITAL, MIDWIFE)
DRUGS = (
    drug("C07AG01", "labetalol"),
    drug("C07AG01", "labetalol", (PRK, "19100")),
    drug("", "labetalol", (PRK, "19100")),
    drug("M01AE01", "ibuprofen"),
    drug("", "kruiden"),
    drug("", ""),
    {"coding": [{"code": "C09AA02", "system": ATC}]},
)
DAYS = st.sampled_from([None, -200, -30, -5, 0, 5])


@st.composite
def dossiers(draw: st.DrawFn) -> list[Dossier]:
    made = [dossier(party) for party in PARTIES]
    made[2].due(draw(st.sampled_from([10, 100, 200])), True)
    for number in range(draw(st.integers(0, 7))):
        one = made[draw(st.integers(0, 2))]
        start, end = draw(DAYS), draw(DAYS)
        named = {
            "dose": draw(st.sampled_from(["", "1 × per dag 1", "2 × per dag 1"])),
            "treatment": draw(st.sampled_from(["", "A", "B"])),
            "on": draw(DAYS),
        }
        kind = draw(st.sampled_from(["agreed", "used", "given", "reference"]))
        medicine = draw(st.sampled_from(DRUGS))
        if kind == "agreed":
            agreed(one, f"r{number}", medicine, start, end, stop=draw(st.sampled_from(["", "", "1", "2"])), **named)
        elif kind == "used":
            status = draw(st.sampled_from(["active", "stopped", "intended", "entered-in-error"]))
            used(one, f"u{number}", medicine, start, end, status=status, **named)
        elif kind == "given":
            administered(one, f"g{number}", medicine, start or -1)
        else:
            one.add("Medication", f"m{number}", code=medicine)
            one.add("MedicationDispense", f"d{number}", status="completed", subject=ref(one.woman),
                    medicationReference=ref(f"Medication/m{number}"))  # fmt: skip
    if draw(st.booleans()):
        allergic(made[0], "x", code("M01AE01", ATC))
    return made


def overview(made: list[Dossier], today: dt.date = TODAY) -> tuple[Medicine, ...]:
    return merge([one.answer() for one in made], today).medication.medicines


@LAWS
@given(dossiers(), st.randoms(use_true_random=False))
def test_the_order_of_sources_and_of_their_resources_changes_nothing(made: list[Dossier], chance: object) -> None:
    before = overview(made)
    for one in made:
        chance.shuffle(one.resources)  # type: ignore[attr-defined]
    assert overview(list(reversed(made)) + made[:1]) == before


@LAWS
@given(dossiers())
def test_every_block_of_every_source_is_in_exactly_one_medicine(made: list[Dossier]) -> None:
    told = Counter(
        (one.party.ura.value, f"{resource['resourceType']}/{resource['id']}")
        for one in made
        for resource in one.resources
        if resource["resourceType"].startswith("Medication")
        and resource["resourceType"] != "Medication"
        and resource.get("status") != "entered-in-error"
    )
    found = Counter(
        (origin.source.ura.value, origin.reference)
        for medicine in overview(made)
        for block in medicine.blocks
        for origin in block.origins
    )
    assert found == told


@LAWS
@given(dossiers())
def test_blocks_about_one_product_are_never_in_two_medicines(made: list[Dossier]) -> None:
    where: dict[str, str] = {}
    for medicine in overview(made):
        for block in medicine.blocks:
            for key in block.product.codes:
                assert where.setdefault(key, medicine.id) == medicine.id


@LAWS
@given(dossiers())
def test_a_medicine_that_any_source_says_is_in_use_is_shown_as_in_use(made: list[Dossier]) -> None:
    for medicine in overview(made):
        spoken = [b for b in medicine.blocks if b.role in ("agreement", "use") and not b.superseded]
        if any(block.state == "current" for block in spoken):
            assert medicine.state == "current"


@LAWS
@given(dossiers())
def test_each_medicine_of_hers_is_judged_or_says_why_not_and_all_of_it_is_on_the_screen(made: list[Dossier]) -> None:
    record = merge([one.answer() for one in made], TODAY)
    view = build_view(record)
    lines = [line for one in view.sections for state in one.parts for m in state.parts for line in m.lines]
    shown, types = {line.id for line in lines}, {item.id: item.type for item in record.items}
    for medicine in record.medication.medicines:
        if medicine.state != "stopped" and medicine.judgement.unjudged != "not_used":
            part = next(m for s in view.sections for state in s.parts for m in state.parts if m.id == medicine.id)
            assert any(n.code.startswith("warning") or n.code in ("unjudged", "no_warning") for n in part.notices)
        products = {name for name in medicine.items if types[name] == "Medication"}
        assert set(medicine.items) - products <= shown
        told = {d.text for line in lines if line.id in medicine.items for d in line.details}
        named = {item.resource["code"].get("text", "") for item in record.items if item.id in products - shown}
        assert named - {""} <= told


@LAWS
@given(dossiers())
def test_another_source_never_takes_a_warning_away(made: list[Dossier]) -> None:
    alone = {e.rule for m in overview(made[2:]) for e in m.judgement.exposures if e.rule.level != "no_objection"}
    together = {e.rule for m in overview(made) for e in m.judgement.exposures}
    assert {rule for rule in alone if rule.level in ("contraindicated", "avoid")} <= together
