"""A result of the NIPT that nobody coded is shielded by its words, or by the report, panel or request that it is of."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.publishing.records import Node, Resource, bundle, concept, record

DIV = '<div xmlns="http://www.w3.org/1999/xhtml">{}</div>'
SUBJECT = {"reference": "Patient/JAMILA"}
NIPT = {"coding": [{"system": "http://snomed.info/sct", "code": "7751000146103", "display": "NIPT"}]}


def result(id: str = "R", **said: Any) -> Resource:
    return {"resourceType": "Observation", "id": id, "status": "final", "code": {"text": "uitslag"},
            "subject": SUBJECT, "valueString": "afwijkend", **said}  # fmt: skip


def report(*results: str, **said: Any) -> Resource:
    return {"resourceType": "DiagnosticReport", "id": "D", "status": "final", "code": {"text": "uitslag"},
            "subject": SUBJECT, "result": [{"reference": one} for one in results], **said}  # fmt: skip


def letter(**said: Any) -> Resource:
    content = [{"attachment": {"contentType": "application/pdf", "data": "JVBERi0=", "title": "brief.pdf"}}]
    return {"resourceType": "DocumentReference", "id": "L", "status": "current", "indexed": "2026-05-01T12:00:00+02:00",
            "type": {"text": "brief"}, "subject": SUBJECT, "content": content, **said}  # fmt: skip


def haemoglobin(id: str = "HB") -> Resource:
    return result(id, code=concept("718-7", "Hemoglobin", "http://loinc.org"), valueString="7.2")


async def shielded(*resources: Resource) -> dict[str, frozenset[str]]:
    node = Node()
    report_ = await node.one(bundle(*record(), *resources))
    assert report_.status.startswith("published"), report_.findings
    return {name: node.publication(name).shielded for name in node.kept}


SAID = {
    "by its heading": result(code={"text": "NIPT"}),
    "in its value": result(valueString="NIPT: geen aanwijzingen"),
    "in a remark": result(comment="uitslag van de niet-invasieve prenatale test"),
    "by what was found": result(valueString="geen aanwijzingen voor trisomie 13, 18 of 21"),
    "by its category": result(category=[{"text": "NIPT-uitslag"}]),
    "by its method": result(method={"text": "cell-free DNA in maternal plasma"}),
    "by a display": result(code={"coding": [{"system": "urn:own", "code": "1", "display": "Trisomy 21 risk"}]}),
    "in a word that begins with it": result(comment="niptresultaten volgen, NIPTs"),
    "with points": result(comment="N.I.P.T. gedaan"),
    "over two lines": result(comment="celvrij\n     DNA"),
    "with a space that does not break": result(comment="Trisomy\u00a021, cell\u00a0free DNA"),
    "with hyphens that need not show": result(comment="tri\u00adsomie"),
    "in marked text": result(text={"status": "generated", "div": DIV.format("<b>celvrij</b> <i>foetaal</i>&#160;DNA")}),
    "with another letter case and a file's name": result(comment="nipt_uitslag.pdf"),
}


@pytest.mark.parametrize("how", SAID)
async def test_a_result_is_shielded_that_says_it(how: str) -> None:
    assert (await shielded(SAID[how]))["Observation/R"] == {"genetics"}


@pytest.mark.parametrize("innocent", ["verloskundige knipt de navelstreng", "vader knipt", "Manipulatie", "tripletten"])
async def test_a_word_within_another_says_nothing(innocent: str) -> None:
    assert (await shielded(result(comment=innocent)))["Observation/R"] == frozenset()


@pytest.mark.parametrize("about", [NIPT, {"text": "NIPT"}])
async def test_the_results_of_a_report_about_it_are_about_it(about: Resource) -> None:
    found = await shielded(result(), report("Observation/R", code=about))

    assert (found["Observation/R"], found["DiagnosticReport/D"]) == ({"genetics"}, {"genetics"})


async def test_the_members_of_a_panel_of_a_report_are_too() -> None:
    panel = result("P", related=[{"type": "has-member", "target": {"reference": "Observation/R"}}])

    found = await shielded(result(), panel, report("Observation/P", code=NIPT))

    assert found["Observation/R"] == {"genetics"}


async def test_a_letter_about_a_report_and_a_report_of_a_panel_tell_it_again() -> None:
    panel = result("P", related=[{"type": "has-member", "target": {"reference": "Observation/R"}}])
    told = {"resourceType": "ClinicalImpression", "id": "C", "status": "completed", "subject": SUBJECT,
            "summary": "uitslag afwijkend", "investigation": [{"code": {"text": "onderzoek"}, "item": [
                {"reference": "DiagnosticReport/D"}]}]}  # fmt: skip

    found = await shielded(result(code=NIPT), panel, haemoglobin(), report("Observation/P"), told)

    assert found["DiagnosticReport/D"] == found["ClinicalImpression/C"] == {"genetics"}
    assert found["Observation/HB"] == frozenset()


async def test_the_results_of_a_request_for_it_are_too() -> None:
    request = {"resourceType": "ProcedureRequest", "id": "Q", "status": "completed", "intent": "order",
               "code": NIPT, "subject": SUBJECT}  # fmt: skip
    based = [{"reference": "ProcedureRequest/Q"}]

    found = await shielded(request, result(basedOn=based), report("Observation/HB", basedOn=based), haemoglobin())

    assert found["Observation/R"] == {"genetics"}
    assert found["DiagnosticReport/D"] == {"genetics"}


async def test_a_report_that_only_mentions_it_shields_the_results_that_do_not_say_what_they_are() -> None:
    mentions = report("Observation/R", "Observation/HB", conclusion="NIPT: afwijkend")

    found = await shielded(result(), haemoglobin(), mentions)

    assert (found["Observation/R"], found["Observation/HB"]) == ({"genetics"}, frozenset())


async def test_what_a_result_was_derived_from_is_not_shielded_for_that() -> None:
    derived = result(code=NIPT, related=[{"type": "derived-from", "target": {"reference": "Observation/HB"}}])

    assert (await shielded(derived, haemoglobin()))["Observation/HB"] == frozenset()


async def test_reports_that_go_round_in_circles_end() -> None:
    one = result("R", code=NIPT, related=[{"type": "has-member", "target": {"reference": "Observation/S"}}])
    other = result("S", related=[{"type": "has-member", "target": {"reference": "Observation/R"}}])

    assert (await shielded(one, other))["Observation/S"] == {"genetics"}


async def test_a_letter_is_shielded_with_its_file_by_what_it_is_called() -> None:
    found = await shielded(letter(description="Uitslag NIPT"))

    files = [labels for name, labels in found.items() if name.startswith("Binary/")]
    assert [found["DocumentReference/L"], *files] == [{"genetics"}, {"genetics"}]
