"""The administrator's page: upload, preview with the real decision, activate from a day; everything is logged."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.parties import Person, Role
from babyconnect.definitions import document as definitions_of
from babyconnect.trust import policies, policy
from babyconnect.trust.rules import rules_on
from tests.spec.viewer.stage import BSN, OTHER_BSN, OWN

from .office import TODAY, Office

PAGE = "/beheer"
CARER = {"soort": "maternity_home_care", "functie": "maternity_carer", "doel": "TREAT", "grond": "episode"}


def document(version: str = "region-1", without: str = "allergies") -> str:
    built_in = policy.built_in(TODAY)
    assert built_in is not None
    made: dict[str, Any] = json.loads(policy.written(built_in))
    made["version"] = version
    row = next(row for row in made["groups"] if row["group"] == without)
    row["kinds"].remove("maternity_home_care")
    return json.dumps(made)


async def test_a_new_version_is_kept_previewed_and_activated(office: Office) -> None:
    await office.keep_her()
    await office.stage.log_in("beheer")
    assert (await office.post(f"{PAGE}/nieuw", document=document())).status == 200
    assert office.policies.on(TODAY) == rules_on(TODAY)
    shown = await office.post(f"{PAGE}/voorbeeld", bsn=BSN, versie="region-1", **CARER)
    assert shown.status == 200 and BSN not in shown.text
    now, then = (part.split("</div>")[0] for part in shown.text.split('<div class="card">')[1:3])
    assert "allergies" in now and "allergies" not in then and "history" not in then.split("groepen")[0]
    answer = await office.post(f"{PAGE}/ingang", versie="region-1", vanaf=str(TODAY))
    assert answer.status == 200 and office.policies.on(TODAY) == rules_on(TODAY), "a second administrator confirms it"
    assert (await confirmed(office)).status == 303
    assert office.policies.on(TODAY).version == "region-1"
    said = [event["object"] for event in office.log.of("administer")]
    (id,) = [one.rpartition(" ")[2] for one in said if "proposal" in one]
    assert said == [
        "role_matrix/upload",
        "role_matrix/region-1 preview",
        f"role_matrix/region-1 {TODAY} proposal {id}",
        f"role_matrix/region-1 {TODAY} confirms {id}",
    ]
    people = [event["actor"]["person"] for event in office.log.of("administer")][-2:]
    assert people == ["local:beheer", "local:beheer2"]
    (made,) = office.policies.activations() or ()
    assert (made.by, made.confirmed) == ("local:beheer", "local:beheer2")
    assert BSN not in str(office.log.events)


async def confirmed(office: Office, by: str = "beheer2", step: str = "bevestigen") -> Any:
    """Somebody takes the proposal that waits."""
    await office.stage.log_in(by)
    (one,) = office.rules.proposals.waiting() if office.rules.proposals else ()
    return await office.post(f"{PAGE}/{step}", voorstel=one.id)


async def test_nobody_confirms_what_was_ones_own_proposal(office: Office) -> None:
    await office.stage.log_in("beheer")
    await office.post(f"{PAGE}/nieuw", document=document())
    await office.post(f"{PAGE}/ingang", versie="region-1", vanaf=str(TODAY))
    assert (await confirmed(office, "beheer")).status == 422
    assert office.policies.on(TODAY) == rules_on(TODAY)
    assert [event["outcome"] for event in office.log.of("administer")][-1] == "refused"


async def test_a_proposal_that_was_dropped_is_confirmed_by_nobody(office: Office) -> None:
    await office.stage.log_in("beheer")
    await office.post(f"{PAGE}/nieuw", document=document())
    await office.post(f"{PAGE}/ingang", versie="region-1", vanaf=str(TODAY))
    (one,) = office.rules.proposals.waiting() if office.rules.proposals else ()
    await confirmed(office, step="vervallen")
    assert (await office.post(f"{PAGE}/bevestigen", voorstel=one.id)).status == 422
    assert office.policies.activations() == ()


async def test_a_version_that_was_changed_after_it_was_proposed_is_not_confirmed(office: Office) -> None:
    await office.stage.log_in("beheer")
    await office.post(f"{PAGE}/nieuw", document=document())
    await office.post(f"{PAGE}/ingang", versie="region-1", vanaf=str(TODAY))
    (file,) = office.folder.glob("rules/region-1.json")
    file.write_text(document(without="history"))
    assert (await confirmed(office)).status == 422
    assert office.policies.activations() == ()


async def test_where_there_is_one_administrator_the_organisation_may_let_one_be_enough(tmp_path: Path) -> None:
    office = Office(tmp_path)
    desk = replace(office.rules, proposals=None)
    by = Person("local:beheer", "Beheer", Role.EMPLOYEE)
    assert isinstance(await desk.upload(document().encode(), by), policy.Policy)
    assert await desk.activate("region-1", TODAY, by) is None
    assert office.policies.on(TODAY).version == "region-1"
    office.close()


async def test_a_preview_is_the_real_decision_with_her_consents_as_they_are(office: Office) -> None:
    await office.keep_her()
    office.said = (Consent("c1", False, "kind:maternity_home_care"),)
    await office.stage.log_in("beheer")
    await office.post(f"{PAGE}/nieuw", document=document())
    shown = await office.post(f"{PAGE}/voorbeeld", bsn=BSN, versie="region-1", **CARER)
    assert shown.text.count("Geen inzage") == 2 and "bezwaar" in shown.text


async def test_a_preview_asks_the_mitz_nothing_and_says_that_it_was_left_out(tmp_path: Path) -> None:
    office = Office(tmp_path, mitz=True)
    try:
        await office.keep_her()
        await office.stage.log_in("beheer")
        await office.post(f"{PAGE}/nieuw", document=document())
        shown = await office.post(f"{PAGE}/voorbeeld", bsn=BSN, versie="region-1", **CARER)
        assert shown.status == 200 and "allergies" in shown.text and not office.asked_mitz
        assert "De Mitz is hier buiten beschouwing gelaten" in shown.text
        own = CARER | {"ura": OWN.ura.value, "soort": OWN.kind.value, "functie": "midwife"}
        shown = await office.post(f"{PAGE}/voorbeeld", bsn=BSN, versie="region-1", **own)
        assert shown.status == 200 and "Mitz" not in shown.text, "within one organisation the Mitz is not asked"
    finally:
        office.close()


async def test_without_the_mitz_a_preview_does_not_speak_of_it(office: Office) -> None:
    await office.keep_her()
    await office.stage.log_in("beheer")
    shown = await office.post(f"{PAGE}/voorbeeld", bsn=BSN, versie="", **CARER)
    assert shown.status == 200 and "Mitz" not in shown.text


async def test_a_preview_by_what_is_in_force_shows_it_once(office: Office) -> None:
    await office.keep_her()
    await office.stage.log_in("beheer")
    shown = (await office.post(f"{PAGE}/voorbeeld", bsn=BSN, versie="", **CARER)).text
    assert re.findall(r"<h3[^>]*>(Nu|Met deze versie) \(", shown) == ["Nu"]


async def test_a_client_who_is_not_known_here_cannot_be_previewed(office: Office) -> None:
    await office.stage.log_in("beheer")
    assert (await office.post(f"{PAGE}/voorbeeld", bsn=OTHER_BSN, versie="x", **CARER)).status == 404
    assert (await office.post(f"{PAGE}/voorbeeld", bsn="123", versie="x", **CARER)).status == 422


async def test_what_is_no_rule_is_said_and_not_kept(office: Office) -> None:
    await office.stage.log_in("beheer")
    answer = await office.post(f"{PAGE}/nieuw", document='{"version": "<script>alert(1)</script>"}')
    assert answer.status == 422 and "<script>alert" not in answer.text and office.policies.versions() == ()


async def test_what_is_wrong_is_said_with_its_place_in_the_language_of_the_page(office: Office) -> None:
    wrong = json.loads(document())
    wrong["groups"].append({**wrong["groups"][0], "group": "invented"})
    wrong["evidence"]["check"]["referral"] = "claimed"
    await office.stage.log_in("beheer")
    said = (await office.post(f"{PAGE}/nieuw", document=json.dumps(wrong))).text
    assert "<code>groups</code>: invented is geen gegevensgroep van dit programma." in said
    assert "<code>evidence.check</code>: referral moet door het register worden bevestigd." in said
    said = (await office.post(f"{PAGE}/nieuw", document='{"version": "?"}')).text
    assert "<code>$.version</code>: Hier volgt het document het schema niet." in said
    await office.visitor.get("/viewer/taal/en?naar=/viewer/")
    said = (await office.post(f"{PAGE}/nieuw", document=json.dumps(wrong))).text
    assert "invented is no data group of this program." in said and "gegevensgroep van" not in said


def test_every_problem_has_a_sentence_in_both_languages_and_every_sentence_a_problem() -> None:
    sources = [inspect.getsource(policy), inspect.getsource(policies)]
    codes = {code for text in sources for code in re.findall(r'Problem\("(\w+)"', text)}
    sentences = definitions_of("texts.toml")["rule_problems"]
    assert len(codes) > 10 and codes == set(sentences)
    assert all(set(words) == {"nl", "en"} for words in sentences.values())


async def test_the_past_cannot_be_changed_and_own_rules_can_come_back(office: Office) -> None:
    await office.stage.log_in("beheer")
    await office.post(f"{PAGE}/nieuw", document=document())
    yesterday = str(TODAY - dt.timedelta(days=1))
    assert (await office.post(f"{PAGE}/ingang", versie="region-1", vanaf=yesterday)).status == 422
    assert (await office.post(f"{PAGE}/ingang", versie="", vanaf=str(TODAY))).status == 422
    await office.post(f"{PAGE}/ingang", versie="region-1", vanaf=str(TODAY))
    await confirmed(office)
    await office.post(f"{PAGE}/ingang", versie="", eigen="ja", vanaf=str(TODAY))
    assert office.policies.on(TODAY).version == "region-1"
    await confirmed(office, "beheer")
    assert office.policies.on(TODAY) == rules_on(TODAY)


async def test_a_version_is_downloaded_as_it_can_be_uploaded(office: Office) -> None:
    await office.stage.log_in("beheer")
    own = await office.visitor.get(f"/viewer{PAGE}/versie/{rules_on(TODAY).version}.json")
    assert isinstance(policy.read(own.text.encode()), policy.Policy)
    assert (await office.visitor.get(f"/viewer{PAGE}/versie/activations.json")).status == 404


async def test_only_an_administrator_comes_here(office: Office) -> None:
    for username in ("anna", "fg"):
        await office.stage.log_in(username)
        assert (await office.visitor.get(f"/viewer{PAGE}/")).status == 404
