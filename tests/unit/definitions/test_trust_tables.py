"""The tables of trust and audit: each column known, each code of ours, a citation with every row or block."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect import definitions
from babyconnect.birthcare.access import Purpose, Shielded
from babyconnect.birthcare.parties import OUTSIDE_CARE, Kind, Role

IN_CARE = [role for role in Role if role not in OUTSIDE_CARE]

MATRIX = [
    *("group", "name_nl", "spine", "referral"),
    *(f"kind.{kind}" for kind in Kind),
    *(f"role.{role}" for role in IN_CARE),
    *("version", "status", "valid_from", "valid_to", "citation"),
]


def test_the_role_matrix_has_a_column_per_kind_and_role_and_says_that_it_is_provisional() -> None:
    rows = definitions.rows("role_matrix")
    assert list(rows[0]) == MATRIX
    assert len({row["group"] for row in rows}) == len(rows) > 25
    for row in rows:
        assert row["status"] == "provisional" and row["citation"] and row["version"] and row["name_nl"]
        assert {row[name] for name in MATRIX if name.startswith(("kind.", "role.")) or name == "spine"} <= {"", "x"}
        dt.date.fromisoformat(row["valid_from"])


def test_no_data_group_has_the_name_of_a_shielded_group() -> None:
    assert not {row["group"] for row in definitions.rows("role_matrix")} & {group.value for group in Shielded}


def test_the_spine_is_visible_to_everybody_and_relevant_for_every_referral() -> None:
    for row in definitions.rows("role_matrix"):
        if row["spine"]:
            assert row["referral"] and all(row[name] for name in MATRIX if name.startswith(("kind.", "role.")))


def test_every_kind_of_organisation_has_people_and_every_role_an_organisation() -> None:
    rows = definitions.rows("asker_roles")
    assert {Kind(row["kind"]) for row in rows} == set(Kind)
    assert {Role(row["role"]) for row in rows} == set(IN_CARE)
    assert all(row["citation"] for row in rows)


def test_kinds_and_roles_have_names_and_citations_and_codes_are_not_shared() -> None:
    parties = definitions.document("parties.toml")
    assert set(parties["kind"]) == {kind.value for kind in Kind}
    assert set(parties["role"]) == {role.value for role in Role}
    codes = [code for kind in parties["kind"].values() for code in kind["codes"]]
    assert len(codes) == len(set(codes))
    assert all(block["name"] and block["citation"] for table in ("kind", "role") for block in parties[table].values())


def test_every_shielded_group_says_how_precise_a_consent_must_be_and_for_whom() -> None:
    groups = definitions.document("shielded.toml")["group"]
    assert set(groups) == {group.value for group in Shielded}
    for group in groups.values():
        assert group["actor"] in {"ura", "kind"} and group["citation"] and group["name"]
        assert {Role(role) for role in group["roles"]}


def test_every_purpose_says_whether_it_is_offered() -> None:
    purposes = definitions.document("purposes.toml")
    assert all(isinstance(purposes[purpose.value]["offered"], bool) for purpose in Purpose)
    assert all(purposes[purpose.value]["citation"] for purpose in Purpose)


@pytest.mark.parametrize("side", ["asker", "holder"])
def test_terms_of_evidence_are_days_and_cited(side: str) -> None:
    terms = definitions.document("relation_terms.toml")
    assert terms[side]["citation"] and terms["max_days"]["citation"]
    assert terms[side]["after_birth_days"] == 56 <= terms[side]["after_end_days"]
    assert all(days > 0 for basis, days in terms["max_days"].items() if basis != "citation")


def test_every_type_of_audit_event_has_what_r4_wants_and_a_citation() -> None:
    table = definitions.document("audit_events.toml")
    for row in table["type"].values():
        assert row["system"] in {"dicom", "rest"} and row["code"] and row["subtype"] and row["citation"]
        assert row["action"] in set("CRUDE")
    assert table["query"]["citation"]


def test_no_parameter_that_may_carry_an_identity_or_a_finding_is_kept_in_the_log() -> None:
    kept = set(definitions.document("audit_events.toml")["query"]["kept"])
    assert not kept & {"identifier", "name", "birthdate", "code", "value", "patient", "subject", "address", "phone"}


def test_reasons_are_whole_sentences() -> None:
    for code, row in definitions.document("reasons.toml").items():
        assert code == code.lower() and set(row) == {"nl", "en"} and row["nl"] != row["en"]
        assert all(sentence[0].isupper() and sentence.endswith(".") for sentence in row.values())


def test_whoever_acts_for_another_acts_for_a_role_that_needs_nobody_itself() -> None:
    rows = definitions.rows("delegation")
    acting = {Role(row["role"]) for row in rows}
    assert acting == {Role.RESIDENT, Role.STUDENT, Role.OUTPATIENT_CLERK, Role.LOCUM}
    assert all(Role(row["under"]) not in acting and row["citation"] for row in rows)


def test_breaking_the_glass_has_reasons_outcomes_channels_and_words_in_both_languages_each_cited() -> None:
    table = definitions.document("break_glass.toml")
    assert {Role(role) for role in table["roles"]} and table["citation"]
    assert 0 < table["longest_minutes"] <= 240 and 0 < table["review_days"] <= 31
    for block in ("reason", "outcome", "notice", "channel"):
        assert all(row["nl"] and row["en"] and row["citation"] for row in table[block].values())
    assert {"client", "holder"} == set(table["notice"]) and {"portal", "in_person", "none"} == set(table["channel"])


def test_every_reason_and_outcome_of_an_emergency_can_be_read_in_the_log() -> None:
    table, said = definitions.document("break_glass.toml"), definitions.document("reasons.toml")
    assert {*table["reason"], *table["outcome"]} <= set(said)


def test_the_more_specific_ranks_above_and_a_draw_is_a_no() -> None:
    table = definitions.document("precedence.toml")
    assert table["draw"] == "objection" and table["citation"]
    for who in ("actor", "holder"):
        assert table[who]["*"] < table[who]["kind"] < table[who]["ura"]


def test_every_basis_of_an_asker_says_how_far_it_is_checked() -> None:
    terms = definitions.document("relation_terms.toml")
    assert set(terms["asker"]["bases"]) == {basis for basis in terms["check"] if basis != "citation"}
    assert {terms["check"][basis] for basis in ("code", "locum")} == {"register"}
    assert all(Kind(kind) for basis, kinds in terms["kinds"].items() if basis != "citation" for kind in kinds)
