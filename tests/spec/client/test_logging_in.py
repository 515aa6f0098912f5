"""The client's site: who comes in, for whom she acts, and what ends it."""

from __future__ import annotations

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.web.client.claims import ClientClaims, client_of
from babyconnect.web.login.relying_party import LoginRefused
from tests.spec.client.stage import ANOTHER, CHILD, ClientStage, child
from tests.spec.viewer.stage import BSN, START, Stage
from tests.support.visitor import Visitor


async def test_a_client_logs_in_and_is_greeted_by_name_without_a_number_anywhere() -> None:
    at = ClientStage()
    assert (await at.log_in()).location == "/client/"
    page = await at.start()
    assert "Noor Voorbeeld" in page.text and BSN not in page.text
    assert not any(BSN in cookie for cookie in at.visitor.jar.values())


async def test_a_login_that_establishes_too_little_is_refused_in_plain_words_and_logged() -> None:
    at = ClientStage()
    answer = await at.log_in("piet")
    assert answer.status == 403 and "meer zekerheid" in answer.text
    assert (at.noted[-1].type, at.noted[-1].reason) == ("login.refused", "loa")
    assert (await ClientStage(least="low").log_in("piet")).status == 303


async def test_the_log_hears_of_her_before_she_is_in_and_nobody_comes_in_when_it_cannot() -> None:
    at = ClientStage()
    await at.log_in()
    event = at.noted[-1]
    assert (event.type, event.role, event.loa, event.client) == ("login", "client", "substantial", Bsn(BSN))
    at = ClientStage()
    at.log_fault = OSError("disk full")
    assert (await at.log_in()).status == 500
    at.log_fault = None
    assert "Inloggen</a>" in (await at.start()).text


async def test_pages_of_other_modules_are_closed_without_a_session() -> None:
    at = ClientStage()
    answer = await at.visitor.get("/client/blad/")
    assert (answer.status, answer.location, at.seen) == (303, "/client/", [])
    await at.log_in()
    assert (await at.visitor.get("/client/blad/")).status == 200 and at.seen == [Bsn(BSN)]


async def test_a_parent_acts_for_a_child_up_to_eleven_and_goes_back_to_herself() -> None:
    at = ClientStage()
    at.wards = [child(11)]
    await at.log_in()
    assert (await at.act_for()).status == 303
    assert "namens Mees Voorbeeld" in (await at.start()).text
    await at.visitor.get("/client/blad/")
    await at.act_for("-")
    await at.visitor.get("/client/blad/")
    assert at.seen == [CHILD, Bsn(BSN)]
    assert [(e.type, e.role) for e in at.noted[-2:]] == [("context.switch", "representative"),
                                                        ("context.switch", "client")]  # fmt: skip


async def test_for_a_child_of_twelve_or_without_authority_there_is_no_button_and_no_way() -> None:
    for ward in (child(12), child(16), child(3, "suspended"), child(3, "none"), child(3, "aunt")):
        at = ClientStage()
        at.wards = [ward]
        await at.log_in()
        assert "Mees" not in (await at.start()).text
        assert (await at.act_for("guessed")).status == 403
        await at.visitor.get("/client/blad/")
        assert at.seen == [Bsn(BSN)]


async def test_authority_that_ends_while_she_acts_works_at_once_on_every_page() -> None:
    at = ClientStage()
    at.wards = [child(3)]
    await at.log_in()
    await at.act_for()
    at.wards = [child(3, "suspended")]
    answer = await at.visitor.get("/client/blad/")
    assert (answer.status, at.seen) == (303, [])
    assert "Mees" not in (await at.start()).text


async def test_the_child_that_turns_twelve_while_she_acts_is_hers_no_more() -> None:
    at = ClientStage()
    at.wards = [child(11)]
    await at.log_in()
    await at.act_for()
    at.clock.seconds += 60
    at.wards = [child(12)]
    assert (await at.visitor.get("/client/blad/")).status == 303


async def test_a_birthday_begins_at_midnight_here_and_not_in_greenwich() -> None:
    """The evening before in Greenwich it is the day itself here."""
    at = ClientStage()
    at.wards = [child(12)]
    await at.log_in()
    at.clock.seconds -= 14 * 3600 + 10 * 60
    await at.act_for()
    assert (await at.visitor.get("/client/blad/")).status == 200 and at.seen[-1] == CHILD
    at.clock.seconds += 10 * 60
    assert at.clock.now().date() < START.date()
    assert (await at.visitor.get("/client/blad/")).status == 303 and at.seen[-1] == CHILD
    assert (await at.visitor.get("/client/blad/")).status == 200 and at.seen[-1] == Bsn(BSN)


async def test_a_handle_of_one_session_is_worth_nothing_in_another_nor_is_a_child_that_went() -> None:
    at = ClientStage()
    at.wards = [child(3)]
    await at.log_in()
    handle = (await at.start()).text.split('name="wie" value="')[-1].split('"')[0]
    at.wards = [child(3, bsn=ANOTHER)]
    assert (await at.act_for(handle)).status == 403
    await at.log_in()
    assert (await at.act_for(handle)).status == 403


async def test_a_choice_that_no_page_of_this_session_sent_is_refused() -> None:
    at = ClientStage()
    at.wards = [child(3)]
    await at.log_in()
    assert (await at.act_for(csrf="00" * 64)).status == 403


async def test_a_client_s_session_ends_after_a_quarter_of_an_hour_and_after_two_hours_of_use() -> None:
    at = ClientStage()
    await at.log_in()
    at.clock.seconds += 15 * 60 + 1
    assert "Inloggen</a>" in (await at.start()).text
    await at.log_in()
    for _ in range(12):
        at.clock.seconds += 10 * 60
        await at.start()
    at.clock.seconds += 60
    assert "Inloggen</a>" in (await at.start()).text


async def test_a_session_of_the_one_site_opens_nothing_of_the_other() -> None:
    staff, at = Stage(), ClientStage()
    await staff.log_in()
    await at.log_in()
    assert "Aanmelden</a>" in (await Visitor(staff.viewer, jar=dict(at.visitor.jar)).get("/viewer/")).text
    assert "Inloggen</a>" in (await Visitor(at.site, jar=dict(staff.visitor.jar)).get("/client/")).text


def test_a_token_without_a_bsn_or_with_one_that_cannot_be_gives_no_client() -> None:
    for claims in ({"acr": "high"}, {"acr": "high", "bsn": "123456789"}, {"acr": "high", "bsn": ["999900730"]}):
        assert client_of(claims, ClientClaims()) == LoginRefused("bsn")


def test_a_level_of_assurance_that_no_table_knows_is_no_level() -> None:
    for acr in ("", "excellent", "HIGH", "http://eidas.europa.eu/LoA/low"):
        found = client_of({"bsn": BSN, "acr": acr}, ClientClaims())
        assert isinstance(found, LoginRefused) and found.reason == "loa"
    own = ClientClaims(levels={"loa3": "substantial"})
    assert not isinstance(client_of({"bsn": BSN, "acr": "loa3"}, own), LoginRefused)
