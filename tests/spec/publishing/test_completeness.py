"""How complete an export is: counted at publishing, kept, shown per group of the data set, without clients."""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import replace
from pathlib import Path

import pytest

from babyconnect.api.intake import Intake
from babyconnect.birthcare.parties import Function, Person, Role
from babyconnect.flows.completeness import Completeness, as_csv, as_json
from babyconnect.flows.publish import Input, PublishingNode, publish
from babyconnect.network.tallies import Tallies
from babyconnect.web.administration import completeness as page
from babyconnect.web.simulators.users import User
from tests.spec.publishing.records import NOW, Node
from tests.spec.viewer.stage import HASHED, OWN, Stage
from tests.support.ada_material import BASIS, TRANSACTIONS, full_xml
from tests.support.asgi import ask

KRAAM = "med_mij_kraam_beschikbaarstellen"
NOTE = b"tekst"


class Desk:
    """A node that counts, and the file in which it does."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "counts.sqlite"
        self.tallies = Tallies(self.file)
        self.completeness = Completeness(self.tallies, lambda: NOW, "proefsysteem")
        kept = Node().node
        self.node = PublishingNode(
            kept.writer, kept.secret, kept.tenant, kept.index, kept.now, tally=self.completeness.note
        )

    async def take(self, content: bytes) -> str:
        report = await publish([Input("export", content=content)], self.node)
        return report.inputs[0].status


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def without(content: bytes, element: bytes) -> bytes:
    """The record without its elements of that name (they hold nothing else)."""
    start = content.index(b"<" + element + b" ")
    return content[:start] + content[content.index(b"/>", start) + 2 :]


async def test_what_a_record_fills_is_counted_and_what_it_lacks_is_named(desk: Desk) -> None:
    assert await desk.take(full_xml()) != "refused"
    assert await desk.take(without(full_xml(), b"partusnummer").replace(b'id="vol"', b'id="ander"')) != "refused"
    (export,) = desk.completeness.exports()
    assert (export.tally.source, export.tally.transaction, export.tally.records) == ("proefsysteem", BASIS, 2)
    delivery = next(group for group in export.groups if group.name == "Bevalling")
    number = next(one for one in delivery.elements if one.item.name == "Partusnummer")
    assert (number.state, number.filled, number.share) == ("filled", 1, 50)
    assert not delivery.of("empty")


async def test_what_never_arrives_is_named_by_the_data_sets_own_name(desk: Desk) -> None:
    await desk.take(without(full_xml(), b"partusnummer"))
    (export,) = desk.completeness.exports()
    empty = [one.item.name for group in export.groups for one in group.of("empty")]
    assert empty == ["Partusnummer"]


async def test_what_arrives_and_has_no_place_counts_as_not_translatable(desk: Desk) -> None:
    await desk.take(full_xml())
    (export,) = desk.completeness.exports()
    lost = {one.item.concept for group in export.groups for one in group.of("lost")}
    assert {"1183", "9861"} <= lost


async def test_the_same_record_again_is_not_counted_again(desk: Desk) -> None:
    await desk.take(full_xml())
    assert await desk.take(full_xml()) == "already published"
    (export,) = desk.completeness.exports()
    assert export.tally.records == 1


async def test_a_refused_record_counts_as_refused_and_fills_nothing(desk: Desk) -> None:
    bad = full_xml().replace(b'value="999900730"', b'value="999900731"')
    assert await desk.take(bad) == "refused"
    (export,) = desk.completeness.exports()
    assert (export.tally.records, export.tally.refused) == (0, 1)
    assert not any(group.of("filled") for group in export.groups)


async def test_each_transaction_is_counted_apart(desk: Desk) -> None:
    for transaction in TRANSACTIONS:
        await desk.take(full_xml(transaction))
    assert {export.tally.transaction for export in desk.completeness.exports()} == set(TRANSACTIONS)


async def test_counts_outlive_the_process(desk: Desk) -> None:
    await desk.take(full_xml())
    desk.tallies.close()
    again = Completeness(Tallies(desk.file), lambda: NOW)
    assert [export.tally.records for export in again.exports()] == [1]


async def test_no_value_of_a_client_is_kept_or_shown(desk: Desk) -> None:
    await desk.take(full_xml())
    desk.tallies.close()
    kept = b"".join(path.read_bytes() for path in desk.file.parent.glob("counts.sqlite*"))
    again = Completeness(Tallies(desk.file), lambda: NOW)
    shown = as_csv(again.exports()[0]) + str(as_json(again.exports())).encode()
    for secret in (b"999900730", b"1990-02-28", NOTE):
        assert secret not in kept and secret not in shown, secret


async def test_a_spreadsheet_has_a_row_for_every_data_element(desk: Desk) -> None:
    await desk.take(full_xml())
    (export,) = desk.completeness.exports()
    table = list(csv.reader(io.StringIO(as_csv(export).decode("utf-8-sig")), delimiter=";"))
    assert table[0][:4] == ["hoofdstuk", "gegeven", "nummer", "toestand"]
    assert len(table) == 1 + sum(len(group.elements) for group in export.groups)
    assert {row[3] for row in table[1:]} <= {"gevuld", "niet te vertalen", "komt nooit"}


async def test_a_supplier_reads_it_with_its_intake_token_and_nobody_without(desk: Desk) -> None:
    await desk.take(full_xml())

    async def unused(*_: object) -> None:
        raise AssertionError("nothing is handed in here")

    app = Intake(hashlib.sha256(b"token").hexdigest(), unused, unused,  # type: ignore[arg-type]
                 complete=lambda: as_json(desk.completeness.exports()))  # fmt: skip
    for token, status in (("token", 200), ("other", 401), ("", 401)):
        headers = {"authorization": f"Bearer {token}"} if token else {}
        response = await ask(app, "GET", "/intake/completeness", headers)
        assert response.status == status
    told = (await ask(app, "GET", "/intake/completeness", {"authorization": "Bearer token"})).json()
    assert told[0]["records"] == 1 and told[0]["groups"][0]["elements"]
    assert (await ask(app, "POST", "/intake/completeness", {"authorization": "Bearer token"}, b"x")).status == 405


def staged(desk: Desk) -> Stage:
    users = (
        User("bas", HASHED, Person("local:bas", "Bas", Role.EMPLOYEE), OWN.ura, OWN.name, (Function.ADMINISTRATOR,)),
        User("fleur", HASHED, Person("local:f", "Fleur", Role.EMPLOYEE), OWN.ura, OWN.name,
             (Function.PRIVACY_OFFICER,)),
    )  # fmt: skip
    return Stage(users, chapters=(page.chapter(desk.completeness),))


async def test_an_administrator_sees_it_and_nobody_else(desk: Desk) -> None:
    await desk.take(full_xml(KRAAM))
    for name, status in (("bas", 200), ("anna", 404), ("fleur", 404)):
        stage = staged(desk)
        await stage.log_in(name)
        for path in ("", "1.csv"):
            assert (await stage.visitor.get(f"/viewer/volledigheid/{path}")).status == status, (name, path)


async def test_the_page_says_what_never_arrives_in_either_language(desk: Desk) -> None:
    await desk.take(without(full_xml(KRAAM), b"gezinssamenstelling"))
    stage = staged(desk)
    await stage.log_in("bas")
    dutch = (await stage.visitor.get("/viewer/volledigheid/")).text
    assert "Kraamzorg 3.2" in dutch and "Gezinssamenstelling" in dutch and "Komt nooit" in dutch
    await stage.visitor.get("/viewer/taal/en?naar=/viewer/volledigheid/")
    english = (await stage.visitor.get("/viewer/volledigheid/")).text
    assert "Maternity care" in english and "Never arrives" in english and "Gezinssamenstelling" in english
    assert (await stage.visitor.get("/viewer/volledigheid/9.csv")).status == 404


async def test_before_anything_came_the_page_says_so(desk: Desk) -> None:
    stage = staged(desk)
    await stage.log_in("bas")
    assert "nog niets aangeleverd" in (await stage.visitor.get("/viewer/volledigheid/")).text


async def test_another_version_of_the_data_set_is_counted_as_such(desk: Desk) -> None:
    desk.node = replace(desk.node, ada_version="4.0-beta")
    await desk.take(full_xml(KRAAM))
    (export,) = desk.completeness.exports()
    assert export.tally.version == "4.0-beta"
    assert "11102" in {one.item.concept for group in export.groups for one in group.elements}
