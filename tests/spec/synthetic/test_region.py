"""What a synthetic region is: who is always in it, what its folders hold, and that it can be made again."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from babyconnect import synthetic
from babyconnect.birthcare.identifiers import passes_eleven_check
from babyconnect.birthcare.parties import Kind
from babyconnect.synthetic import writing
from babyconnect.synthetic.organisations import Network
from babyconnect.synthetic.population import Client, client, special_cases
from babyconnect.synthetic.recording import record
from tests.support.synthetic_region import TODAY, Written

KINDS = set(Kind) - {Kind.PHARMACY}
"""The synthetic region has no pharmacy: what one delivers is tried with medication."""
NETWORK = Network(synthetic.published())


def special(key: str, women: int = 60) -> Client:
    index = next(place for place, case in enumerate(special_cases()) if case["key"] == key)
    return client(index, women, 7, TODAY, NETWORK)


def digest(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*")) if path.is_file()}  # fmt: skip


# Who is in it


def test_it_has_three_hospitals_with_a_vsv_each_six_practices_and_five_kinds_more() -> None:
    kinds = Counter(organisation.kind for organisation in synthetic.published())
    assert kinds[Kind.HOSPITAL] == 3 and kinds[Kind.MIDWIFERY_PRACTICE] == 6
    assert set(kinds) == KINDS
    assert len({vsv for o in synthetic.published() if o.kind is Kind.HOSPITAL for vsv in o.vsv}) == 3


def test_maternity_home_care_crosses_the_regions() -> None:
    home_care = NETWORK.first(Kind.MATERNITY_HOME_CARE)
    assert home_care and len(home_care.vsv) == 3
    regions = {o.region for o in NETWORK.of_kind(Kind.HOSPITAL)}
    assert len(regions) > 1 and home_care.region not in regions


def test_every_special_case_of_the_domain_is_there(sixty: Written) -> None:
    assert {known.key for known in sixty.summary.special} >= {
        "rhesus_unknown", "secret_address", "male_client", "fifteen", "twins_one_stillborn", "relinquished",
        "hepatitis_b",
        "abortion_unknown_to_partner", "without_bsn", "objection", "no_consent", "withdrawn",
    }  # fmt: skip


def test_the_showcase_is_known_to_six_kinds_of_organisation_while_pregnant() -> None:
    found = special("showcase")
    dossiers = record(found, 7, TODAY, NETWORK)
    assert {d.organisation.kind for d in dossiers} == KINDS
    assert len({id(d.course) for d in dossiers}) == 1 and not found.courses[0].over
    hospital = next(d for d in dossiers if d.organisation.kind is Kind.HOSPITAL)
    practice = next(d for d in dossiers if d.organisation.kind is Kind.MIDWIFERY_PRACTICE)
    noted = {(fact.key, fact.value, fact.when) for fact in practice.facts}
    taken = [fact for fact in hospital.facts if (fact.key, fact.value, fact.when) in noted]
    assert any(fact.laboratory for fact in taken), "a duplicate: the laboratory sent it to both"
    assert any(fact.made_by is practice.organisation for fact in taken), "a copy"
    due = {fact.value for d in (practice, hospital) for fact in d.facts_of("due_definitive")}
    assert len(due) == 2, "a conflict"
    late = [f for d in dossiers for f in d.facts_of("hb") if f.when and found.courses[0].gestation(f.when) > 180]
    assert late == [], "a gap: no Hb around 27 weeks"


def test_the_stillborn_twin_and_the_living_one_are_told_apart() -> None:
    children = special("twins_one_stillborn").courses[-1].children
    assert [child.alive for child in children] == [True, False] and children[1].stillborn


def test_nothing_is_known_of_the_blood_of_her_who_came_in_labour() -> None:
    dossiers = record(special("rhesus_unknown"), 7, TODAY, NETWORK)
    assert dossiers
    assert [f for d in dossiers for f in d.facts if f.key in ("blood_group", "rhesus_d", "rhesus_c")] == []


def test_the_secret_address_is_in_no_record(sixty: Written) -> None:
    woman = special("secret_address").woman
    records = [p for p in sixty.files(".xml", ".json") if f"{woman.index:06d}-" in p.name]
    assert records
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert f"{woman.street} {woman.house}" not in text and woman.phone not in text
        assert woman.postcode not in text


def test_the_male_client_is_registered_as_a_man_and_called_by_his_name() -> None:
    woman = special("male_client").woman
    assert woman.sex == "M" and woman.called == "Sem" and woman.display == "Sem Anders"


def test_the_fifteen_year_old_is_fifteen() -> None:
    assert (TODAY - special("fifteen").woman.born).days // 365 == 15


def test_an_earlier_abortion_counts_in_gravidity_only() -> None:
    course = special("abortion_unknown_to_partner").courses[-1]
    assert course.gravidity > course.parity + 1


def test_children_of_a_carrier_of_hepatitis_b_had_immunoglobulin_and_vaccine() -> None:
    acts = {act.code for d in record(special("hepatitis_b"), 7, TODAY, NETWORK) for act in d.acts}
    assert {"act.hbig", "act.hepb_vaccine"} <= acts


def test_uptake_is_not_complete_and_refusals_are_noted() -> None:
    choices = Counter(
        (test, choice) for c in synthetic.region(800, 5, TODAY) for course in c.courses
        for test, choice in course.choices.items()
    )  # fmt: skip
    for test in ("nipt", "scan13", "scan20"):
        assert {choice for name, choice in choices if name == test} >= {"done", "declined", "not_offered", "unknown"}
    assert choices["nipt", "does_not_want_to_know"]


def test_there_are_transfers_locums_and_changes_of_case_manager() -> None:
    dossiers = [d for c in synthetic.region(400, 5, TODAY) for d in record(c, 5, TODAY, NETWORK)]
    assert any(d.course and d.course.referred_in_labour for d in dossiers)
    assert any(e.by is not d.manager for d in dossiers for e in d.encounters)
    assert any(len(d.managers) > 1 for d in dossiers)
    assert any(d.course is None for d in dossiers), "preconception care"
    assert any(d.course and d.course.outcome == "miscarriage" for d in dossiers)


# Its numbers


def test_every_bsn_is_a_test_number_and_nobody_shares_one(sixty: Written) -> None:
    women = [c.woman.bsn for c in synthetic.region(1500, 5, TODAY) if c.woman.bsn]
    children = [
        child.bsn for c in synthetic.region(1500, 5, TODAY) for k in c.courses for child in k.children if child.bsn
    ]
    assert len(set(women + children)) == len(women + children)
    assert all(bsn.startswith("9999") and passes_eleven_check(bsn) for bsn in women + children)
    assert sixty.summary.bsns_outside_test_range == 0


def test_numbers_of_published_examples_are_left_free() -> None:
    women = {c.woman.bsn for c in synthetic.region(60, 5, TODAY)}
    assert not women & {"999900730", "999900717"}


def test_a_region_larger_than_the_test_range_says_so() -> None:
    """About 9,000 numbers of 9999xxxxx pass the eleven-check."""
    last = client(9500, 9600, 5, TODAY, NETWORK).woman.bsn
    assert last is not None and last.startswith("9998") and passes_eleven_check(last)


def test_the_summary_does_not_show_a_bsn_when_it_is_printed(sixty: Written) -> None:
    assert "9999" not in repr(sixty.summary)


# Its folders


def test_each_organisation_says_who_it_is_and_who_works_there(sixty: Written) -> None:
    for organisation in synthetic.published():
        told = tomllib.loads((sixty.folder / organisation.key / "organisation.toml").read_text(encoding="utf-8"))
        assert (told["name"], told["ura"], Kind(told["kind"])) == (
            organisation.name,
            organisation.ura,
            organisation.kind,
        )
        assert [person["name"] for person in told["staff"]] == [person.name for person in organisation.staff]
        assert sixty.summary.records[organisation.key] == len(list((sixty.folder / organisation.key).glob("*-*")))


def test_organisations_keep_records_in_formats_of_their_own(sixty: Written) -> None:
    assert sum(1 for _ in sixty.ada()) > 20
    assert {path.suffix for path in sixty.stu3()} == {".xml", ".json"}


def test_everybody_with_a_bsn_is_listed_with_her_number_and_enrolment(sixty: Written) -> None:
    for organisation in synthetic.published():
        told = tomllib.loads((sixty.folder / organisation.key / "organisation.toml").read_text(encoding="utf-8"))
        enrolled = {row["patient"] for row in told.get("enrolment", ())}
        assert {patient for patient in told["bsn"] if patient.startswith("V")} <= enrolled
        assert all(dt.date.fromisoformat(row["start"]) <= TODAY for row in told.get("enrolment", ()))


def test_consents_are_given_refused_withdrawn_and_absent(sixty: Written) -> None:
    folders = [tomllib.loads(path.read_text(encoding="utf-8")) for path in sixty.folder.glob("*/organisation.toml")]
    rows = [row for folder in folders for row in folder.get("consent", ())]
    # A yes is taken down by the organisation whose records it is about.
    assert all(row["holder"] == f"ura:{f['ura']}" for f in folders for row in f.get("consent", ()) if row["permit"])
    by = {known.key: [row for row in rows if row["bsn"] == known.bsn] for known in sixty.summary.special}
    assert all(row["permit"] for row in by["showcase"])
    here = [row["groups"] for row in by["showcase"] if row["holder"] == by["showcase"][0]["holder"]]
    assert here == [["*"], ["hiv-sti", "genetics"], ["hiv-sti", "genetics"]]
    assert len({row["holder"] for row in by["showcase"]}) == 6
    assert (True, "*") in [(row["permit"], row["actor"]) for row in by["objection"]]
    assert (False, "ura:90000101") in [(row["permit"], row["actor"]) for row in by["objection"]]
    assert by["no_consent"] == [] and by["without_bsn"] == []
    assert dt.datetime.fromisoformat(by["withdrawn"][0]["end"]).date() == TODAY - dt.timedelta(days=1)


def test_a_large_region_has_tables_beside_the_toml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MANY", 50)
    synthetic.write(tmp_path / "many", 60, 7, TODAY)
    folder = tmp_path / "many" / "vkp-zonnewende"
    with (folder / "consents.csv").open(encoding="utf-8") as file:
        assert set(next(csv.DictReader(file))) == {"bsn", "permit", "actor", "holder", "groups", "start", "end"}
    assert "consent" not in tomllib.loads((folder / "organisation.toml").read_text(encoding="utf-8"))


def test_midwives_and_hospital_staff_have_clients_today(sixty: Written) -> None:
    for organisation in synthetic.published():
        if organisation.kind in (Kind.MIDWIFERY_PRACTICE, Kind.HOSPITAL):
            assert sixty.summary.expected_today[organisation.key] > 0, organisation.key


def test_the_diary_is_of_today_and_the_two_weeks_after(sixty: Written) -> None:
    for path in sixty.folder.glob("*/appointments.csv"):
        with path.open(encoding="utf-8") as file:
            days = [dt.date.fromisoformat(row["start"][:10]) for row in csv.DictReader(file)]
        assert all(TODAY <= day <= TODAY + dt.timedelta(days=14) for day in days)


# Made again


def test_the_same_seed_and_day_give_the_same_bytes(sixty: Written, tmp_path: Path) -> None:
    synthetic.write(tmp_path / "again", 60, 7, TODAY)
    assert digest(tmp_path / "again") == digest(sixty.folder)


def test_the_number_of_processes_makes_no_difference(
    sixty: Written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "_SMALL", 30)
    synthetic.write(tmp_path / "two", 60, 7, TODAY, workers=2)
    assert digest(tmp_path / "two") == digest(sixty.folder)


def test_another_seed_gives_another_region() -> None:
    women = [[c.woman.display for c in synthetic.region(60, seed, TODAY)] for seed in (7, 8)]
    assert women[0] != women[1]


def test_progress_is_told_up_to_the_last_woman(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    synthetic.write(tmp_path / "told", 40, 7, TODAY, progress=lambda done, of: told.append((done, of)))
    assert told == [(25, 40), (40, 40)]


def test_it_is_not_mixed_with_what_lay_there(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("mine")
    with pytest.raises(FileExistsError, match="not empty"):
        synthetic.write(tmp_path, 60, 7, TODAY)
    assert [path.name for path in tmp_path.iterdir()] == ["something"]


def test_fewer_women_than_special_cases_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="special cases"):
        synthetic.write(tmp_path / "few", 3, 7, TODAY)


def test_a_region_of_other_organisations_can_be_chosen(tmp_path: Path) -> None:
    fewer = [o for o in synthetic.published() if o.kind in (Kind.HOSPITAL, Kind.MIDWIFERY_PRACTICE)][1:]
    summary = synthetic.write(tmp_path / "fewer", 60, 7, TODAY, organisations=fewer)
    assert set(summary.records) == {o.key for o in fewer} == {path.name for path in (tmp_path / "fewer").iterdir()}


def test_a_region_without_a_hospital_is_refused(tmp_path: Path) -> None:
    practices = [o for o in synthetic.published() if o.kind is Kind.MIDWIFERY_PRACTICE]
    with pytest.raises(ValueError, match="hospital"):
        synthetic.write(tmp_path / "none", 60, 7, TODAY, organisations=practices)
