"""Mother and child in one hand-in are told apart by whatever the source says; two real clients never go in as one.

The child's Patient has no profile here, or one that says only that it is a Patient, as of systems that know no others.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from babyconnect.labelling import kinship
from babyconnect.labelling.member import patients
from tests.spec.publishing.records import BC, BSN, Node, Resource, bundle, concept, folder, record

LOINC = "http://loinc.org"
ROLE = "http://hl7.org/fhir/v3/RoleCode"
HER_BSN, OTHER_BSN = "999900730", "999900857"


def child(**said: Any) -> Resource:
    return {"resourceType": "Patient", "id": "BABY", "birthDate": "2026-10-02", "gender": "female", **said}


def mother(code: str = "MTH", system: str = ROLE, **said: Any) -> Resource:
    return {"resourceType": "RelatedPerson", "id": "RP", "patient": {"reference": "Patient/BABY"},
            "relationship": concept(code, "moeder", system), **said}  # fmt: skip


def as_her_child(of: str = "JAMILA", **said: Any) -> Resource:
    return {"resourceType": "RelatedPerson", "id": "RC", "patient": {"reference": f"Patient/{of}"},
            "relationship": concept("NCHILD", "kind", ROLE), **said}  # fmt: skip


def linked(**said: Any) -> Resource:
    return child(link=[{"other": {"reference": "RelatedPerson/RC"}, "type": "seealso"}], **said)


def birth(**said: Any) -> Resource:
    return {"resourceType": "Procedure", "id": "B", "status": "completed", "code": concept("3950001", "geboorte"),
            "subject": {"reference": "Patient/BABY"}, **said}  # fmt: skip


def apgar(context: str = "Encounter/E") -> Resource:
    return {"resourceType": "Observation", "id": "A", "status": "final", "code": concept("9272-6", "Apgar", LOINC),
            "subject": {"reference": "Patient/BABY"}, "context": {"reference": context}}  # fmt: skip


def child_record() -> Resource:
    return {"resourceType": "EpisodeOfCare", "id": "EC", "meta": {"profile": [f"{BC}bc-ChildRecord"]},
            "status": "active", "patient": {"reference": "Patient/BABY"}}  # fmt: skip


def hers(began: str = "2026-02-01", **of_her: Any) -> list[Resource]:
    made = record()
    made[0] = {**made[0], **of_her}
    made[1] = {**made[1], **({"period": {"start": began}} if began else {})}
    return made


async def kept(*resources: Resource) -> Node:
    node = Node()
    report = await node.one(bundle(*resources))
    assert report.status.startswith("published"), report.findings
    return node


TELLING = {
    "a birth": [child(), birth()],
    "a mother": [child(), mother()],
    "a natural mother, in another way of writing the system": [
        child(), mother("NMTH", "http://terminology.hl7.org/CodeSystem/v3-RoleCode")
    ],
    "a mother who is this woman by number and birth date": [
        child(), mother(identifier=[{"system": BSN, "value": HER_BSN}], birthDate="1990-04-01")
    ],
    "a link to a relative who is her child": [linked(), as_her_child()],
    "a relative of hers with the child's number": [
        child(identifier=[{"system": BSN, "value": OTHER_BSN}]),
        as_her_child(identifier=[{"system": BSN, "value": OTHER_BSN}]),
    ],
    "a child's record": [child(), child_record()],
    "a finding made in her care": [child(), apgar()],
    "a finding made in her episode": [child(), apgar("EpisodeOfCare/EP")],
    "a profile that says no more than that it is a Patient": [
        child(meta={"profile": ["http://fhir.nl/fhir/StructureDefinition/nl-core-patient"]}), apgar()
    ],
}  # fmt: skip


@pytest.mark.parametrize("told", TELLING)
async def test_a_child_is_told_by(told: str) -> None:
    node = await kept(*hers(), *TELLING[told])

    patient, client = node.kept["Patient/BABY"], node.kept["Patient/JAMILA"]["id"]
    assert node.publication("Patient/BABY").client == client
    assert node.publication("Patient/BABY").group == "child"
    assert f"{BC}bc-Child" in patient["meta"]["profile"]
    assert f"{BC}bc-Child" not in node.kept["Patient/JAMILA"]["meta"]["profile"]


async def test_what_is_about_the_child_gets_the_childs_group_and_what_is_about_her_keeps_hers() -> None:
    node = await kept(*hers(), child(), apgar())

    assert node.publication("Observation/A").subject == node.kept["Patient/BABY"]["id"]
    assert node.publication("Observation/W").subject == ""


async def test_a_birth_that_is_recorded_with_the_woman_herself_makes_no_child_of_her() -> None:
    node = await kept(*hers(), {**birth(), "subject": {"reference": "Patient/JAMILA"}})

    assert node.publication("Patient/JAMILA").group == "patient"


async def test_a_womans_own_mother_makes_no_child_of_her() -> None:
    node = await kept(*hers(), {**mother(), "patient": {"reference": "Patient/JAMILA"}})

    assert node.publication("Patient/JAMILA").group == "patient"


GROWN = {"birthDate": "1992-07-07"}
STRANGERS = {
    "another woman, who could be her child and has a mother to call": [child(birthDate="2008-02-01"), mother()],
    "another woman, of whom nothing is said": [child(**GROWN)],
    "a child of whom nothing is said": [child()],
    "a child whose findings lie in nobody's care": [
        child(), {k: v for k, v in apgar().items() if k != "context"}
    ],
    "another woman, whose finding lies in this one's care by mistake": [child(**GROWN), apgar()],
    "somebody of whom no birth date is known, whose finding lies in her care": [
        {k: v for k, v in child().items() if k != "birthDate"}, apgar()
    ],
    "somebody of whom only the year of birth is known": [child(birthDate="2026"), apgar()],
    "a child of before this care, whose finding lies in it": [child(birthDate="2021-05-05"), apgar()],
    "another woman with her own mother": [child(**GROWN), mother()],
    "another woman who is somebody's child": [linked(**GROWN), as_her_child()],
    "another woman with a birth": [child(**GROWN), birth()],
    "another woman with a child's record": [child(**GROWN), child_record()],
    "a child of a mother with another number": [
        child(), mother(identifier=[{"system": BSN, "value": OTHER_BSN}])
    ],
    "a child of a mother with another birth date": [child(), mother(birthDate="1991-04-01")],
    "a child of two mothers, of whom one is another": [
        child(), mother(), {**mother(birthDate="1991-04-01"), "id": "RP2"}
    ],
    "a child that is said to be another's": [linked(), as_her_child("SOMEBODY")],
    "a child that is said to be hers and another's": [
        child(link=[{"other": {"reference": f"RelatedPerson/{one}"}, "type": "seealso"} for one in ("RC", "RX")]),
        as_her_child(), {**as_her_child("SOMEBODY"), "id": "RX"},
    ],
}  # fmt: skip


@pytest.mark.parametrize("who", STRANGERS)
async def test_two_clients_are_refused(who: str) -> None:
    node = Node()

    report = await node.one(bundle(*hers(), *STRANGERS[who]))

    errors = [finding for finding in report.findings if finding.severity == "error"]
    assert [finding.rule for finding in errors] == ["two-clients"]
    assert "bc-MotherOf" in errors[0].text
    assert node.empty


@pytest.mark.parametrize("lacking", [{"birthDate": "1990"}, {"birthDate": None}])
async def test_without_her_own_birth_date_a_reference_makes_nobody_her_child(lacking: dict[str, Any]) -> None:
    made = hers(**lacking)
    made[0] = {name: value for name, value in made[0].items() if value is not None}

    assert (await Node().one(bundle(*made, child(), apgar()))).status == "refused"


async def test_without_the_beginning_of_her_care_a_reference_makes_nobody_her_child() -> None:
    assert (await Node().one(bundle(*hers(began=""), child(), apgar()))).status == "refused"


async def test_of_two_women_in_care_nobody_is_the_others_child() -> None:
    other = {name: value for name, value in child_record().items() if name != "meta"}

    report = await Node().one(bundle(*hers(), child(**GROWN), other, mother()))

    assert {finding.rule for finding in report.findings if finding.severity == "error"} == {"two-clients"}


@pytest.mark.parametrize("alone", [[mother()], [child_record()]])
async def test_of_a_child_that_is_not_handed_in_a_relative_alone_breaks_nothing(
    alone: list[Resource], tmp_path: Path
) -> None:
    others, later = folder(tmp_path, "hers", hers()), folder(tmp_path, "later", alone)

    report = await Node().publish(others, later)

    assert [one.status for one in report.inputs] == ["published", "refused"]
    assert {finding.rule for finding in report.inputs[1].findings} == {"no-client"}


async def test_thousands_of_one_number_are_looked_at_once() -> None:
    number = {"identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": OTHER_BSN}]}
    twins = [child(id=f"B{n}", **number) for n in range(400)]
    said = [as_her_child(id=f"RC{n}", **number) for n in range(400)]
    asked = Counter[str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kinship, "patients", lambda m, e: asked.update([m.key[0]]) or patients(m, e))
        await kept(*hers(), *twins, *said)

    assert asked["RelatedPerson"] < 10 * len(said)


@pytest.mark.parametrize("junk", [["x"], "x", 7, {"other": "x"}])
async def test_links_that_are_none_are_refused_and_break_nothing(junk: Any) -> None:
    report = await Node().one(bundle(*hers(), child(link=junk), as_her_child()))

    assert report.status == "refused"
    assert "fault" not in {finding.rule for finding in report.findings}


JUNK = [None, 7, "x", True, [], {}, [None], ["x"], [[]], {"a": [1]}, [{"system": ["x"], "value": {}}], "2026-13-45"]


@pytest.mark.parametrize(
    "element", ["identifier", "link", "birthDate", "name", "meta", "relationship", "patient", "period"]
)
async def test_rubbish_in_a_loose_file_is_refused_with_its_own_client_and_breaks_nothing(
    element: str, tmp_path: Path
) -> None:
    for number, junk in enumerate(JUNK):
        family = [*hers(), linked(), as_her_child(), mother(), birth(), apgar(), child_record()]
        spoilt = [{**resource, element: junk} if element in resource else resource for resource in family]

        report = await Node().publish(folder(tmp_path, str(number), spoilt))

        rules = {finding.rule for one in report.inputs for finding in one.findings if finding.severity == "error"}
        assert "fault" not in rules, junk


def lone(born: str, **said: Any) -> list[Resource]:
    """Somebody with a mother to call, of whose care nothing is told."""
    weight = {"resourceType": "Observation", "id": "W", "status": "final", "code": concept("29463-7", "gewicht", LOINC),
              "subject": {"reference": "Patient/BABY"}, **said}  # fmt: skip
    return [child(birthDate=born), mother(), weight]


@pytest.mark.parametrize(
    ("born", "said"),
    [
        ("1964-05-01", {}),
        ("1994-05-01", {"effectiveDateTime": "2026-11-01T10:00:00+01:00"}),
        ("1994-05-01", {"effectivePeriod": {"start": "2004-01-01", "end": "2015-01-01"}}),
    ],
)
async def test_an_adult_who_has_a_mother_to_call_is_no_child(born: str, said: Resource) -> None:
    node = await kept(*lone(born, **said))
    assert node.publication("Patient/BABY").group != "child"


@pytest.mark.parametrize(
    ("born", "said"),
    [
        ("2026-10-02", {}),
        ("2026-10-02", {"effectiveDateTime": "2026-10-09"}),
        ("1999-10-02", {"effectiveDateTime": "1999-10-09"}),
    ],
)
async def test_a_newborn_alone_with_a_mother_is_a_child(born: str, said: Resource) -> None:
    node = await kept(*lone(born, **said))
    assert node.publication("Patient/BABY").group == "child"
