"""Working notes, items about safety, choices of their authors: what publishing keeps back or marks (domain §4)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from babyconnect.fhir import json
from babyconnect.flows.preparing import Said
from babyconnect.trust.rules import data_groups
from tests.spec.publishing.records import Node, bundle, concept, encounter, episode, pregnancy, record, weight, woman

MARK = "Twijfelachtige-indruk-van-de-man"


def note(id: str = "NOTE", **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": {"text": "Persoonlijke werkaantekening"},
        "subject": {"reference": "Patient/JAMILA"},
        "valueString": MARK,
        **more,
    }


def shielded(resource: dict[str, Any]) -> set[str]:
    labels = resource["meta"].get("security", [])
    return {label["code"] for label in labels if label["system"] == "urn:babyconnect:shielded"}


async def test_a_working_note_is_not_kept_and_neither_is_the_file_that_held_it() -> None:
    node = Node()
    report = await node.one(bundle(*record(), note()))
    assert report.status.startswith("published") and "working-note" in {f.rule for f in report.findings}
    assert "Observation/NOTE" not in node.kept
    assert not node.store.originals and not node.store.held
    assert MARK not in repr(node.store.versions)


@pytest.mark.parametrize("part", ["security", "tag"])
async def test_a_label_makes_a_working_note_too(part: str) -> None:
    node = Node()
    label = {"system": "urn:babyconnect:publication", "code": "working-note"}
    await node.one(bundle(*record(), note(code=concept("1", "x"), meta={part: [label]})))
    assert "Observation/NOTE" not in node.kept


async def test_a_word_about_violence_in_free_text_shields_what_nobody_coded() -> None:
    node = Node()
    told = {**weight("T"), "comment": "vertelt over Mishandeling door partner"}
    narrated = {
        **weight("N"),
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Veilig Thuis gebeld</div>'},
    }
    await node.one(bundle(*record(), told, narrated, weight("P")))
    assert [shielded(node.kept[f"Observation/{id}"]) for id in "TNP"] == [{"safety"}, {"safety"}, set()]


async def test_the_authors_choice_is_taken_as_data_and_off_the_resource() -> None:
    node, told = Node(), []

    async def tell(said: Said) -> None:
        told.append(said)

    node.settings["told"] = tell
    chosen = {
        **weight("C"),
        "meta": {"security": [{"system": "urn:babyconnect:disclosure", "code": "after-talk"}]},
        "extension": [
            {
                "url": "urn:babyconnect:disclosure",
                "extension": [
                    {"url": "reason", "valueString": MARK},
                    {"url": "review", "valueDate": "2027-01-01"},
                    {"url": "talked", "valueDate": "2026-11-01"},
                ],
            }
        ],
    }
    await node.one(bundle(*record(), chosen))
    kept = node.kept["Observation/C"]
    ((item, stated),) = told[0].choices
    assert item == f"Observation/{kept['id']}"
    assert (stated.choice, stated.review, stated.talked) == ("after-talk", dt.date(2027, 1, 1), dt.date(2026, 11, 1))
    assert shielded(kept) == {"safety"} and MARK not in json.dumps(kept).decode()


async def test_a_secret_address_that_only_her_childs_patient_tells_is_hers_as_well() -> None:
    node, told = Node(), []

    async def tell(said: Said) -> None:
        told.append(said)

    node.settings["told"] = tell
    baby = {"resourceType": "Patient", "id": "BABY", "address": [{"use": "home", "text": "Geheim adres"}],
            "meta": {"profile": ["http://nictiz.nl/fhir/StructureDefinition/bc-Child"]}}  # fmt: skip
    await node.one(bundle(*record(), baby))
    assert [(one.client, one.secret) for one in told] == [(node.kept["Patient/JAMILA"]["id"], True)]


async def test_a_secret_address_is_told_before_anything_is_kept() -> None:
    node, told = Node(), []

    async def tell(said: Said) -> None:
        told.append((said, bool(node.store.versions)))

    node.settings["told"] = tell
    her = {**woman(), "address": [{"use": "home", "text": "Geheim adres"}]}
    others = (episode(), pregnancy(), encounter())
    await node.one(bundle(her, *others))
    ((said, already),) = told
    assert said.secret and not already


async def test_what_its_source_calls_a_mistake_is_kept_and_shown_to_nobody() -> None:
    node = Node()
    await node.one(bundle(*record(), {**weight("M"), "status": "entered-in-error"}))
    kept = node.publication("Observation/M")
    assert kept.group not in data_groups()
