"""Opening the viewer from a care system (SMART App Launch 2): context, no second log-in, switches, refusals."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc.jwk import ECKey

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Role
from babyconnect.web.login import launch
from babyconnect.web.login.relying_party import Issuer
from babyconnect.web.login.smart import CareSystem, Launched
from babyconnect.web.simulators.care_system.app import CareSystems, care_systems_app
from babyconnect.web.simulators.care_system.records import Listed, Practice, Works, practitioner_role
from tests.spec.viewer.stage import BASE, BSN, HASHED, ISSUER, OTHER_BSN, OWN, PASSWORD, SECRET, Stage
from tests.support.visitor import Answer, InProcess, Visitor

AT = "http://region.test/zis"
FHIR = f"{AT}/{OWN.ura.value}/fhir"
NOOR, SANNE = Listed("c1", "Noor Voorbeeld", BSN), Listed("c2", "Sanne Test", OTHER_BSN)
ANNA = Works("anna", HASHED, "Anna de Vries", Role.MIDWIFE, "900000001")
BEA = Works("bea", HASHED, "Bea Bos", Role.MIDWIFE, "900000002")
PRACTICE = Practice(OWN.ura.value, OWN.name, BASE, (ANNA, BEA), (NOOR, SANNE))


class Wire(InProcess):
    """A back channel to the care system on which a test may change what comes back."""

    def __init__(self, app: Any) -> None:
        super().__init__(app)
        self.changes: dict[str, dict[str, Any]] = {}

    async def get(self, url: str, bearer: str = "") -> Any:
        found = await super().get(url, bearer)
        return {**found, **self.changes.get(urlsplit(url).path.rsplit("/fhir/")[-1], {})}

    async def post(self, url: str, fields: Any, basic: Any) -> tuple[int, Any]:
        status, found = await super().post(url, fields, basic)
        return status, {**found, **self.changes.get("token", {})}


class Desk(Stage):
    """A care system with two clients and two midwives, and the viewer of the same practice; one browser for both."""

    def __init__(self, practice: Practice = PRACTICE, iss: str = FHIR) -> None:
        super().__init__()
        self.practice = practice
        self.to_viewer = InProcess(None)
        systems = CareSystems(
            AT, ECKey.generate_key("P-256"), lambda: {OWN.ura.value: self.practice}, self.clock.epoch,
            backchannel=self.to_viewer,
        )  # fmt: skip
        self.care_system = care_systems_app(systems)
        self.backchannel = self.wire = Wire(self.care_system)
        self.care_systems = [CareSystem(iss, "babyconnect")]
        self.build(Issuer(ISSUER, "kijker", SECRET))
        self.to_viewer.app = self.viewer
        self.screen = Visitor(self.care_system)

    async def leave(self) -> None:
        page = await self.screen.get(f"{AT}/{OWN.ura.value}/")
        await self.screen.post(f"{AT}/{OWN.ura.value}/afmelden", {"csrf": page.field("csrf")})

    async def work_as(self, username: str) -> None:
        self.screen.jar.clear()
        fields = {"username": username, "password": PASSWORD}
        assert (await self.screen.post(f"{AT}/{OWN.ura.value}/aanmelden", fields)).status == 303

    async def press(self, client: str) -> str:
        """The button "Open in Babyconnect": where it sends the browser."""
        page = await self.screen.get(f"{AT}/{OWN.ura.value}/")
        pressed = await self.screen.post(f"{AT}/{OWN.ura.value}/open", {"csrf": page.field("csrf"), "client": client})
        assert pressed.location.startswith(f"{BASE}/viewer/launch?")
        return pressed.location

    async def way_back(self, address: str) -> str:
        """From the viewer's launch address by way of the care system to the viewer's return address."""
        begun = await self.visitor.get(address)
        assert begun.status == 303, begun.text
        return (await self.screen.get(begun.location)).location

    async def launch(self, client: str = "c1") -> Answer:
        return await self.visitor.get(await self.way_back(await self.press(client)))


async def desk(username: str = "anna", **given: Any) -> Desk:
    made = Desk(**given)
    await made.work_as(username)
    return made


async def test_the_record_of_the_open_client_opens_without_a_second_login() -> None:
    at = await desk()
    answer = await at.launch()
    assert answer.status == 303 and answer.location.startswith("/viewer/dossier/")
    page = await at.visitor.get(answer.location + "?geheel=1")
    assert "Anna de Vries</strong>, verloskundige" in page.text
    ((bsn, person),) = at.asked
    assert (bsn, person.id, person.role) == (Bsn(BSN), "dezi:900000001", Role.MIDWIFE)


async def test_the_care_system_s_own_login_counts_as_a_lower_assurance_on_the_screen_and_in_the_log() -> None:
    at = await desk()
    answer = await at.launch()
    assert "lager betrouwbaarheidsniveau" in (await at.visitor.get(answer.location)).text
    event = at.noted[-1]
    assert (event.type, event.outcome, event.loa, event.how) == ("login", "ok", "low", "care-system")
    assert (event.about, event.episode) == (Bsn(BSN), "episode-c1")


async def test_no_address_of_a_launch_holds_a_bsn_or_a_name() -> None:
    at = await desk()
    pressed = await at.press("c1")
    begun = await at.visitor.get(pressed)
    back = (await at.screen.get(begun.location)).location
    opened = (await at.visitor.get(back)).location
    assert not any(word in address for address in (pressed, begun.location, back, opened) for word in (BSN, "Noor"))


async def test_the_request_carries_the_launch_the_audience_state_nonce_and_an_s256_challenge() -> None:
    at = await desk()
    pressed = await at.press("c1")
    query = {k: v[0] for k, v in parse_qs(urlsplit((await at.visitor.get(pressed)).location).query).items()}
    assert query["aud"] == FHIR and query["launch"] == parse_qs(urlsplit(pressed).query)["launch"][0]
    assert query["code_challenge_method"] == "S256" and {"launch", "openid", "fhirUser"} <= set(query["scope"].split())
    assert all(len(query[name]) >= 43 for name in ("state", "nonce", "code_challenge"))


async def test_another_client_in_the_care_system_closes_the_record_of_the_first_before_hers_is_asked_for() -> None:
    at = await desk()
    first = (await at.launch("c1")).location
    held = dict(at.visitor.jar)
    begun = await at.visitor.get(await at.press("c2"))
    gone = await Visitor(at.viewer, jar=held).get(first)
    assert gone.status == 404, "the old record is closed as soon as the switch begins"
    second = await at.visitor.get((await at.screen.get(begun.location)).location)
    assert [event.type for event in at.noted[-2:]] == ["context.switch", "login"]
    assert (await Visitor(at.viewer, jar=held).get(first)).status == 303, "and the session over when it comes about"
    assert second.location != first
    await at.visitor.get(second.location + "?geheel=1")
    assert [bsn.value for bsn, _ in at.asked][-1] == OTHER_BSN
    assert (await at.visitor.get(first)).status == 404, "nor does the new session open the old record"


async def test_another_user_in_the_care_system_ends_the_session_of_the_first() -> None:
    at = await desk("anna")
    first = (await at.launch()).location
    held = dict(at.visitor.jar)
    await at.work_as("bea")
    second = await at.launch()
    assert "Bea Bos" in (await at.visitor.get(second.location)).text
    assert (await Visitor(at.viewer, jar=held).get(first)).status == 303


async def test_a_user_who_leaves_the_care_system_leaves_the_viewer_too() -> None:
    at = await desk("anna")
    record = (await at.launch()).location
    await at.leave()
    assert (await at.visitor.get(record)).status == 303 and at.noted[-1].type == "logout"


async def test_the_care_system_logs_out_only_whom_it_let_in() -> None:
    at = await desk("anna")
    record = (await at.launch()).location
    direct = Stage()
    await direct.log_in()
    await at.work_as("bea")
    await at.leave()
    assert (await at.visitor.get(record)).status == 200, "bea left, anna did not"
    assert (await Visitor(at.viewer).post("/viewer/launch/afmelding", {"logout_token": "x.y.z"})).status == 400
    assert (await Visitor(direct.viewer).post("/viewer/launch/afmelding", {"logout_token": ""})).status == 400


async def test_a_switch_that_fails_shows_nobodys_record() -> None:
    at = await desk()
    first = (await at.launch("c1")).location
    back = await at.way_back(await at.press("c2"))
    refused = await at.visitor.get(back.replace("code=", "code=x"))
    assert refused.status == 403 and "dossier" not in refused.headers.get("location", "")
    assert (await at.visitor.get(first)).status == 303


async def test_a_link_of_somebody_elses_to_a_known_care_system_logs_nobody_out() -> None:
    """A page anywhere may send her browser there; what the care system did not begin, it does not answer."""
    at = await desk()
    await at.launch()
    forged = await at.visitor.get("/viewer/launch?" + urlencode({"iss": FHIR, "launch": "not-a-launch"}))
    assert forged.status == 303
    for back in (
        (await at.screen.get(forged.location)).location,
        f"{BASE}/viewer/launch/terug?" + urlencode({"code": "x", "state": "guessed"}),
    ):
        assert (await at.visitor.get(back)).status in (400, 403)
    assert (await at.visitor.get("/viewer/")).status == 200, "still logged in"
    assert not [event for event in at.noted if event.type in ("logout", "context.switch")]


async def test_nor_does_a_guessed_return_while_a_launch_is_under_way() -> None:
    at = await desk()
    await at.launch()
    await at.visitor.get("/viewer/launch?" + urlencode({"iss": FHIR, "launch": "not-a-launch"}))
    guessed = f"{BASE}/viewer/launch/terug?" + urlencode({"code": "x", "state": "guessed"})
    assert (await at.visitor.get(guessed)).status == 403
    assert (await at.visitor.get("/viewer/")).status == 200


async def test_a_launch_handle_works_once_and_for_the_user_who_made_it_only() -> None:
    at = await desk("anna")
    pressed = await at.press("c1")
    await at.work_as("bea")
    stolen = await at.visitor.get(await at.way_back(pressed))
    assert stolen.status == 403 and at.noted[-1].reason == "denied"
    await at.work_as("anna")
    pressed = await at.press("c1")
    assert (await at.visitor.get(await at.way_back(pressed))).status == 303
    assert (await at.visitor.get(await at.way_back(pressed))).status == 403


@pytest.mark.parametrize(
    "iss",
    ["http://evil.test/fhir", FHIR + "/", FHIR.upper(), f"{FHIR}?x=", f"{FHIR}@evil.test", "", f"{AT}/90000002/fhir"],
)
async def test_a_care_system_that_is_not_on_the_list_is_not_even_asked(iss: str) -> None:
    at = await desk()
    asked: list[str] = []

    async def heard(url: str, bearer: str = "") -> Any:
        asked.append(url)
        raise AssertionError

    at.wire.get = heard  # type: ignore[method-assign]
    answer = await at.visitor.get("/viewer/launch?" + urlencode({"iss": iss, "launch": "x"}))
    assert answer.status == 403 and "location" not in answer.headers and not asked
    assert (at.noted[-1].type, at.noted[-1].reason) == ("login.refused", "launch:iss")


@pytest.mark.parametrize(
    ("reason", "path", "change"),
    [
        ("launch:bsn", "Patient/c1", {"identifier": []}),
        ("launch:bsn", "Patient/c1", {"identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/bsn",
                                                      "value": "123456789"}]}),
        ("launch:context", "Patient/c1", {"id": "c2"}),
        ("launch:context", "Practitioner/anna", {"resourceType": "Patient"}),
        ("launch:organisation", f"Organization/{OWN.ura.value}", {"identifier": [
            {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": "90000002"}]}),
        ("launch:role", "PractitionerRole", {"entry": []}),
        ("launch:episode", "EpisodeOfCare/episode-c1", {"patient": {"reference": "Patient/c2"}}),
        ("launch:context", "token", {"patient": "../Practitioner/anna"}),
        ("signature", "token", {"id_token": ""}),
        ("signature", "token", {"id_token": "eyJhbGciOiJub25lIn0.e30."}),
    ],
)  # fmt: skip
async def test_a_context_that_does_not_hold_opens_nothing(reason: str, path: str, change: dict[str, Any]) -> None:
    at = await desk()
    at.wire.changes[path] = change
    answer = await at.launch()
    expected = "launch:organisation" if reason == "launch:role" else reason
    assert answer.status == 403 and at.noted[-1].reason in (reason, expected) and not at.asked


async def test_a_role_that_no_table_knows_opens_nothing() -> None:
    works = Works("anna", HASHED, "Anna", Role.OUTPATIENT_CLERK, "900000001")
    at = await desk(practice=Practice(OWN.ura.value, OWN.name, BASE, (works,), (NOOR,)))
    assert (await at.launch()).status == 403 and at.noted[-1].reason == "launch:role"


async def test_what_she_is_at_another_organisation_she_is_not_here() -> None:
    """A clerk of this practice who is a midwife elsewhere is a clerk here."""
    works = Works("anna", HASHED, "Anna", Role.OUTPATIENT_CLERK, "900000001")
    at = await desk(practice=Practice(OWN.ura.value, OWN.name, BASE, (works,), (NOOR,)))
    here = practitioner_role(works, at.practice)
    uras = "http://fhir.nl/fhir/NamingSystem/ura"
    elsewhere = {
        **practitioner_role(ANNA, at.practice),
        "organization": {"identifier": {"system": uras, "value": "90000002"}},
    }
    for order in ((here, elsewhere), (elsewhere, here)):
        at.wire.changes["PractitionerRole"] = {"entry": [{"resource": one} for one in order]}
        assert (await at.launch()).status == 403
        assert at.noted[-1].reason == "launch:role" and not at.asked


async def test_a_care_system_without_pkce_or_that_does_not_answer_is_not_used() -> None:
    for change in ({"code_challenge_methods_supported": ["plain"]}, {"token_endpoint": None}):
        at = await desk()
        at.wire.changes[".well-known/smart-configuration"] = change
        answer = await at.visitor.get(await at.press("c1"))
        assert answer.status == 503 and "antwoordt niet" in answer.text


async def test_when_the_log_cannot_be_written_nobody_comes_in() -> None:
    at = await desk()
    back = await at.way_back(await at.press("c1"))
    at.log_fault = OSError("disk full")
    answer = await at.visitor.get(back)
    assert answer.status == 500 and "babyconnect_90000001" not in at.visitor.jar and not at.asked


async def test_nobody_presses_the_button_of_a_care_system_without_having_logged_in_there() -> None:
    at = Desk()
    assert (await at.screen.post(f"{AT}/{OWN.ura.value}/open", {"client": "c1"})).status == 403
    assert (await at.screen.post(f"{AT}/90000002/open", {"client": "c1"})).status == 404


def launched_by(issuer: str, subject: str) -> Launched:
    return Launched(CareSystem(issuer, "x", ""), {"iss": issuer, "sub": subject}, {}, {})


def test_two_care_systems_never_call_two_people_by_one_name() -> None:
    """What a person is called stands in the log, in other organisations' logs, and tells two people apart."""
    systems = launch.document("launch.toml")
    long = "x" * 200
    pairs = [("https://a.test/fhir", "7"), ("https://b.test/fhir", "7"), ("https://a.test/other", "7"),
             ("https://a.test/fhir", f"{long}1"), ("https://a.test/fhir", f"{long}2")]  # fmt: skip
    named = [launch._person_id(launched_by(*pair), systems) for pair in pairs]
    assert len(set(named)) == len(pairs) and all(len(name) <= launch.LONGEST_ID for name in named)
    assert named[0] == launch._person_id(launched_by(*pairs[0]), systems) == "care-system:a.test/fhir:7"
