"""Bad input is refused with file, place and rule; nothing of it is kept, and the rest of the batch is unharmed."""

from __future__ import annotations

from pathlib import Path

import pytest

from babyconnect.fhir import json, xml
from tests.spec.messages.transfers import transfer
from tests.spec.publishing.records import (
    Node,
    bundle,
    concept,
    encounter,
    episode,
    folder,
    organisation,
    pregnancy,
    record,
    weight,
    woman,
)

GOOD = bundle(*record())
GOOD_XML = xml.from_json(json.loads(GOOD))
ADA = b"""<adaxml><data><med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart app="perinatologie-326"
 transactionRef="2.16.840.1.113883.2.4.3.11.60.90.77.4.2575">%s
</med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart></data></adaxml>"""
PWD_23 = b"""<adaxml><data><kernset_geboortezorg app="peri20-peri23"
 transactionRef="2.16.840.1.113883.2.4.3.11.60.90.77.4.2437">
<vrouw conceptId="2.16.840.1.113883.2.4.3.11.60.90.77.2.5.2"/></kernset_geboortezorg></data></adaxml>"""
BOMB = b"""<?xml version="1.0"?><!DOCTYPE Patient [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Patient xmlns="http://hl7.org/fhir"><id value="&b;"/></Patient>"""
EXTERNAL = b"""<!DOCTYPE Patient [<!ENTITY file SYSTEM "file:///etc/passwd">]>
<Patient xmlns="http://hl7.org/fhir"><name><text value="&file;"/></name></Patient>"""


def without(name: str) -> bytes:
    return bundle(*(r for r in record() if r["resourceType"] != name))


def impossible(**changes: str) -> bytes:
    return bundle(*({**r, **changes} if r["resourceType"] == "Patient" else r for r in record()))


CROWD = b" ".join(b'a%d="x"' % number for number in range(200))

REFUSED = {
    "truncated XML": (GOOD_XML[: len(GOOD_XML) // 2], "xml", "line 1"),
    "truncated JSON": (GOOD[: len(GOOD) // 2], "json", "line 1"),
    "an entity bomb": (BOMB, "doctype", "line 1"),
    "an entity that is a file of ours": (EXTERNAL, "doctype", "line 1"),
    "a wrong namespace": (GOOD_XML.replace(b"http://hl7.org/fhir", b"http://hl7.org/fhir2", 1), "namespace", "line 1"),
    "no namespace": (GOOD_XML.replace(b' xmlns="http://hl7.org/fhir"', b"", 1), "root", "line 1"),
    "an ADA record in a namespace": (ADA.replace(b"<adaxml>", b'<adaxml xmlns="urn:x">') % b"", "namespace", "line 1"),
    "a wrong root": (b'<Pasient xmlns="http://hl7.org/fhir"/>', "root", "line 1"),
    "a wrong root in JSON": (b'{"resourceType": "Pasient"}', "root", "resourceType"),
    "a PWD 2.3 file": (PWD_23, "data-set", "line 2"),
    "a file of youth health care": (transfer("4.2.0"), "data-set", "line 1"),
    "another HL7 version 3 message": (b'<MCCI_IN000002 xmlns="urn:hl7-org:v3"/>', "format", "line 1"),
    "an acute handover of no interaction": (b'<REPC_IN002120NL xmlns="urn:hl7-org:v3"/>', "interaction", "line 1"),
    "a date that no calendar has": (impossible(birthDate="1990-02-30"), "date", "Patient.birthDate"),
    "a month that no year has": (impossible(birthDate="1990-13"), "date", "Patient.birthDate"),
    "a relative date nobody resolved": (impossible(birthDate="${DATE, T, D, -111}"), "date", "Patient.birthDate"),
    "a record without its own client": (without("Patient"), "no-client", "entry[0]"),
    "an ADA record without its own client": (ADA % b"", "no-client", "line 2"),
    "a Bundle with nothing in it": (b'{"resourceType":"Bundle","type":"collection"}', "no-client", ""),
    "two clients in one record": (
        bundle(*record(), woman("FIONA", "999900171"), episode("EP2", "FIONA"), pregnancy("P-EP2", "FIONA")),
        "two-clients",
        "entry[0]",
    ),
    "a fact about a woman whom the record does not know": (
        bundle(*record(), {k: v for k, v in weight("W2", "ANOTHER").items() if k != "context"}),
        "no-client",
        "entry[6]",
    ),
    "a BSN that fails the eleven-check": (bundle(woman(bsn="999900731"), *record()[1:]), "bsn", "Patient.identifier"),
    "a BSN of other digits than 0 to 9": (bundle(woman(bsn="٩٩٩٩٠٠٧٣٠"), *record()[1:]), "bsn", "Patient.identifier"),
    "Latin-1 where UTF-8 is said": (GOOD.replace(b"Jamila", "Jamil\xe4".encode("latin-1")), "utf-8", "byte"),
    "XML that says it is not UTF-8": (
        b'<?xml version="1.0" encoding="ISO-8859-1"?><Patient xmlns="http://hl7.org/fhir"/>',
        "utf-8",
        "line 1",
    ),
    "UTF-16": (GOOD_XML.decode().encode("utf-16"), "utf-8", "line 1"),
    "an empty file": (b"", "empty", "line 1"),
    "a file of white space": (b" \n\t\n", "empty", "line 1"),
    "a file of another kind": (b"%PDF-1.7", "format", "line 1"),
    "an unknown element": (impossible(geboren="1990-01-01"), "unknown-element", "Patient"),
    "a status that STU3 does not have": (
        bundle(*record()[:-2], {**weight(), "status": "klaar"}, organisation()),
        "code",
        "Observation.status",
    ),
    "a narrative with a script": (
        impossible(text={"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><script/></div>'}),
        "narrative",
        "Patient.text.div",
    ),
    "two resources under one id": (bundle(*record(), weight(value="70")), "duplicate-id", "entry[6]"),
    "a Bundle of another purpose": (
        GOOD.replace(b'"type":"collection"', b'"type":"history"', 1),
        "bundle",
        "Bundle",
    ),
    "a name that stands twice in one object": (b'{"resourceType":"Patient","id":"a","id":"b"}', "json", ""),
    "nesting without end": (b'{"resourceType":"Patient","extension":' + b"[" * 5000 + b"]" * 5000 + b"}", "depth", ""),
    "XML nesting without end": (
        b'<Patient xmlns="http://hl7.org/fhir">' + b'<extension url="x">' * 500 + b"</extension>" * 500 + b"</Patient>",
        "depth",
        "line 1",
    ),
    "an ADA element with attributes without end": (b"<adaxml " + CROWD + b"/>", "attributes", "line 1"),
    "a FHIR element with attributes without end": (
        b'<Patient xmlns="http://hl7.org/fhir" ' + CROWD + b"/>",
        "attributes",
        "line 1",
    ),
    "a narrative with attributes without end": (
        b'<Patient xmlns="http://hl7.org/fhir"><text><status value="generated"/>'
        b'<div xmlns="http://www.w3.org/1999/xhtml" ' + CROWD + b">x</div></text></Patient>",
        "attributes",
        "line 1",
    ),
    "half of a surrogate pair": (b'{"resourceType":"Patient","id":"a","language":"\\ud800"}', "utf-8", ""),
    "half of a surrogate pair as a name": (b'{"resourceType":"Patient","id":"a","\\uDFFF":"x"}', "utf-8", ""),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
async def test_refused_with_place_and_rule_and_nothing_is_kept(what: str) -> None:
    content, rule, place = REFUSED[what]
    node = Node()

    report = await node.publish(content)

    (refused,) = report.inputs
    errors = [f for f in refused.findings if f.severity == "error"]
    assert refused.status == "refused"
    assert report.exit_code() == 1
    assert rule in {f.rule for f in errors}, errors
    assert any(f.place.startswith("input-0") and place in f.place for f in errors if f.rule == rule), errors
    assert node.empty


@pytest.mark.parametrize("what", REFUSED)
async def test_the_rest_of_the_batch_is_unharmed(what: str) -> None:
    node = Node()

    report = await node.publish(REFUSED[what][0], GOOD)

    assert [i.status for i in report.inputs] == ["refused", "published"]
    assert report.exit_code() == 1
    assert len(node.kept) == len(record())


@pytest.mark.parametrize("what", REFUSED)
async def test_the_report_never_quotes_the_client(what: str) -> None:
    report = await Node().publish(REFUSED[what][0])

    for secret in ("Kwee", "Jamil", "9999007", "JAMILA", "FIONA"):
        assert secret not in report.text()


async def test_a_folder_without_a_single_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / "leeg").mkdir()
    (tmp_path / "leeg" / "organisation.toml").write_text("name = 'x'")

    refused = await Node().one(tmp_path / "leeg")

    assert (refused.status, refused.findings[0].rule, refused.name) == ("refused", "empty", "leeg")


async def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    refused = await Node().one(tmp_path / "weg.xml")

    assert (refused.status, refused.findings[0].rule) == ("refused", "file")


async def test_a_file_over_the_limit_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = tmp_path / "groot.json"
    large.write_bytes(GOOD)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("the file was read"))

    refused = await Node(limit=100).one(large)

    assert (refused.status, refused.findings[0].rule) == ("refused", "size")


async def test_bytes_over_the_limit_are_refused_as_well() -> None:
    refused = await Node(limit=100).one(GOOD)

    assert refused.findings[0].rule == "size"


async def test_a_record_of_many_files_is_not_kept_without_the_one_that_cannot_be_read(tmp_path: Path) -> None:
    node = Node()
    hers = folder(tmp_path, "jamila", record())
    (hers / "Observation-kapot.json").write_bytes(b'{"resourceType": "Observation"')
    other = folder(
        tmp_path, "fiona", [woman("FIONA", "999900171"), episode("EP2", "FIONA"), pregnancy("P-EP2", "FIONA")]
    )

    report = await node.publish(hers, other)

    assert {i.name: i.status for i in report.inputs} == {
        "jamila/Observation-kapot.json": "refused",
        "jamila": "refused",
        "fiona": "published",
    }
    assert not any(name.endswith("/JAMILA") for name in node.kept)


async def test_one_client_of_a_folder_refused_leaves_the_other_unharmed(tmp_path: Path) -> None:
    node = Node()
    fiona = [woman("FIONA", "999900171"), episode("EP2", "FIONA"), pregnancy("P-EP2", "FIONA")]
    place = folder(tmp_path, "praktijk", [*record(), *({**r, "status": "fout"} if "status" in r else r for r in fiona)])

    report = await node.publish(place)

    assert sorted(i.status for i in report.inputs) == ["published", "refused"]
    assert "Patient/JAMILA" in node.kept
    assert "Patient/FIONA" not in node.kept


async def test_one_wrong_resource_among_good_ones_leaves_nothing_of_the_record_behind() -> None:
    node = Node()

    await node.one(bundle(*record(), {**encounter("E2"), "note": 1}))

    assert node.empty


async def test_a_record_of_another_version_of_fhir_is_refused_in_those_words() -> None:
    """Not by everything that STU3 has otherwise: that would be a list that says nothing."""
    visit = {**encounter(), "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}}
    other = {name: value for name, value in visit.items() if name not in ("diagnosis", "episodeOfCare")}
    allergy = {
        "resourceType": "AllergyIntolerance",
        "id": "A",
        "clinicalStatus": concept("active", "Active", "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"),
        "patient": {"reference": "Patient/JAMILA"},
    }  # fmt: skip
    refused = await Node().one(bundle(woman(), other, allergy))
    assert refused.status == "refused"
    assert [f.rule for f in refused.findings if f.severity == "error"] == ["fhir-version"]
