"""`babyconnect demo --check` and its faults: the record appears, and says what it may say."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect.cli.demonstration.treating import treated, treating
from tests.spec.demo.conftest import Home

DEADLINE_SECONDS = 5.0
SLACK_SECONDS = 3.0


@pytest.fixture(scope="module")
def healthy(home: Home) -> dict[str, Any]:
    return home.check()


def statuses(outcome: dict[str, Any]) -> dict[str, str]:
    return {source["kind"]: source["status"] for source in outcome["sources"]}


def test_five_kinds_of_organisation_answer_for_one_client(healthy: dict[str, Any]) -> None:
    assert healthy["ok"] is True
    assert healthy["people"] == {"launched": True, "client": True}
    assert len({kind for kind, status in statuses(healthy).items() if status == "answered"}) >= 5


def test_at_least_two_organisations_contribute_to_one_pregnancy_and_her_child_is_there(healthy: dict[str, Any]) -> None:
    assert healthy["record"]["pregnancies"] >= 1
    assert healthy["record"]["children"] == 1
    assert healthy["record"]["items"] > 100
    assert healthy["record"]["duplicates_folded"] > 0


def test_every_answered_source_has_its_event_at_both_ends(healthy: dict[str, Any]) -> None:
    assert healthy["audit_events_match"] is True
    assert healthy["audit_events"] >= 2 * len(healthy["sources"])


def test_the_screen_of_a_midwife_says_that_it_is_complete(healthy: dict[str, Any]) -> None:
    assert healthy["screen"]["complete"] is True


def test_all_four_faults_at_once_leave_a_record_within_the_deadline(home: Home) -> None:
    outcome = home.check(
        "--fault", "zkh-meerdijk=slow:30", "--fault", "echo-ommelanden=rubbish",
        "--fault", "hap-de-linde=refuse", "--fault", "jgz-ommelanden=stop",
    )  # fmt: skip
    by_name = {source["organisation"]: source["status"] for source in outcome["sources"]}
    found = {home.plan.member(slug).name: slug for slug in (m.slug for m in home.plan.members)}
    by_slug = {found[name]: status for name, status in by_name.items()}
    assert by_slug["echo-ommelanden"] == "invalid"
    assert by_slug["hap-de-linde"] == "refused"
    assert by_slug["jgz-ommelanden"] == "unreachable"
    assert "answered" in by_slug.values()
    assert by_slug["zkh-meerdijk"] == "timed_out"
    assert outcome["screen"]["complete"] is True
    assert outcome["screen"]["seconds"] < DEADLINE_SECONDS + SLACK_SECONDS
    assert outcome["record"]["items"] > 50
    assert outcome["ok"] is False


def test_a_check_whose_own_node_is_stopped_still_says_how_it_went(home: Home) -> None:
    plan = home.plan
    outcome = home.check("--fault", f"{plan.showcase.member}=stop")
    assert outcome["ok"] is False
    assert outcome["screen"]["complete"] is False
    assert plan.member(plan.showcase.member).name in outcome["screen"]["fault"]


def test_the_list_of_clients_names_for_each_a_log_in_whose_organisation_treats_her(home: Home) -> None:
    plan = home.plan
    said = {client.name: (client, who) for client, who in treating(plan, treated(home.path, plan, dt.date.today()))}
    without, where = said["Selam Zondernummer"]
    assert where.endswith(f"onder Eigen cliënten, op naam en geboortedatum {without.born}")
    midwife = plan.member(plan.showcase.member).log_ins[0]
    assert said[plan.showcase.name][1].startswith(f"log in als {midwife.username} (")
    assert all(who.startswith("log in als ") for client, who in said.values() if client.bsn)
