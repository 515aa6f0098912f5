"""Overlaps, copies, conflicts and gaps occur at the rates that `assumptions.csv` states, within chance."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import pytest

from babyconnect.birthcare.parties import Kind
from babyconnect.synthetic import published, region
from babyconnect.synthetic.dossier import Dossier
from babyconnect.synthetic.figures import assumption
from babyconnect.synthetic.organisations import Network
from babyconnect.synthetic.population import Client
from babyconnect.synthetic.recording import record
from tests.support.synthetic_region import TODAY

FIRST_BLOODS = ("blood_group", "rhesus_d", "rhesus_c", "hbsag", "hiv", "syphilis")


class Shared(NamedTuple):
    """A pregnancy that a practice handed over to a hospital before labour, with what both recorded."""

    practice: Dossier
    hospital: Dossier


class Region(NamedTuple):
    clients: list[tuple[Client, list[Dossier]]]
    shared: list[Shared]


@pytest.fixture(scope="module")
def recorded() -> Region:
    network = Network(published())
    clients = [(c, record(c, 31, TODAY, network)) for c in region(3000, 31, TODAY) if not c.woman.key]
    shared = []
    for client, dossiers in clients:
        of = {d.organisation.kind: d for d in dossiers if client.courses and d.course is client.courses[-1]}
        practice, hospital = of.get(Kind.MIDWIFERY_PRACTICE), of.get(Kind.HOSPITAL)
        if practice and hospital and practice.course and practice.course.referred_day:
            shared.append(Shared(practice, hospital))
    return Region(clients, shared)


def check(key: str, told: Iterable[bool]) -> None:
    """The share of these that is so is the assumed one, within three standard errors."""
    values = list(told)
    rate, expected = sum(values) / len(values), assumption(key)
    assert abs(rate - expected) <= 3 * math.sqrt(expected * (1 - expected) / len(values)), (
        f"{key}: {rate} of {len(values)}"
    )


def test_results_reach_the_hospital_from_the_laboratory_or_by_retyping(recorded: Region) -> None:
    having = [s for s in recorded.shared if s.practice.facts_of("blood_group")]
    check("lab_retyped", (any(f.made_by for f in s.hospital.facts_of(*FIRST_BLOODS)) for s in having))
    sent = [s for s in having if any(f.laboratory for f in s.hospital.facts_of("hiv"))]
    both = [s for s in sent if s.hospital.facts_of("hiv")[0].laboratory == s.practice.facts_of("hiv")[0].laboratory]
    check("lab_sent_to_both", (s in both for s in having))


def test_a_hospital_keeps_another_due_date_or_counts_otherwise_now_and_then(recorded: Region) -> None:
    dated = [s for s in recorded.shared if all(d.facts_of("due_definitive") for d in s)]
    check("conflict.due_date", (len({d.facts_of("due_definitive")[0].value for d in s}) == 2 for s in dated))
    check("conflict.parity", (s.practice.parity != s.hospital.parity for s in recorded.shared))


def test_a_result_is_seldom_retyped_wrong(recorded: Region) -> None:
    copied = [s for s in recorded.shared if s.practice.facts_of("blood_group") and s.hospital.facts_of("blood_group")]
    for key, fact in (("conflict.blood_group", "blood_group"), ("conflict.rhesus", "rhesus_d")):
        check(key, (len({d.facts_of(fact)[0].value for d in s}) == 2 for s in copied))


def test_some_checks_are_missing(recorded: Region) -> None:
    dossiers = [dossier for _, dossiers in recorded.clients for dossier in dossiers]
    checked = {(id(d), id(p.encounter)) for d in dossiers for p in d.pressures}
    visits = [(id(d), id(e)) for d in dossiers for e in d.encounters if e.type in ("contact.intake", "contact.consult")
              and d.organisation.kind in (Kind.MIDWIFERY_PRACTICE, Kind.HOSPITAL)]  # fmt: skip
    check("gap.blood_pressure", (visit not in checked for visit in visits))
    tested = [(d, d.facts_of("glucose")[0].when) for d in dossiers if d.facts_of("glucose")]
    check("gap.hb27", (all(fact.when != when for fact in d.facts_of("hb")) for d, when in tested))


def test_consents_and_objections_are_as_frequent(recorded: Region) -> None:
    asked = [client for client, _ in recorded.clients if client.woman.bsn]
    for kind in ("all", "none_recorded", "objection", "limited", "withdrawn"):
        check(f"consent.{kind}", (client.consent == kind for client in asked))


def test_not_everybody_has_a_bsn_an_address_and_a_partner(recorded: Region) -> None:
    women = [client.woman for client, _ in recorded.clients]
    check("without_bsn", (woman.bsn is None for woman in women))
    check("secret_address", (woman.secret_address for woman in women))
    check("without_partner", (not woman.partner for woman in women))
    check("chosen_name", (bool(woman.called) for woman in women))


def test_blood_is_distributed_as_stated(recorded: Region) -> None:
    women = [client.woman for client, _ in recorded.clients]
    check("rhesus_d_negative", (not woman.blood.rhesus_d for woman in women))
    check("rhesus_c_negative", (not woman.blood.rhesus_c for woman in women))
    for group in ("a", "b", "ab"):
        check(f"blood_group_{group}", (woman.blood.group == group for woman in women))
    typed = [f for _, dossiers in recorded.clients for d in dossiers for f in d.facts_of("fetal_rhesus_d")]
    check("rhesus_positive_child", (bool(fact.value) for fact in typed))
