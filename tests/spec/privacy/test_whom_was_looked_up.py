"""At the door: a binding tells the log whom it was about, by pseudonym, found or not; nothing else does."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.birthcare.access import Asker, Purpose, Refused
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Role
from babyconnect.flows.door import Bind, Happening, Interaction, Read, Wire
from babyconnect.flows.door_events import looked_up
from babyconnect.store.contract import Query

SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
ASKER = Asker(Ura("00000001"), Kind.HOSPITAL, "p1", Role.GYNAECOLOGIST, Purpose.TREATMENT)


def happening(asked: Interaction) -> Happening:
    moment = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    return Happening(moment, Wire("", "", ""), ASKER, asked, None, None, Refused(("client_unknown",)))


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        (f"{SYSTEM}|999990019", Bsn("999990019")),
        (f"{SYSTEM}|123456789", None),
        ("http://example.org/local|999990019", None),
        ("999990019", None),
        ("", None),
    ],
)
def test_whom_a_binding_was_about(identifier: str, found: Bsn | None) -> None:
    assert looked_up(happening(Bind(identifier, Query("Patient"), "json"))) == found


def test_a_read_looks_nobody_up() -> None:
    assert looked_up(happening(Read("Observation", "o1", "json"))) is None
