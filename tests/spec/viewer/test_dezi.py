"""Logging in with the register of professionals (played): what the viewer takes from it, and when it lets go."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc import jwe
from joserfc.jwk import RSAKey

from babyconnect.birthcare.parties import Person, Role
from babyconnect.trust.dezi import Believed
from babyconnect.web.login.backchannel import BackchannelFault
from babyconnect.web.login.claims import by_dezi
from babyconnect.web.login.dezi import Dezi
from babyconnect.web.login.dezi import Register as Believing
from babyconnect.web.login.relying_party import Issuer
from babyconnect.web.simulators.dezi import REGISTER, Register, number, simulator_app, verklaring_id
from babyconnect.web.simulators.identity_provider import Client
from babyconnect.web.simulators.users import User
from tests.spec.viewer.stage import BASE, BSN, HASHED, KEY, OWN, Stage, user
from tests.support.visitor import InProcess

AT = "http://region.test/dezi"
RSA = RSAKey.generate_key(2048)
OURS = RSAKey.generate_key(2048)
FLEUR = User("fleur", HASHED, Person("local:fleur", "Fleur Gerritsen", Role.EMPLOYEE), OWN.ura)


class Wire(InProcess):
    """A back channel on which the status endpoint may be out, and the answer encrypted for us."""

    out = False
    encrypted = False

    async def get(self, url: str, bearer: str = "") -> Any:
        if self.out and "/status/" in url:
            raise BackchannelFault("status 503")
        found = await super().get(url, bearer)
        if self.encrypted and url.endswith("/userinfo"):
            signed = Register(AT, RSA, lambda: 0.0).sign(found)
            return jwe.encrypt_compact({"alg": "RSA-OAEP", "enc": "A256GCM"}, signed, OURS)
        return found


class DeziStage(Stage):
    def __init__(self, users: tuple[User, ...] = (user("anna"), FLEUR), jku: str = f"{AT}/dezi/jwks.json") -> None:
        super().__init__()
        client = Client("kijker", OWN.name, (f"{BASE}/viewer/terug",))
        self.provider, self.register = simulator_app(AT, users, (client,), (KEY, RSA), self.clock.epoch)
        self.backchannel = self.wire = Wire(self.provider)
        believed = Believed(frozenset({jku}), frozenset({REGISTER}), self.register.status)
        register = Believing(f"{AT}/userinfo", believed, 300, OURS)
        functions = {f"dezi:{number('fleur')}": ("privacy_officer",)}
        self.identify = by_dezi(Dezi(register, OWN, self.wire, self.clock.epoch), functions)
        self.build(Issuer(AT, "kijker"))

    async def log_in(self, username: str = "anna", password: str = "") -> Any:
        return await self.come_back(username, "/dezi/authorize")


async def test_a_midwife_logs_in_with_a_high_level_of_assurance_that_the_log_hears_of() -> None:
    stage = DeziStage()
    assert (await stage.log_in()).status == 303
    page = (await stage.visitor.get("/viewer/")).text
    assert "verloskundige" in page and "lager betrouwbaarheidsniveau" not in page
    event = stage.noted[-1]
    assert (event.person, event.loa, event.how) == (f"dezi:{number('anna')}", "high", "dezi")


async def test_who_asks_sources_is_known_to_them_by_the_register_s_number_and_level() -> None:
    stage = DeziStage()
    await stage.log_in()
    await stage.record()
    (_, person) = stage.asked[0]
    assert (person.id, person.role, person.loa) == (f"dezi:{number('anna')}", Role.MIDWIFE, "high")


async def test_an_answer_that_is_encrypted_for_us_is_read() -> None:
    stage = DeziStage()
    stage.wire.encrypted = True
    assert (await stage.log_in()).status == 303


async def test_a_privacy_officer_without_a_code_comes_in_by_the_node_s_own_data() -> None:
    stage = DeziStage()
    assert (await stage.log_in("fleur")).status == 303
    assert 'name="bsn"' not in (await stage.visitor.get("/viewer/")).text


async def test_somebody_of_another_organisation_does_not_come_in() -> None:
    stage = DeziStage((user("anna", ura="90000002"),))
    answer = await stage.log_in()
    assert answer.status == 403 and "andere organisatie" in answer.text
    assert stage.noted[-1].reason == "dezi:organisation"


async def test_keys_elsewhere_than_on_the_allow_list_are_not_fetched_and_nobody_comes_in() -> None:
    stage = DeziStage(jku="https://another.test/jwks.json")
    assert (await stage.log_in()).status == 403 and stage.noted[-1].reason == "dezi:jku"


async def test_a_revoked_verklaring_and_one_of_which_nothing_is_known_let_nobody_in() -> None:
    stage = DeziStage()
    stage.register.revoked.add(verklaring_id(user("anna")))
    assert (await stage.log_in()).status == 403 and stage.noted[-1].reason == "dezi:revoked"
    stage = DeziStage()
    stage.wire.out = True
    assert (await stage.log_in()).status == 403 and stage.noted[-1].reason == "dezi:status_unknown"


async def test_whoever_is_revoked_while_she_is_in_is_out_within_five_minutes_with_her_open_record() -> None:
    stage = DeziStage()
    await stage.log_in()
    address = await stage.open(BSN)
    stage.register.revoked.add(verklaring_id(user("anna")))
    assert (await stage.visitor.get(address)).status == 200, "asked less than five minutes ago"
    stage.clock.seconds += 301
    assert (await stage.visitor.get(address)).status == 303
    assert "Aanmelden</a>" in (await stage.visitor.get("/viewer/")).text
    assert stage.noted[-1].type == "logout"


async def test_a_status_endpoint_that_falls_silent_ends_the_session_too() -> None:
    stage = DeziStage()
    await stage.log_in()
    address = await stage.open(BSN)
    stage.wire.out = True
    stage.clock.seconds += 301
    assert (await stage.visitor.get(address)).status == 303


@pytest.mark.parametrize("answer", [{}, {"verklaring": 7}, {"verklaring": "x.y"}, [], {"sub": "local:else"}])
async def test_a_userinfo_answer_without_a_verklaring_of_this_person_lets_nobody_in(answer: Any) -> None:
    stage = DeziStage()
    stage.wire.answers[f"{AT}/userinfo"] = answer
    assert (await stage.log_in()).status == 403
