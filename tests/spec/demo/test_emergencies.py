"""Breaking the glass between running nodes: opens where nothing is recorded, keeps to an objection, is booked there."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import secrets

from babyconnect.birthcare.access import Emergency, Relation
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.flows.viewing import Declared
from babyconnect.network.emergencies import Broken, Emergencies
from babyconnect.wiring.asking import Consulted, consult_once
from babyconnect.wiring.link import settings_of
from tests.spec.demo.conftest import Home
from tests.spec.demo.test_who_sees_what import GYNAECOLOGIST, others, special

STUDENT = Person("test:student", "Test Student", Role.STUDENT)


def declared(over: bool = False, reason: str = "unconscious") -> Declared:
    now = dt.datetime.now(dt.UTC)
    evidence = Relation("break_glass", secrets.token_hex(12), now.date(), (now + dt.timedelta(hours=1)).date())
    return Declared(Emergency(reason, over), evidence, now + dt.timedelta(hours=1))


def emergency(region: Home, slug: str, bsn: Bsn, by: Declared, person: Person = GYNAECOLOGIST) -> Consulted:
    return asyncio.run(consult_once(region.config(slug), person, bsn, declared=by))


def booked(region: Home, slug: str, reference: str) -> Broken | None:
    path = region.config(slug).parent / settings_of(region.config(slug)).store.path
    with contextlib.closing(Emergencies(path.with_suffix(".emergencies.sqlite"))) as book:
        return next((one for one in book.queue() if one.id == reference), None)


def test_where_nothing_is_recorded_it_opens_and_every_holder_books_it(region: Home) -> None:
    bsn, own = special(region, "No consent recorded"), region.plan.member("zkh-ommelhaven").ura
    by = declared()
    found = others(emergency(region, "zkh-ommelhaven", bsn, by).answers, own)
    assert found
    for ura in found:
        member = next(member for member in region.plan.members if member.ura == ura)
        item = booked(region, member.slug, by.relation.reference)
        assert item is not None and (item.side, item.other, item.reason) == ("holder", own, "unconscious")


def test_an_objection_is_kept_also_on_the_second_confirmation(region: Home) -> None:
    bsn, objected = special(region, "Objects to one hospital"), region.plan.member("zkh-meerdijk").ura
    for over in (False, True):
        answers = emergency(region, "zkh-meerdijk", bsn, declared(over)).answers
        assert others(answers, objected, treating=False) == []
        assert {answer.source.ura.value for answer in answers} <= {objected}


def test_without_a_reason_of_the_table_or_by_somebody_who_may_not_it_opens_nothing(region: Home) -> None:
    bsn, own = special(region, "No consent recorded"), region.plan.member("zkh-ommelhaven").ura
    curious = emergency(region, "zkh-ommelhaven", bsn, declared(reason="curious"))
    assert others(curious.answers, own, treating=False) == []
    student = emergency(region, "zkh-ommelhaven", bsn, declared(), STUDENT)
    assert others(student.answers, own, treating=False) == []
