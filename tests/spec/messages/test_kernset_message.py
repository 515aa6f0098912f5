"""The kernset as a message: what is said, what is masked, what is reported, what is refused."""

from __future__ import annotations

import pytest

from babyconnect.flows.inputs import Input
from babyconnect.flows.material import Wanted
from babyconnect.flows.translating import translating, write
from tests.spec.messages.records import BSN, TODAY, V3, WOMAN, child, feeding, kernset, made, rules, statements, tree

SNOMED = "2.16.840.1.113883.6.96"
INSTITUTION = "2.16.840.1.113883.2.4.3.22.96.6"


def test_a_message_says_whose_care_it_is_about_and_who_sends_it() -> None:
    root = tree(made(kernset(), with_bsn=True))

    (patient,) = root.iter(f"{V3}patient")
    assert patient.find(f"{V3}id").attrib == {"root": "2.16.840.1.113883.2.4.6.3", "extension": BSN}
    assert root.find(f"{V3}sender/{V3}device/{V3}id").attrib == {"root": INSTITUTION, "extension": "1808"}
    assert root.find(f"{V3}interactionId").get("extension") == "REPC_IN004014NL"


def test_what_the_record_has_not_is_said_with_a_null_flavour_where_the_message_cannot_do_without() -> None:
    (event,) = tree(made(kernset())).iter(f"{V3}CareProvisionEvent")

    assert event.find(f"{V3}id").attrib == {"nullFlavor": "NI"}
    assert next(event.iter(f"{V3}postalCode")).attrib == {"nullFlavor": "NI"}


def test_without_leave_no_bsn_is_in_the_message_not_even_in_a_text() -> None:
    text = f'<dossiernummer value="d-{BSN}" root="1.2.3"/>'
    message = made(kernset(f"<zwangerschap>{text}</zwangerschap>{child(1)}"))

    assert BSN.encode() not in message.content
    assert next(tree(message).iter(f"{V3}patient")).find(f"{V3}id").get("nullFlavor") == "MSK"


def test_hostile_text_stays_text() -> None:
    other = "&lt;/text&gt;&lt;value code='1'/&gt;&amp;x; ]]&gt;"
    anamnesis = f"""<anamnese><algemene_anamnese><overige_aandoeningq value="true"/>
<overige_aandoening value="{other}"/></algemene_anamnese></anamnese>"""
    root = tree(made(kernset(woman=WOMAN + anamnesis)))

    (statement,) = statements(root, "OverigeAandoeningenAnamnese")
    assert statement.find(f"{V3}text").text == "</text><value code='1'/>&x; ]]>"
    assert len(statement.find(f"{V3}text")) == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ('value="true"', {"negationInd": "false"}),
        ('value="false"', {"negationInd": "true"}),
        ('value="UNK"', {"nullFlavor": "UNK"}),
        ('nullFlavor="ASKU"', {"nullFlavor": "ASKU"}),
    ],
)
def test_a_question_is_answered_yes_no_or_with_why_not(answer: str, said: dict[str, str]) -> None:
    anamnesis = f"<anamnese><algemene_anamnese><psychiatrieq {answer}/></algemene_anamnese></anamnese>"
    (statement,) = statements(tree(made(kernset(woman=WOMAN + anamnesis))), "74732009")

    assert {name: value for name, value in statement.attrib.items() if name not in ("classCode", "moodCode")} == said


def test_an_answer_that_is_none_is_left_out_and_reported() -> None:
    anamnesis = '<anamnese><algemene_anamnese><psychiatrieq value="misschien"/></algemene_anamnese></anamnese>'
    message = made(kernset(woman=WOMAN + anamnesis))

    assert not statements(tree(message), "74732009")
    assert ("warning", "bad-value") in rules(message)


def test_what_is_said_of_one_of_twins_stands_with_that_child() -> None:
    content = child(1) + child(2) + f"<postnatale_fase>{feeding('2026-10-05', '2')}</postnatale_fase>"
    first, second = statements(tree(made(kernset(f"<bevalling/>{content}"))), "Baring")

    assert not statements(first, "230126006")
    assert statements(second, "230126006")


def test_what_is_said_of_one_of_twins_without_saying_of_which_is_left_out_and_reported() -> None:
    content = child(1) + child(2) + f"<postnatale_fase>{feeding('2026-10-05')}</postnatale_fase>"
    message = made(kernset(f"<bevalling/>{content}"))

    assert not statements(tree(message), "230126006")
    assert ("warning", "not-mapped") in rules(message)


def test_a_child_without_a_rank_is_the_one_that_is_meant_when_it_is_alone() -> None:
    content = child(1, ranked=False) + f"<postnatale_fase>{feeding('2026-10-05')}</postnatale_fase>"

    assert statements(tree(made(kernset(f"<bevalling/>{content}"))), "230126006")


def test_children_are_told_of_even_where_the_record_has_no_delivery() -> None:
    message = made(kernset(child(1)))

    assert statements(tree(message), "Baring")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<zwangerschap><onbekend_element value='1'/></zwangerschap>", "unknown-concept"),
        ("<zwangerschap><graviditeit value='twee'/></zwangerschap>", "bad-value"),
        ("<bevalling><hoeveelheid_bloedverlies value='500' unit='emmers'/></bevalling>", "unknown-unit"),
        (
            f"<zwangerschap><wijze_einde_zwangerschap value='1' code='999' codeSystem='{SNOMED}'/></zwangerschap>",
            "unknown-code",
        ),
    ],
)
def test_what_cannot_be_carried_over_is_named_with_its_rule(content: str, rule: str) -> None:
    message = made(kernset(content))

    assert ("warning", rule) in rules(message)
    assert message.content


def test_a_record_that_says_all_it_can_say_leaves_nothing_to_report() -> None:
    content = "<zwangerschap><graviditeit value='2'/></zwangerschap>" + child(1)

    assert rules(made(kernset(content))) == []


def test_a_date_that_does_not_exist_refuses_the_record() -> None:
    message = made(kernset("<zwangerschap><definitieve_a_terme_datum value='2026-02-30'/></zwangerschap>"))

    assert message.content == b""
    assert ("error", "date") in rules(message)


def test_a_version_has_its_own_rows_and_reports_what_only_a_later_one_has() -> None:
    path = ["zorgverlening", "verwijsdetails", "redenen_van_verwijzing", "van_1e_naar_2e_lijn", "bevalling"]
    opened = "".join(f"<{name}>" for name in path)
    closed = "".join(f"</{name}>" for name in reversed(path))
    record = kernset(f'{opened}<behoefte_aan_pijnbestrijdingq value="true"/>{closed}')

    assert statements(tree(made(record)), "30411000146101")
    older = made(record, "hl7v3-kernset-2.3.5")
    assert not statements(tree(older), "30411000146101")
    assert ("warning", "not-mapped") in rules(older)


def test_a_record_of_another_kernset_is_refused() -> None:
    message = made(kernset(), "cda-neonatology")

    assert message.content == b""
    assert rules(message) == [("error", "transaction")]


def test_the_same_record_gives_the_same_message_and_another_day_another_number() -> None:
    assert made(kernset()).content == made(kernset()).content
    assert made(kernset()).content != made(kernset(child(1))).content


@pytest.mark.parametrize("to", ["stu3", "kernset-3.2"])
def test_a_kernset_record_becomes_a_message_and_nothing_else(to: str) -> None:
    (outcome,) = translating([Input("k.xml", content=kernset())], 10**6, {}, Wanted(TODAY), to)

    assert outcome.refused
    assert outcome.findings[0].rule == "data-set"


def test_a_record_that_has_nothing_of_the_kernset_becomes_no_message() -> None:
    wanted = Wanted(TODAY)
    patient = (
        b'{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","id":"a"}}]}'
    )
    (outcome,) = translating([Input("p.json", content=patient)], 10**6, {}, wanted, "hl7v3-kernset-2.3.6")

    written = write(outcome, "hl7v3-kernset-2.3.6", wanted)
    assert written.refused
    assert "incomplete" in {f.rule for f in written.findings if f.severity == "error"}


def test_a_record_with_thousands_of_children_is_refused_before_anything_is_compared() -> None:
    message = made(kernset("<uitkomst_per_kind/>" * 501))

    assert message.content == b""
    assert rules(message) == [("error", "size")]


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-10-01", "20261001"),
        ("2026-10", "202610"),
        ("2026", "2026"),
        ("2026-10-01T06:30:05", "20261001063005"),
        ("2026-10-01T22:30:00Z", "20261002003000"),
        ("T-1D{06:30}", "20261121063000"),
    ],
)
def test_a_moment_is_told_as_exactly_as_it_is_known_and_in_dutch_time(moment: str, said: str) -> None:
    content = f"<bevalling><tijdstip_begin_actieve_ontsluiting value='{moment}'/></bevalling>"
    (statement,) = statements(tree(made(kernset(content))), "249120008")

    assert statement.find(f"{V3}effectiveTime").get("value") == said


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<zwangerschap><dossiernummer value='1' root='http://x'/></zwangerschap>", "unknown-system"),
        ("<zwangerschap><graviditeit nullFlavor='ZOMAAR'/></zwangerschap>", "unknown-code"),
    ],
)
def test_what_hl7_has_not_is_not_written(content: str, rule: str) -> None:
    message = made(kernset(content))

    assert ("warning", rule) in rules(message)
    assert b"ZOMAAR" not in message.content
    assert b"http://x" not in message.content


def test_what_the_data_set_demands_and_is_not_there_is_reported() -> None:
    message = made(kernset())

    assert [(f.rule, f.text) for f in message.findings] == [
        ("incomplete", "kernset_geboortezorg: holds no zwangerschap, which the data set demands")
    ]


def test_what_the_data_set_has_once_and_is_there_twice_is_reported() -> None:
    message = made(kernset("<zwangerschap><graviditeit value='2'/><graviditeit value='3'/></zwangerschap>"))

    assert rules(message) == [("warning", "repeated")]
    assert len(statements(tree(message), "Gravidity")) == 2
