"""Who may see what: the decision, one sentence per rule (domain §4)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest

from babyconnect.birthcare.access import (
    CONSULT_SCOPE,
    Consent,
    Decision,
    Emergency,
    EmergencyTerms,
    Permit,
    Purpose,
    Refused,
    Relation,
    Shielded,
)
from babyconnect.birthcare.parties import Kind, Responsible, Role
from babyconnect.trust import reasons, relation
from babyconnect.trust.decision import decide, may_know
from babyconnect.trust.rules import NOTHING, data_groups, rules_on

from .people import (
    ECHO,
    EVERYONE,
    GP,
    HELD_EPISODE,
    HOSPITAL,
    JGZ,
    KRAAM,
    NOW,
    OTHER_PRACTICE,
    OWN_EPISODE,
    PHARMACY,
    PRACTICE,
    TODAY,
    asks,
    decided,
    groups,
    kind,
    no,
    shielded,
    ura,
    yes,
)

DAY = dt.timedelta(days=1)


def why(decision: object) -> tuple[str, ...]:
    assert isinstance(decision, Permit | Refused)
    return decision.reasons


class TestWithoutAnything:
    def test_without_consent_or_referral_nothing_is_shown(self) -> None:
        assert decided(HOSPITAL) == Refused(("no_legal_basis",))

    def test_with_consent_the_hospital_sees_every_group_and_the_basis_is_explicit(self) -> None:
        decision = decided(HOSPITAL, EVERYONE)
        assert groups(decision) == data_groups()
        assert isinstance(decision, Permit) and decision.legal_basis == "explicit"

    def test_what_is_permitted_is_bound_to_this_client(self) -> None:
        decision = decided(HOSPITAL, EVERYONE)
        assert isinstance(decision, Permit) and decision.filter.client == "client-1"


class TestRoles:
    def test_midwife_and_hospital_see_all_groups(self) -> None:
        assert groups(decided(OTHER_PRACTICE, EVERYONE)) == data_groups()

    def test_the_ultrasound_centre_sees_core_scans_history_and_referral(self) -> None:
        seen = groups(decided(ECHO, EVERYONE))
        assert {"pregnancy", "ultrasound", "ultrasound_media", "history", "referral"} <= seen
        assert not seen & {"psychosocial", "maternal_lab", "delivery", "child", "postpartum_week", "medication"}

    def test_maternity_home_care_sees_all_but_media_and_hospital_detail(self) -> None:
        seen = groups(decided(KRAAM, EVERYONE))
        assert data_groups() - seen == {"ultrasound_media", "hospital_examination", "ctg"}

    def test_youth_health_care_sees_delivery_child_postpartum_week_and_family_assessment(self) -> None:
        seen = groups(decided(JGZ, EVERYONE))
        assert seen == {
            *("patient", "provider", "episode", "woman"),
            *("delivery", "child", "postpartum_week", "family_assessment"),
        }

    def test_general_practitioner_and_paediatrician_see_the_same_part(self) -> None:
        seen = groups(decided(GP, EVERYONE))
        assert {"pregnancy", "delivery", "child", "problems", "medication", "allergies"} <= seen
        assert not seen & {"psychosocial", "ultrasound", "maternity_care_intake"}
        assert groups(decided(HOSPITAL, EVERYONE, role=Role.PAEDIATRICIAN)) == seen

    def test_a_pharmacy_sees_that_she_is_pregnant_her_allergies_and_her_medicines(self) -> None:
        assert groups(decided(PHARMACY, EVERYONE)) == {
            *("patient", "provider", "episode", "woman"),
            *("pregnancy", "allergies", "medication"),
        }

    def test_a_person_sees_no_more_than_the_organisation_does(self) -> None:
        in_hospital = groups(decided(HOSPITAL, EVERYONE, role=Role.NURSE))
        in_youth_care = groups(decided(JGZ, EVERYONE, role=Role.NURSE))
        assert in_youth_care == groups(decided(JGZ, EVERYONE)) < in_hospital

    @pytest.mark.parametrize("role", [Role.GYNAECOLOGIST, Role.PAEDIATRICIAN, Role.GENERAL_PRACTITIONER])
    def test_a_role_that_does_not_fit_the_kind_of_organisation_sees_nothing(self, role: Role) -> None:
        assert decided(KRAAM, EVERYONE, role=role) == Refused(("role_not_believable",))

    def test_before_the_tables_were_in_force_nothing_is_shown(self) -> None:
        early = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
        assert isinstance(decide(asks(HOSPITAL, EVERYONE, at=early)), Refused)


class TestConsent:
    def test_an_objection_against_one_organisation_holds_against_a_yes_to_its_kind(self) -> None:
        said = (yes(kind(Kind.HOSPITAL)), no(ura(HOSPITAL)))
        assert decided(HOSPITAL, *said) == Refused(("objection",))

    def test_a_yes_to_one_organisation_holds_against_a_no_to_its_kind(self) -> None:
        said = (no(kind(Kind.MATERNITY_HOME_CARE)), yes(ura(KRAAM)))
        assert "delivery" in groups(decided(KRAAM, *said))

    def test_a_kind_is_more_specific_than_everyone(self) -> None:
        said = (EVERYONE, no(kind(Kind.GENERAL_PRACTITIONER)))
        assert decided(GP, *said) == Refused(("objection",))
        assert groups(decided(HOSPITAL, *said)) == data_groups()

    def test_at_equal_specificity_the_objection_wins(self) -> None:
        assert decided(HOSPITAL, yes(ura(HOSPITAL)), no(ura(HOSPITAL))) == Refused(("objection",))

    def test_a_no_to_one_group_leaves_the_others(self) -> None:
        seen = groups(decided(HOSPITAL, EVERYONE, no("*", "psychosocial")))
        assert seen == data_groups() - {"psychosocial"}

    def test_a_yes_to_one_group_opens_that_group_and_who_it_is_about(self) -> None:
        seen = groups(decided(HOSPITAL, yes(ura(HOSPITAL), "allergies")))
        assert seen == {"allergies", "patient", "provider", "episode"}

    def test_her_no_to_allergies_holds(self) -> None:
        assert "allergies" not in groups(decided(HOSPITAL, EVERYONE, no("*", "allergies")))

    def test_a_no_about_one_holder_leaves_other_holders(self) -> None:
        said = (EVERYONE, no("*", holder=ura(PRACTICE)))
        assert decided(HOSPITAL, *said) == Refused(("objection",))
        assert groups(decided(HOSPITAL, *said, holder=OTHER_PRACTICE)) == data_groups()

    def test_a_no_to_a_group_for_everyone_is_not_undone_by_a_yes_to_an_organisation_for_everything(self) -> None:
        seen = groups(decided(HOSPITAL, yes(ura(HOSPITAL)), no("*", "psychosocial")))
        assert "psychosocial" not in seen and "history" in seen

    def test_a_consent_holds_from_its_start_until_its_end(self) -> None:
        said = yes("*", start=NOW - DAY, end=NOW)
        assert decided(HOSPITAL, said, at=NOW - DAY / 2) != Refused(("no_legal_basis",))
        assert decided(HOSPITAL, said, at=NOW) == Refused(("no_legal_basis",))
        assert decided(HOSPITAL, said, at=NOW - 2 * DAY) == Refused(("no_legal_basis",))

    def test_a_consent_for_somebody_else_opens_nothing(self) -> None:
        assert decided(HOSPITAL, yes(ura(KRAAM)), yes(kind(Kind.ULTRASOUND_CENTRE))) == Refused(("no_legal_basis",))

    def test_the_spine_alone_is_nothing_to_show(self) -> None:
        assert decided(HOSPITAL, yes("*", "patient", "episode")) == Refused(("no_legal_basis",))

    def test_the_spine_does_not_go_along_when_she_said_no_to_it_by_name(self) -> None:
        assert "provider" not in groups(decided(HOSPITAL, EVERYONE, no("*", "provider")))


class TestReferral:
    SENT = relation.referral("ReferralRequest/r1", TODAY - 10 * DAY)
    CAME = relation.announcement("ReferralRequest/r1", TODAY - 10 * DAY)

    def test_a_referral_that_both_sides_name_suffices_for_relevant_data(self) -> None:
        decision = decided(HOSPITAL, evidence=(self.CAME,), held=(HELD_EPISODE, self.SENT), verified=(self.CAME,))
        assert isinstance(decision, Permit) and decision.legal_basis == "referral"
        assert groups(decision) == rules_on(TODAY).relevant
        assert "psychosocial" not in groups(decision)

    def test_a_referral_that_only_one_side_knows_proves_nothing(self) -> None:
        other = relation.referral("ReferralRequest/r2", TODAY)
        assert decided(HOSPITAL, evidence=(other,), held=(self.SENT,)) == Refused(("evidence_unverified",))
        elsewhere = decided(HOSPITAL, evidence=(other,), held=(self.SENT,), verified=(other,))
        assert elsewhere == Refused(("no_legal_basis",)), "another's referral is a relationship and no legal basis here"
        assert decided(HOSPITAL, held=(self.SENT,)) == Refused(("no_legal_basis",))

    def test_an_episode_that_bears_the_number_of_a_referral_is_no_referral(self) -> None:
        episode = Relation("episode", "ReferralRequest/r1", TODAY)
        assert decided(HOSPITAL, evidence=(episode,), held=(self.SENT,)) == Refused(("no_legal_basis",))

    def test_her_objection_holds_against_a_referral(self) -> None:
        decision = decided(HOSPITAL, no(ura(HOSPITAL)), evidence=(self.CAME,), held=(self.SENT,), verified=(self.CAME,))
        assert decision == Refused(("objection",))

    def test_her_objection_to_one_group_holds_against_a_referral(self) -> None:
        decision = decided(
            HOSPITAL, no("*", "history"), evidence=(self.CAME,), held=(self.SENT,), verified=(self.CAME,)
        )
        assert "history" not in groups(decision) and "pregnancy" in groups(decision)

    def test_a_referral_and_a_consent_together_open_what_either_opens(self) -> None:
        decision = decided(
            HOSPITAL, yes("*", "psychosocial"), evidence=(self.CAME,), held=(self.SENT,), verified=(self.CAME,)
        )
        assert groups(decision) == rules_on(TODAY).relevant | {"psychosocial"}
        assert isinstance(decision, Permit) and decision.legal_basis == "explicit"


class TestTreatmentRelationship:
    def test_without_evidence_of_the_asker_nothing_is_shown(self) -> None:
        assert decided(HOSPITAL, EVERYONE, evidence=()) == Refused(("no_asker_relation",))

    def test_without_evidence_of_the_holder_nothing_is_shown(self) -> None:
        assert decided(HOSPITAL, EVERYONE, held=()) == Refused(("no_holder_relation",))

    def test_evidence_that_ended_yesterday_is_none(self) -> None:
        ended = Relation("episode", "EpisodeOfCare/old", TODAY - 100 * DAY, TODAY - DAY)
        assert decided(HOSPITAL, EVERYONE, evidence=(ended,)) == Refused(("no_asker_relation",))
        assert decided(HOSPITAL, EVERYONE, held=(ended,)) == Refused(("no_holder_relation",))

    def test_evidence_that_begins_tomorrow_is_none(self) -> None:
        coming = Relation("episode", "EpisodeOfCare/new", TODAY + DAY)
        assert decided(HOSPITAL, EVERYONE, evidence=(coming,)) == Refused(("no_asker_relation",))

    def test_the_last_day_counts_and_the_day_is_the_dutch_one(self) -> None:
        last = Relation("episode", "EpisodeOfCare/x", TODAY - DAY, TODAY)
        late = dt.datetime(2026, 6, 15, 21, 59, tzinfo=dt.UTC)  # 23:59 in Amsterdam
        assert isinstance(decided(HOSPITAL, EVERYONE, evidence=(last,), at=late), Permit)
        past = late + dt.timedelta(minutes=1)  # 00:00 on the 16th
        assert decided(HOSPITAL, EVERYONE, evidence=(last,), at=past) == Refused(("no_asker_relation",))

    @pytest.mark.parametrize("basis", ["announcement", "emergency_registration", "locum", "code"])
    def test_short_lived_evidence_is_evidence_for_the_asker(self, basis: str) -> None:
        shown = (Relation(basis, "x", TODAY),)
        assert isinstance(decided(HOSPITAL, EVERYONE, evidence=shown, verified=shown), Permit)

    @pytest.mark.parametrize("basis", ["announcement", "emergency_registration", "locum", "code"])
    def test_short_lived_evidence_does_not_outlive_its_term_whatever_end_is_claimed(self, basis: str) -> None:
        for start in (TODAY - 400 * DAY, None):
            claimed = Relation(basis, "x", start, TODAY + 400 * DAY)
            assert decided(HOSPITAL, EVERYONE, evidence=(claimed,)) == Refused(("no_asker_relation",))

    @pytest.mark.parametrize("basis", ["care_team", "hearsay", "", "break_glass"])
    def test_what_is_no_evidence_of_an_asker_opens_nothing(self, basis: str) -> None:
        claimed = Relation(basis, "x", TODAY)
        assert decided(HOSPITAL, EVERYONE, evidence=(claimed,)) == Refused(("no_asker_relation",))

    @pytest.mark.parametrize("basis", ["enrolment", "care_team", "referral"])
    def test_the_holder_may_know_her_otherwise_than_by_an_episode(self, basis: str) -> None:
        decision = decided(HOSPITAL, EVERYONE, held=(Relation(basis, "x", TODAY - DAY),), episodes=())
        assert isinstance(decision, Permit)


class TestEpisodes:
    def test_only_episodes_under_a_valid_relation_are_opened(self) -> None:
        old = Relation("episode", "EpisodeOfCare/e0", dt.date(2020, 1, 1), dt.date(2021, 1, 1))
        decision = decided(HOSPITAL, EVERYONE, held=(HELD_EPISODE, old), episodes=("e0", "e1"))
        assert isinstance(decision, Permit) and decision.filter.episodes == {"e1"}

    def test_evidence_about_the_client_as_a_whole_covers_all_her_episodes(self) -> None:
        enrolled = relation.enrolment("enrolment/1", dt.date(2019, 1, 1))
        decision = decided(HOSPITAL, EVERYONE, held=(enrolled,), episodes=("e0", "e1"))
        assert isinstance(decision, Permit) and decision.filter.episodes == {"e0", "e1"}

    def test_a_token_for_an_episode_that_is_not_covered_opens_nothing(self) -> None:
        assert decided(HOSPITAL, EVERYONE, episodes=("e9",)) == Refused(("no_episode",))


class TestShielded:
    def test_consent_to_everything_opens_no_shielded_group(self) -> None:
        for said in (EVERYONE, yes(ura(HOSPITAL))):
            assert shielded(decided(HOSPITAL, said)) == frozenset()

    def test_a_yes_that_names_it_opens_exactly_that_group(self) -> None:
        said = (EVERYONE, yes(kind(Kind.HOSPITAL), "genetics"))
        assert shielded(decided(HOSPITAL, *said)) == {"genetics"}

    @pytest.mark.parametrize("group", ["safety", "abortion"])
    def test_safety_and_abortion_want_a_yes_to_that_very_organisation(self, group: str) -> None:
        assert shielded(decided(HOSPITAL, EVERYONE, yes(kind(Kind.HOSPITAL), group))) == frozenset()
        assert shielded(decided(HOSPITAL, EVERYONE, yes("*", group))) == frozenset()
        assert shielded(decided(HOSPITAL, EVERYONE, yes(ura(HOSPITAL), group))) == {group}

    def test_safety_is_never_opened_outside_treating_professionals(self) -> None:
        for who in (KRAAM, ECHO):
            assert shielded(decided(who, EVERYONE, yes(ura(who), "safety"))) == frozenset()
        nurse = decided(HOSPITAL, EVERYONE, yes(ura(HOSPITAL), "safety"), role=Role.NURSE)
        assert shielded(nurse) == frozenset()

    def test_a_no_to_everything_also_closes_what_a_less_specific_yes_named(self) -> None:
        said = (yes(kind(Kind.HOSPITAL), "genetics"), yes(ura(HOSPITAL), "pregnancy"), no(ura(HOSPITAL)))
        assert shielded(decided(HOSPITAL, *said)) == frozenset()

    def test_a_referral_opens_no_shielded_group(self) -> None:
        came, sent = relation.announcement("r1", TODAY), relation.referral("r1", TODAY)
        decision = decided(HOSPITAL, evidence=(came,), held=(sent,), verified=(came,), episodes=())
        assert isinstance(decision, Permit) and shielded(decision) == frozenset()

    def test_with_a_referral_a_yes_that_names_it_still_counts_and_is_told(self) -> None:
        came, sent = relation.announcement("r1", TODAY), relation.referral("r1", TODAY)
        said = yes(ura(HOSPITAL), "genetics")
        decision = decided(HOSPITAL, said, evidence=(came,), held=(sent,), verified=(came,), episodes=())
        assert shielded(decision) == {"genetics"}
        assert why(decision)[:2] == ("provable_referral", "explicit_consent")

    def test_her_yes_to_a_shielded_group_opens_nothing_else(self) -> None:
        assert decided(HOSPITAL, yes(ura(HOSPITAL), "genetics")) == Refused(("no_legal_basis",))

    def test_no_reason_names_a_shielded_group(self) -> None:
        named = {"veiligheid", "geweld", "abortus", "zwangerschapsafbreking", "hiv", "soa", "psychisch", "middelen"}
        for code in reasons.codes():
            assert not any(word in reasons.sentence(code).lower() for word in named)


class TestWhatCanBeCheckedIsChecked:
    """`relation_terms.toml`: claimed is the asker's word, register confirmed there."""

    @pytest.mark.parametrize("basis", ["announcement", "referral", "locum", "code"])
    def test_what_could_be_confirmed_and_is_not_opens_nothing(self, basis: str) -> None:
        claimed = (Relation(basis, "x", TODAY),)
        assert decided(HOSPITAL, EVERYONE, evidence=claimed) == Refused(("evidence_unverified",))
        other = (Relation(basis, "y", TODAY),)
        assert decided(HOSPITAL, EVERYONE, evidence=claimed, verified=other) == Refused(("evidence_unverified",))

    @pytest.mark.parametrize("basis", ["announcement", "referral", "locum", "code"])
    def test_nothing_is_proved_by_what_the_holder_keeps_under_that_number(self, basis: str) -> None:
        kept = (HELD_EPISODE, relation.referral("x", TODAY))
        claimed = (Relation(basis, "x", TODAY),)
        assert decided(HOSPITAL, EVERYONE, evidence=claimed, held=kept) == Refused(("evidence_unverified",))

    def test_confirmed_evidence_that_is_over_or_withdrawn_is_no_evidence(self) -> None:
        claimed = (Relation("code", "c1", TODAY),)
        over = (Relation("code", "c1", TODAY - 2 * DAY, TODAY - DAY),)
        assert decided(HOSPITAL, EVERYONE, evidence=claimed, verified=over) == Refused(("evidence_unverified",))

    def test_evidence_that_is_bound_to_an_episode_opens_that_episode_only(self) -> None:
        claimed = (Relation("code", "c1", TODAY),)
        bound = (Relation("code", "c1", TODAY, None, "e1"),)
        held = (relation.enrolment("n1", None),)
        decision = decided(HOSPITAL, EVERYONE, evidence=claimed, verified=bound, held=held, episodes=("e0", "e1"))
        assert isinstance(decision, Permit) and decision.filter.episodes == {"e1"}
        elsewhere = decided(HOSPITAL, EVERYONE, evidence=claimed, verified=bound, held=held, episodes=("e0",))
        assert elsewhere == Refused(("no_episode",))

    def test_only_a_hospital_has_an_emergency_ward(self) -> None:
        ward = (relation.emergency_registration("seh/1", TODAY),)
        assert isinstance(decided(HOSPITAL, EVERYONE, evidence=ward), Permit)
        assert decided(KRAAM, EVERYONE, evidence=ward) == Refused(("evidence_unverified",))


class TestDelegation:
    """Who acts for another names that other, and sees what both may (`delegation.csv`)."""

    GYNAECOLOGIST = Responsible("person-9", Role.GYNAECOLOGIST)

    @pytest.mark.parametrize("role", [Role.RESIDENT, Role.STUDENT, Role.OUTPATIENT_CLERK, Role.LOCUM])
    def test_without_a_named_responsible_professional_it_is_refused(self, role: Role) -> None:
        assert decided(HOSPITAL, EVERYONE, role=role) == Refused(("responsible_missing",))
        nobody = Responsible("", Role.GYNAECOLOGIST)
        assert decided(HOSPITAL, EVERYONE, role=role, responsible=nobody) == Refused(("responsible_missing",))

    @pytest.mark.parametrize("role", [Role.RESIDENT, Role.STUDENT, Role.OUTPATIENT_CLERK, Role.LOCUM])
    def test_it_sees_no_more_than_either_of_both_and_says_so(self, role: Role) -> None:
        decision = decided(HOSPITAL, EVERYONE, role=role, responsible=self.GYNAECOLOGIST)
        rules = rules_on(TODAY)
        both = rules.visible[Kind.HOSPITAL, role] & rules.visible[Kind.HOSPITAL, Role.GYNAECOLOGIST]
        assert groups(decision) and groups(decision) <= both
        assert "under_responsibility" in why(decision)

    @pytest.mark.parametrize(
        "responsible",
        [
            Responsible("person-9", Role.NURSE),
            Responsible("person-9", Role.MIDWIFE),
            Responsible("person-9", Role.RESIDENT),
            Responsible("person-1", Role.GYNAECOLOGIST),
        ],
        ids=["cannot bear it", "works elsewhere", "acts for another itself", "is the asker"],
    )
    def test_not_everybody_can_be_responsible(self, responsible: Responsible) -> None:
        asked = decided(HOSPITAL, EVERYONE, role=Role.RESIDENT, responsible=responsible)
        assert asked == Refused(("responsible_not_believable",))

    def test_a_clerk_sees_who_and_when_and_nothing_clinical(self) -> None:
        decision = decided(HOSPITAL, EVERYONE, role=Role.OUTPATIENT_CLERK, responsible=self.GYNAECOLOGIST)
        assert groups(decision) == {"patient", "provider", "episode", "referral", "care_team"}

    def test_a_shielded_group_opens_only_when_both_may_act_on_it(self) -> None:
        said = (EVERYONE, yes(ura(HOSPITAL), "genetics", "safety"))
        resident = decided(HOSPITAL, *said, role=Role.RESIDENT, responsible=self.GYNAECOLOGIST)
        student = decided(HOSPITAL, *said, role=Role.STUDENT, responsible=self.GYNAECOLOGIST)
        assert shielded(resident) == {"genetics"} and shielded(student) == frozenset()


class TestBreakGlass:
    GLASS = Relation("break_glass", "emergency/1", TODAY)
    DECLARED = Emergency("life_threatening_mother")

    def asked(self, *consents: Consent, **situation: Any) -> Decision:
        given = {"evidence": (self.GLASS,), "emergency": self.DECLARED, **situation}
        return decided(HOSPITAL, *consents, purpose=Purpose.EMERGENCY, **given)

    def test_where_nothing_is_recorded_it_opens_the_record_on_the_ground_of_emergency(self) -> None:
        decision = self.asked()
        assert isinstance(decision, Permit) and decision.legal_basis == "emergency"
        assert groups(decision) == data_groups() and shielded(decision) == frozenset()

    def test_it_is_evidence_for_an_emergency_and_for_nothing_else(self) -> None:
        assert decided(HOSPITAL, EVERYONE, evidence=(self.GLASS,)) == Refused(("no_asker_relation",))

    def test_it_opens_no_shielded_group_also_not_one_she_named(self) -> None:
        decision = self.asked(EVERYONE, yes(ura(HOSPITAL), *(group.value for group in Shielded)))
        assert groups(decision) == data_groups() and shielded(decision) == frozenset()

    def test_an_explicit_objection_is_not_overridden(self) -> None:
        for confirmed in (False, True):
            declared = Emergency("unconscious", over_objection=confirmed)
            assert self.asked(no(ura(HOSPITAL)), emergency=declared) == Refused(("objection",))
            assert "history" not in groups(self.asked(no("*", "history"), emergency=declared))

    def test_it_is_where_the_holder_opted_in_and_the_asker_confirmed_twice(self) -> None:
        opted = EmergencyTerms(overrides_objection=True)
        once = self.asked(no(ura(HOSPITAL)), terms=opted)
        twice = self.asked(no(ura(HOSPITAL)), terms=opted, emergency=Emergency("unconscious", over_objection=True))
        assert once == Refused(("objection",))
        assert groups(twice) == data_groups() and why(twice) == ("emergency", "objection_overridden")
        assert shielded(twice) == frozenset()

    def test_it_wants_its_own_scope(self) -> None:
        assert self.asked(scopes=frozenset({CONSULT_SCOPE})) == Refused(("emergency_scope_missing",))

    @pytest.mark.parametrize("declared", [None, Emergency(""), Emergency("curious")])
    def test_it_wants_a_reason_of_the_table(self, declared: Emergency | None) -> None:
        assert self.asked(emergency=declared) == Refused(("emergency_reason_missing",))

    def test_not_every_role_may(self) -> None:
        student = Responsible("person-9", Role.GYNAECOLOGIST)
        asked = self.asked(role=Role.STUDENT, responsible=student)
        assert asked == Refused(("role_may_not_break_glass",))

    def test_it_needs_its_own_evidence_which_lasts_a_day(self) -> None:
        old = Relation("break_glass", "emergency/1", TODAY - 2 * DAY)
        for evidence in ((), (OWN_EPISODE,), (old,)):
            assert self.asked(evidence=evidence) == Refused(("emergency_without_evidence",))

    def test_it_is_over_after_the_minutes_that_the_holder_set(self) -> None:
        terms = EmergencyTerms(minutes=30)
        for minutes, allowed in ((29, True), (30, False)):
            decision = self.asked(terms=terms, declared=NOW - dt.timedelta(minutes=minutes))
            assert isinstance(decision, Permit) == allowed
        assert self.asked(terms=terms, declared=NOW - dt.timedelta(hours=1)) == Refused(("emergency_expired",))

    def test_a_holder_may_decide_not_to_answer_it(self) -> None:
        assert self.asked(terms=EmergencyTerms(answered=False)) == Refused(("emergency_not_answered",))

    def test_a_holder_without_a_relationship_with_her_has_nothing_to_open(self) -> None:
        assert self.asked(held=()) == Refused(("no_holder_relation",))

    def test_ones_own_record_in_an_emergency_counts_as_an_emergency(self) -> None:
        decision = decided(PRACTICE, purpose=Purpose.EMERGENCY, evidence=(self.GLASS,), emergency=self.DECLARED)
        assert isinstance(decision, Permit) and decision.legal_basis == "emergency"
        assert shielded(decision) == frozenset()

    def test_the_index_names_whom_she_did_not_forbid(self) -> None:
        asker = asks(HOSPITAL, purpose=Purpose.EMERGENCY, evidence=(self.GLASS,), emergency=self.DECLARED).asker
        holder = (PRACTICE, Kind.MIDWIFERY_PRACTICE)
        assert may_know(asker, (), NOW)(holder)
        assert not may_know(asker, (no("*"),), NOW)(holder)
        twice = replace(asker, emergency=Emergency("unconscious", over_objection=True))
        assert not may_know(twice, (no("*"),), NOW)(holder)
        assert may_know(twice, (no("*"),), NOW)(holder, overriding=True), "that holder opted in, and it was confirmed"
        assert not may_know(asker, (no("*"),), NOW)(holder, overriding=True), "confirmed once"
        assert not may_know(replace(asker, scopes=frozenset({CONSULT_SCOPE})), (), NOW)(holder)
        assert not may_know(replace(asker, emergency=None), (), NOW)(holder)


class TestVersion:
    def test_every_decision_names_the_version_of_the_rules(self) -> None:
        for decision in (decided(HOSPITAL, EVERYONE), decided(HOSPITAL), decided(KRAAM, role=Role.GYNAECOLOGIST)):
            assert decision.version == rules_on(TODAY).version != ""

    def test_without_rules_everything_is_refused(self) -> None:
        assert decide(asks(HOSPITAL, EVERYONE), NOTHING) == Refused(("rules_missing",))
        assert decide(asks(PRACTICE), NOTHING) == Refused(("rules_missing",))


class TestOwnRecord:
    def test_an_organisation_sees_its_own_record_without_consent(self) -> None:
        decision = decided(PRACTICE)
        assert isinstance(decision, Permit) and decision.legal_basis == "own"
        assert groups(decision) == data_groups()

    def test_what_it_shielded_itself_is_seen_by_those_of_its_people_who_may_act_on_it(self) -> None:
        assert shielded(decided(PRACTICE)) == frozenset(Shielded)

    def test_a_no_by_name_about_that_very_holder_closes_a_shielded_group_there_too(self) -> None:
        said = no("*", "mental-health", holder=ura(PRACTICE))
        assert shielded(decided(PRACTICE, said)) == frozenset(Shielded) - {"mental-health"}

    def test_also_its_own_record_only_with_a_treatment_relationship(self) -> None:
        assert decided(PRACTICE, held=()) == Refused(("no_holder_relation",))

    def test_what_she_said_about_exchange_does_not_close_it(self) -> None:
        for said in (no("*"), no(ura(PRACTICE)), no(kind(Kind.MIDWIFERY_PRACTICE), "history")):
            assert groups(decided(PRACTICE, said)) == data_groups()

    def test_an_objection_about_that_very_holder_holds_there_too(self) -> None:
        assert decided(PRACTICE, no(ura(PRACTICE), holder=ura(PRACTICE))) == Refused(("objection",))


class TestLocalisation:
    def test_an_asker_may_know_of_a_holder_only_where_she_said_yes(self) -> None:
        asker = asks(HOSPITAL).asker
        holder = (PRACTICE, Kind.MIDWIFERY_PRACTICE)
        assert not may_know(asker, (), NOW)(holder)
        assert may_know(asker, (EVERYONE,), NOW)(holder)
        assert not may_know(asker, (EVERYONE, no("*", holder=ura(PRACTICE))), NOW)(holder)
        assert not may_know(asker, (yes("*", "patient"),), NOW)(holder)
        assert not may_know(asker, (yes("*", "abortion"),), NOW)(holder)

    @pytest.mark.parametrize("evidence", [(), (relation.enrolment("e", None, TODAY - DAY),)], ids=["none", "ended"])
    def test_an_asker_who_does_not_treat_her_knows_of_nobody(self, evidence: tuple[Relation, ...]) -> None:
        asker = asks(HOSPITAL, evidence=evidence).asker
        assert not may_know(asker, (EVERYONE,), NOW)((PRACTICE, Kind.MIDWIFERY_PRACTICE))
        assert may_know(asker, (), NOW)((HOSPITAL, Kind.HOSPITAL)), "what it registered itself tells it nothing"

    def test_whoever_it_was_referred_by_may_be_known_unless_she_objected(self) -> None:
        asker, holder = asks(HOSPITAL).asker, (PRACTICE, Kind.MIDWIFERY_PRACTICE)
        assert may_know(asker, (), NOW)(holder, referred=True)
        assert not may_know(asker, (no(ura(HOSPITAL)),), NOW)(holder, referred=True)

    def test_what_may_be_known_is_what_may_be_seen(self) -> None:
        said = (EVERYONE, no(kind(Kind.ULTRASOUND_CENTRE)))
        for who in (HOSPITAL, ECHO, KRAAM, JGZ, GP):
            asked = asks(who, *said)
            known = may_know(asked.asker, said, NOW)((PRACTICE, Kind.MIDWIFERY_PRACTICE))
            assert known == isinstance(decide(asked), Permit)


def test_a_moment_without_a_time_zone_is_a_fault_and_no_decision() -> None:
    with pytest.raises(ValueError, match="time zone"):
        decided(HOSPITAL, EVERYONE, at=NOW.replace(tzinfo=None))


def test_every_reason_has_a_sentence() -> None:
    seen = {
        *why(decided(HOSPITAL)),
        *why(decided(HOSPITAL, EVERYONE)),
        *why(decided(HOSPITAL, EVERYONE, no("*", "history"))),
        *why(decided(HOSPITAL, no("*"))),
        *why(decided(HOSPITAL, EVERYONE, evidence=())),
        *why(decided(HOSPITAL, EVERYONE, held=())),
        *why(decided(HOSPITAL, EVERYONE, episodes=("e9",))),
        *why(decided(KRAAM, EVERYONE, role=Role.GYNAECOLOGIST)),
        *why(decided(HOSPITAL, purpose=Purpose.EMERGENCY)),
        *why(decided(PRACTICE)),
        *why(decided(HOSPITAL, EVERYONE, role=Role.RESIDENT)),
        *why(decided(HOSPITAL, EVERYONE, evidence=(Relation("code", "x", TODAY),))),
    }
    assert seen <= reasons.codes()
    assert len(seen) == 12
    assert OWN_EPISODE.reference not in "".join(seen)
