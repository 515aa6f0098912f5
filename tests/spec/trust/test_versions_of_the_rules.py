"""The rules of access as versions: read by a strict schema, never weaker than default deny, in force from a day."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from babyconnect.birthcare.access import Permit, Refused
from babyconnect.birthcare.parties import Kind, Role
from babyconnect.trust import policy
from babyconnect.trust.decision import decide
from babyconnect.trust.policies import Policies
from babyconnect.trust.policy import Invalid, Policy
from babyconnect.trust.rules import NOTHING, prepared, rules_on

from .people import EVERYONE, HOSPITAL, KRAAM, NOW, TODAY, asks, groups

DAY = dt.timedelta(days=1)
Document = dict[str, Any]


def document(**changes: Any) -> Document:
    built_in = policy.built_in(TODAY)
    assert built_in is not None
    return {**json.loads(policy.written(built_in)), "version": "region-1", **changes}


def content(change: Callable[[Document], object] = lambda document: None, **changes: Any) -> bytes:
    made = document(**changes)
    change(made)
    return json.dumps(made).encode()


@pytest.fixture
def policies(tmp_path: Path) -> Policies:
    return Policies(tmp_path / "rules")


def test_the_programs_own_rules_written_and_read_are_the_same_rules() -> None:
    read = policy.read(content(version=rules_on(TODAY).version))
    assert isinstance(read, Policy) and prepared(read) == rules_on(TODAY)


def weaken_spine(made: Document) -> None:
    next(row for row in made["groups"] if row["group"] == "history")["spine"] = True


def twice(made: Document) -> None:
    made["groups"].append(made["groups"][0])


def unchecked_code(made: Document) -> None:
    made["evidence"]["check"]["code"] = "claimed"


def endless_code(made: Document) -> None:
    del made["evidence"]["max_days"]["code"]


def shielded_left_out(made: Document) -> None:
    made["shielded"].pop()


def shielded_for_anyone(made: Document) -> None:
    made["shielded"][0]["actor"] = "*"


def chain(made: Document) -> None:
    made["delegation"][0]["under"] = [made["delegation"][1]["role"]]


def equal_ranks(made: Document) -> None:
    made["precedence"]["actor"]["ura"] = made["precedence"]["actor"]["kind"]


def no_citation(made: Document) -> None:
    made["groups"][0]["citation"] = ""


@pytest.mark.parametrize(
    "change",
    [
        *(weaken_spine, twice, unchecked_code, endless_code, shielded_left_out, shielded_for_anyone),
        *(chain, equal_ranks, no_citation),
        lambda made: made["precedence"].update(draw="permit"),
        lambda made: made.update(surprise=True),
        lambda made: made["groups"][0].update(group="everything"),
        lambda made: made["groups"][0].update(roles=["king"]),
        lambda made: made.update(version="../../etc/passwd"),
        lambda made: made.update(valid_from="2026-02-01", valid_to="2026-01-01"),
        lambda made: made["break_glass"].update(reasons=["curious"]),
        lambda made: made["evidence"]["asker"]["bases"].append("hearsay"),
        lambda made: made["people"].append({"kind": "hospital", "roles": ["employee"], "citation": "x"}),
        lambda made: made.pop("delegation"),
    ],
)
def test_what_would_weaken_the_rules_or_is_no_rule_is_not_kept(
    policies: Policies, change: Callable[[Document], object]
) -> None:
    outcome = policies.add(content(change), TODAY)
    assert isinstance(outcome, Invalid) and outcome.problems
    assert policies.versions() == ()


@pytest.mark.parametrize("rubbish", [b"", b"null", b"[]", b"\xff", b"{" * 10_000, b" " * 600_000])
def test_rubbish_is_no_document(policies: Policies, rubbish: bytes) -> None:
    assert isinstance(policies.add(rubbish, TODAY), Invalid)


def less_for_maternity_care(made: Document) -> None:
    row = next(row for row in made["groups"] if row["group"] == "allergies")
    row["kinds"].remove("maternity_home_care")


def test_a_version_holds_from_its_day_and_every_decision_names_it(policies: Policies) -> None:
    assert isinstance(policies.add(content(less_for_maternity_care), TODAY), Policy)
    assert policies.on(TODAY) == rules_on(TODAY), "uploading changes nothing"
    assert policies.activate("region-1", TODAY + DAY, "admin", NOW, TODAY) is None
    before, after = (decide(asks(KRAAM, EVERYONE), policies.on(day)) for day in (TODAY, TODAY + DAY))
    assert "allergies" in groups(before) and before.version == rules_on(TODAY).version
    assert "allergies" not in groups(after) and after.version == "region-1"


def test_the_last_decision_about_a_day_holds_and_the_programs_own_can_come_back(policies: Policies) -> None:
    for version in ("region-1", "region-2"):
        policies.add(content(version=version), TODAY)
        policies.activate(version, TODAY, "admin", NOW, TODAY)
    assert policies.on(TODAY).version == "region-2"
    policies.activate("", TODAY + DAY, "admin", NOW, TODAY)
    assert policies.on(TODAY + DAY) == rules_on(TODAY + DAY)
    assert [one.version for one in policies.activations() or ()] == ["region-1", "region-2", ""]


def test_the_past_cannot_be_changed_and_a_version_is_used_once(policies: Policies) -> None:
    policies.add(content(), TODAY)
    assert policies.add(content(less_for_maternity_care), TODAY) == "exists"
    assert policies.add(content(version=rules_on(TODAY).version), TODAY) == "own"
    assert policies.activate("region-1", TODAY - DAY, "admin", NOW, TODAY) == "past"
    assert policies.activate("unheard-of", TODAY, "admin", NOW, TODAY) == "unknown"
    assert policies.activate("../activations", TODAY, "admin", NOW, TODAY) == "unknown"


def test_rules_that_are_not_valid_on_the_day_are_not_activated(policies: Policies) -> None:
    policies.add(content(valid_from="2026-01-01", valid_to=str(TODAY)), TODAY)
    assert policies.activate("region-1", TODAY + DAY, "admin", NOW, TODAY) == "unknown"


def test_when_their_period_is_over_and_nothing_follows_everybody_is_refused(policies: Policies) -> None:
    policies.add(content(valid_to=str(TODAY)), TODAY)
    policies.activate("region-1", TODAY, "admin", NOW, TODAY)
    assert isinstance(decide(asks(HOSPITAL, EVERYONE), policies.on(TODAY)), Permit)
    assert decide(asks(HOSPITAL, EVERYONE), policies.on(TODAY + DAY)) == Refused(("rules_missing",))


@pytest.mark.parametrize("damage", ["gone", "rubbish", "edited", "list"])
def test_damaged_rules_are_no_rules(policies: Policies, tmp_path: Path, damage: str) -> None:
    policies.add(content(less_for_maternity_care), TODAY)
    policies.activate("region-1", TODAY, "admin", NOW, TODAY)
    file = tmp_path / "rules" / "region-1.json"
    if damage == "gone":
        file.unlink()
    elif damage == "rubbish":
        file.write_bytes(b"{}")
    elif damage == "edited":
        file.write_bytes(content())
    else:
        (tmp_path / "rules" / "activations.json").write_bytes(b"[{]")
    fresh = Policies(tmp_path / "rules")
    assert fresh.on(TODAY) == NOTHING
    assert decide(asks(HOSPITAL, EVERYONE), fresh.on(TODAY)) == Refused(("rules_missing",))


def test_a_version_can_add_a_role_to_a_kind_of_organisation_without_code(policies: Policies) -> None:
    def nurses_in_practices(made: Document) -> None:
        next(row for row in made["people"] if row["kind"] == "midwifery_practice")["roles"].append("nurse")

    policies.add(content(nurses_in_practices), TODAY)
    policies.activate("region-1", TODAY, "admin", NOW, TODAY)
    assert (Kind.MIDWIFERY_PRACTICE, Role.NURSE) in policies.on(TODAY).visible
