"""What the node's log holds of a log-in: who, how sure, from where, about whom; and never a BSN."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from babyconnect.audit.faults import AuditFault
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.flows.journal import Journal
from babyconnect.network.staff import Staff
from babyconnect.web.login.routes import LoginEvent
from babyconnect.wiring.people import noter

BSN = Bsn("999900730")
OWN = Party(Ura("90000001"), "De Linde", Kind.MIDWIFERY_PRACTICE)


class Log:
    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.full = False

    async def append(self, event: Mapping[str, Any]) -> Any:
        if self.full:
            raise AuditFault("disk full")
        self.events.append(event)


async def noted(event: LoginEvent) -> Mapping[str, Any]:
    log = Log()
    await noter(Journal(OWN, log, b"k" * 32, lambda: dt.datetime.now(dt.UTC)))(event)
    assert BSN.value.encode() not in orjson.dumps(log.events)
    return log.events[0]


async def test_a_professional_s_log_in_says_role_assurance_way_and_address() -> None:
    event = await noted(LoginEvent("login", "ok", "dezi:900000001", "midwife", "high", "dezi", address="192.0.2.1"))
    actor = event["actor"]
    assert (actor["person"], actor["role"], actor["loa"]) == ("dezi:900000001", "midwife", "high")
    assert event["object"] == "login/dezi" and event["network"][0] == "192.0.2.1"


async def test_a_launch_says_whose_record_was_opened_in_which_episode() -> None:
    launch = LoginEvent("login", "ok", "x", "midwife", "low", "care-system", about=BSN, episode="e1")
    event, hers = await noted(launch), await noted(LoginEvent("login", "ok", role="client", client=BSN))
    assert event["episodes"] == ["e1"] and event["pseudonym"] == hers["pseudonym"], "she finds it in her own overview"


async def test_a_client_s_log_in_knows_her_by_her_pseudonym_and_a_representative_by_the_parent_s() -> None:
    event = await noted(LoginEvent("context.switch", "ok", role="representative", loa="substantial", client=BSN))
    assert event["actor"]["role"] == "representative" and event["actor"]["person"] == event["pseudonym"]


async def test_a_refusal_says_why_and_names_nobody() -> None:
    event = await noted(LoginEvent("login.refused", "refused", reason="dezi:revoked", address="192.0.2.1"))
    assert (event["outcome"], event["reasons"], event["actor"]["person"]) == ("refused", ["dezi:revoked"], "unknown")


async def test_whoever_logged_in_here_is_known_by_the_name_of_her_last_log_in_also_after_a_restart(
    tmp_path: Path,
) -> None:
    staff, log = Staff(tmp_path / "staff.sqlite"), Log()
    note = noter(Journal(OWN, log, b"k" * 32, lambda: dt.datetime.now(dt.UTC)), staff)
    await note(LoginEvent("login", "ok", "dezi:1", "midwife", name="L. Veenstra"))
    await note(LoginEvent("login", "ok", "dezi:1", "midwife", name="L. Veenstra-de Boer"))
    await note(LoginEvent("login.refused", "refused", "dezi:2", name="An intruder"))
    await note(LoginEvent("login", "ok", role="client", name="A client", client=BSN))
    staff.close()
    again = Staff(tmp_path / "staff.sqlite")
    assert again.shown("dezi:1") == "L. Veenstra-de Boer (dezi:1)"
    assert again.shown("dezi:2") == "dezi:2" and again.name("") == ""
    assert b"Veenstra" not in orjson.dumps(log.events), "the log itself names nobody"
    again.close()


async def test_a_log_in_that_could_not_be_logged_leaves_no_name(tmp_path: Path) -> None:
    staff, log = Staff(tmp_path / "staff.sqlite"), Log()
    log.full = True
    with pytest.raises(AuditFault):
        await noter(Journal(OWN, log, b"k" * 32, lambda: dt.datetime.now(dt.UTC)), staff)(
            LoginEvent("login", "ok", "dezi:1", name="L. Veenstra")
        )
    assert staff.name("dezi:1") == ""
    staff.close()


async def test_what_cannot_be_written_is_a_fault_for_whoever_asked() -> None:
    log = Log()
    log.full = True
    with pytest.raises(AuditFault):
        await noter(Journal(OWN, log, b"k" * 32, lambda: dt.datetime.now(dt.UTC)))(LoginEvent("login", "ok", "x"))
