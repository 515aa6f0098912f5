"""The tables that make of a record of birth care another record: complete, cited, and about what exists."""

from __future__ import annotations

import functools
import re

import pytest

from babyconnect.definitions import document, rows
from babyconnect.translate.recasting.conditions import CONDITIONS
from babyconnect.translate.recasting.transforms import TRANSFORMS

TABLES = ("kernset", "kernset_2.2", "neonatology", "jgz")
ROWS = [(table, row) for table in TABLES for row in rows(f"recasting/{table}")]


@functools.cache
def concepts() -> frozenset[str]:
    """Every path of names that a transaction of PWD 3.2 has."""
    found: set[str] = set()
    for name in ("basis", "kraam", "uitbreiding"):
        by: dict[str, dict[str, str]] = {}
        for row in rows(f"ada/{name}_structure"):
            by.setdefault(row["concept"], row)
        for row in by.values():
            names, here = [row["element"]], row
            while here["parent"] in by:
                here = by[here["parent"]]
                names.append(here["element"])
            found.add("/".join(reversed(names)))
    return frozenset(found)


def ends(path: str) -> frozenset[str]:
    """The names that must follow each other somewhere: what lies after the last step that goes elsewhere."""
    cut = re.split(r"@\w+/?|->/?|\.\./?", path.replace("<", "").replace(".", "/") if "<" in path else path)
    return frozenset(part.strip("/") for part in cut if part.strip("/"))


@pytest.mark.parametrize("table", TABLES)
def test_every_row_says_where_its_value_comes_from_or_why_there_is_none(table: str) -> None:
    for row in rows(f"recasting/{table}"):
        assert bool(row["reason"]) != bool(row["source"] or row["each"]), row["target"]
        assert row["citation"] or row["reason"], row["target"]
        assert not row["source"] or row["transform"] in TRANSFORMS, row["target"]


@pytest.mark.parametrize(
    ("tables", "elements"),
    [
        (["kernset"], "kernset_2.3"),
        (["kernset", "kernset_2.2"], "kernset_2.2"),
        (["neonatology"], "neonatology"),
    ],
)
def test_every_element_of_the_kernset_has_a_row_or_lies_in_one_with_a_reason(tables: list[str], elements: str) -> None:
    told = {row["target"]: row for table in tables for row in rows(f"recasting/{table}")}
    known = {element["path"] for element in rows(f"hl7v3/{elements}_elements")}
    for path in known:
        names = path.split("/")
        above = ["/".join(names[:n]) for n in range(1, len(names) + 1)]
        is_group = any(target.startswith(path + "/") for target in told)
        assert is_group or path in told or any(a in told and told[a]["reason"] for a in above), path
    if elements != "neonatology":  # of which the published records are all that is known
        assert {row["target"] for row in rows(f"recasting/{tables[-1]}")} <= known


def test_what_a_version_has_otherwise_is_otherwise() -> None:
    earlier = {row["target"]: row for row in rows("recasting/kernset")}
    same = [row["target"] for row in rows("recasting/kernset_2.2") if row == earlier.get(row["target"])]
    assert not same


def test_every_path_of_a_neonatal_record_has_its_place_in_the_message() -> None:
    asked = {
        name for row in rows("hl7v3/neonatology") for name in re.split(r"[/@ ]", " ".join(
            [row["each"], row["otherwise"], row["value"], row["negated"]])) if name
    }  # fmt: skip
    held = {row["target"].rpartition("/")[2] for row in rows("recasting/neonatology") if row["source"]}
    assert held - asked == set()


def test_every_condition_and_every_demand_is_of_the_closed_list() -> None:
    assert {row["when"].split()[0] for row in rows("recasting/neonatology") if row["when"]} == set(CONDITIONS)
    targets = {row["target"] for row in rows("recasting/neonatology")}
    for row in rows("recasting/demanded"):
        assert row["path"] in targets and row["citation"] and row["flavor"] in ("", "NI")


@pytest.mark.parametrize(("table", "row"), ROWS, ids=lambda one: one if isinstance(one, str) else one["target"][-40:])
def test_every_path_leads_to_data_elements_that_exist(table: str, row: dict[str, str]) -> None:
    for path in (*row["each"].split(" | "), *row["source"].split(" | ")):
        for part in ends(path.strip()):
            assert any(f"/{known}/".find(f"/{part}/") >= 0 for known in concepts()), (row["target"], part)


def test_codes_are_those_of_the_value_lists_of_the_kernset() -> None:
    known = {(row["system"], row["code"]) for row in rows("hl7v3/kernset_2.3_codes")}
    older = {"48782003", "8561000146109", "200146002", "200149009"}  # of 2.2: what its published records have
    used = {row["argument"] for _, row in ROWS}
    for row in rows("recasting/codes"):
        assert row["citation"] and (row["map"] in used or row["map"] == "denied")
        if not row["map"].startswith(("bds-", "denied")):
            is_older = row["map"] == "birth-2.2" and row["to_code"] in older
            assert is_older or (row["to_system"], row["to_code"]) in known, row


def test_a_flag_asks_for_codes_that_a_record_can_hold() -> None:
    known = {row["code"] for row in rows("ada/value_lists")}
    missing = {code for _, row in ROWS if row["transform"] == "flag" for code in row["argument"].split()} - known
    # The kernset's own codes for questions that no value list of PWD 3.2 has.
    assert missing <= {"73211009", "82545002", "116859006", "131148009", "85548006"}, missing


def test_everything_that_a_file_of_youth_health_care_can_hold_has_its_place_in_the_message() -> None:
    message = rows("hl7v3/jgz")
    asked = {name for row in message for name in re.split(r"[/ ]", f"{row['each']} {row['negated']}") if name}
    held = {row["target"].rpartition("/")[2] for row in rows("recasting/jgz") if row["source"]}
    assert held - asked == {"fase_sterfte"}  # decides whether there is a file


def test_what_is_shielded_or_the_mothers_has_no_source() -> None:
    guarded = [row for row in rows("recasting/jgz") if re.search(r"shielded|mother", row["reason"])]
    assert {row["element"] for row in guarded} >= {"91", "92", "93", "619", "740", "741", "88", "106", "107"}
    assert not [row for row in guarded if row["source"]]


def test_no_row_of_a_kernset_takes_what_is_shielded_as_mental_health() -> None:
    lists = document("shielded.toml")["group"]
    assert "mental-health" in lists
    of_perined = [row for table in TABLES[:3] for row in rows(f"recasting/{table}")]
    assert not [row for row in of_perined if "psychiatr" in row["source"]]
