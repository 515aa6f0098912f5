"""A record written as rows names its caregivers so that it can be read back, and says of whom it cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.translate.tabular.taking import Taken, take
from tests.properties.test_template_round_trips import TODAY, record, said
from tests.support import filled_in

CAREGIVER, NAMED_BY, SURNAME = "978", {"2163", "1868"}, "3255"


def first() -> AdaRecord:
    return record(filled_in.text(filled_in.example("verloskundigenpraktijk")))


def changed(of: AdaElement, how: Callable[[AdaElement], list[AdaElement]]) -> AdaElement:
    return replace(of, children=tuple(each for one in of.children for each in how(changed(one, how))))


def is_caregiver(one: AdaElement) -> bool:
    return one.concept == CAREGIVER and not one.is_reference


def with_another(of: AdaElement) -> AdaElement:
    """With a second caregiver, of the same practice, whom nothing names."""

    def doubled(one: AdaElement) -> list[AdaElement]:
        other = replace(one, attributes={**one.attributes, "id": "ANOTHER"})
        return [one, changed(other, renamed)] if is_caregiver(one) else [one]

    def renamed(one: AdaElement) -> list[AdaElement]:
        return [replace(one, attributes={**one.attributes, "value": "Niemand"})] if one.concept == SURNAME else [one]

    return changed(of, doubled)


def without_surname(of: AdaElement) -> AdaElement:
    return changed(of, lambda one: [] if is_caregiver_surname(of, one) else [one])


def is_caregiver_surname(root: AdaElement, one: AdaElement) -> bool:
    whole = [inner for caregiver in root.walk() if is_caregiver(caregiver) for inner in caregiver.walk()]
    return one.concept == SURNAME and any(one == inner for inner in whole)


def read_back(taken: Taken) -> AdaRecord:
    return record(filled_in.text({key: [dict(row) for row in found] for key, found in taken.rows.items()}))


def warned(taken: Taken) -> set[str]:
    return {finding.text for finding in taken.findings if finding.severity == "warning"}


def test_a_caregiver_whom_a_row_names_is_written_and_read_back() -> None:
    taken = take(first(), TODAY)

    assert len(taken.rows["zorgverleners"]) == 1
    assert said(read_back(taken)) == said(first())


def test_a_caregiver_whom_no_row_names_is_not_written_and_is_named_in_the_report() -> None:
    of = replace(first(), root=with_another(first().root))
    assert ("Niemand" in repr(said(of))) and len([e for e in of.root.walk() if is_caregiver(e)]) == 2

    taken = take(of, TODAY)

    assert [row["Achternaam"] for row in taken.rows["zorgverleners"]] != []
    assert "Niemand" not in repr(taken.rows)
    assert any("no row of the templates names this caregiver" in text for text in warned(taken))
    assert said(read_back(taken)) == said(first())


def test_a_caregiver_of_whom_too_little_is_known_for_a_row_is_named_by_none_and_the_rest_is_read_back() -> None:
    of = replace(first(), root=without_surname(first().root))

    taken = take(of, TODAY)

    assert "zorgverleners" not in taken.rows
    assert not any("Zorgverlener" in row for found in taken.rows.values() for row in found)
    assert any("no row of the templates names this caregiver" in text for text in warned(taken))
    kept = {concept for concept, _, _ in said(read_back(taken))}
    assert {"683", "1073"} & kept
