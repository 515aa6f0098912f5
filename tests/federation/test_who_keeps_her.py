"""The consent register and a curious organisation: genuine, listed, and no organisation of hers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.parties import Role
from babyconnect.network.consent import resources
from babyconnect.network.consent.replica import ConsentReplica
from babyconnect.network.contract import NotKept
from tests.federation.region import GP, HOSPITAL, KRAAM, PRACTICE, give, professional, take_back
from tests.federation.test_consent_register import herself
from tests.federation.test_regional_services import HERE, SOON, asker, registered

GENERAL = [
    Consent("", False, "kind:hospital"),
    Consent("", True, "kind:midwifery_practice", "kind:general_practitioner"),
]
"""What she says of everybody's records, and of those of every general practitioner."""


async def seen(federation, party, path: str, pseudonym: str) -> tuple[int, Any]:
    """What comes back, without what tells nothing of her: the moment and the register's own position."""
    form = {"patient:identifier": f"{resources.subject_system()}|{pseudonym}"}
    status, bundle = await federation[party].region.send("POST", path, form=form)
    meta = {name: value for name, value in bundle.get("meta", {}).items() if name not in ("versionId", "lastUpdated")}
    return status, {"entry": bundle.get("entry", []), "total": bundle.get("total"), "meta": meta}


@pytest.mark.parametrize("path", ["/fhir/r4/Consent/_search", "/fhir/r4/Consent/$history"])
async def test_who_does_not_keep_her_is_answered_alike_whatever_she_said(federation, path):
    pseudonym = await registered(federation, KRAAM)
    before = await seen(federation, GP, path, pseudonym)
    ids = [await give(federation[PRACTICE], pseudonym, one, herself()) for one in GENERAL]
    assert await seen(federation, GP, path, pseudonym) == before == await seen(federation, GP, path, "q" * 43)
    assert before[0] == 200 and before[1]["entry"] == []
    assert (await seen(federation, KRAAM, path, pseudonym))[1]["entry"], "who keeps her is told"
    for id in ids:
        for address in (f"/fhir/r4/Consent/{id}", f"/fhir/r4/Consent/{id}/_history"):
            status, _ = await federation[GP].region.send("GET", address)
            assert status == 404


async def test_nor_is_what_she_said_looked_up_for_it_so_that_time_tells_nothing(federation, monkeypatch):
    pseudonym = await registered(federation, KRAAM)
    await give(federation[PRACTICE], pseudonym, GENERAL[0], herself())

    def looked(*_: object) -> Any:
        raise AssertionError("her provisions were looked up")

    for name in ("of", "all_versions"):
        monkeypatch.setattr(federation.state.consents, name, looked)
    for path in ("/fhir/r4/Consent/_search", "/fhir/r4/Consent/$history"):
        assert (await seen(federation, GP, path, pseudonym))[0] == 200


async def test_and_its_asking_is_in_the_regions_log(federation):
    pseudonym = await registered(federation, KRAAM)
    with pytest.raises(NotKept):
        await federation[GP].consents.of(pseudonym)
    event = federation.log.events[-1]
    assert (event.action, event.organisation, event.pseudonym) == ("consents", GP.ura.value, pseudonym)


async def test_nor_does_its_feed_tell_of_her(federation):
    pseudonym = await registered(federation, KRAAM)
    for party in (GP, KRAAM):
        await seen(federation, party, "/fhir/r4/Consent/_search", pseudonym)
    await give(federation[PRACTICE], pseudonym, GENERAL[0], herself())
    for party, told in ((GP, 0), (KRAAM, 1)):
        _, bundle = await federation[party].region.send(
            "GET", f"/fhir/r4/Consent/_history?_since=0&_epoch={federation.state.consents.epoch}"
        )
        assert len(bundle.get("entry", [])) == told


async def test_nor_does_the_feed_of_who_kept_her_once_and_its_replica_begins_anew(federation):
    """A record that was destroyed, or a pointer that is over, ends what the register tells; and what is remembered of
    her is not confirmed for ever by silence about what she said since."""
    pseudonym, other = await registered(federation, HOSPITAL), "q" * 43
    await federation[HOSPITAL].localisation.register(other, "xis", SOON)
    for one in (pseudonym, other):
        await seen(federation, HOSPITAL, "/fhir/r4/Consent/_search", one)
    await federation[HOSPITAL].localisation.unregister(pseudonym)
    await give(federation[PRACTICE], pseudonym, GENERAL[0], herself())
    epoch, entries = await fed(federation, federation.state.consents.epoch)
    assert entries == [] and epoch != federation.state.consents.epoch
    assert (await fed(federation, epoch, since=0))[1] == []
    await seen(federation, HOSPITAL, "/fhir/r4/Consent/_search", other)
    await give(federation[PRACTICE], other, GENERAL[0], herself())
    assert len((await fed(federation, epoch))[1]) == 1, "of whom it still keeps it hears"


async def fed(federation, epoch: str, since: int = 0) -> tuple[str, list[Any]]:
    path = f"/fhir/r4/Consent/_history?_since={since}&_epoch={epoch}"
    _, bundle = await federation[HOSPITAL].region.send("GET", path)
    return bundle["meta"]["versionId"].partition(".")[0], bundle.get("entry", [])


async def test_a_replica_that_follows_does_not_go_on_believing_what_it_remembers_of_her(federation):
    pseudonym = await registered(federation, HOSPITAL)
    replica = ConsentReplica(federation[HOSPITAL].region)
    await replica._poll()
    await replica.of(pseudonym)
    await federation[HOSPITAL].localisation.unregister(pseudonym)
    await give(federation[PRACTICE], pseudonym, GENERAL[0], herself())
    await replica._poll()
    with pytest.raises(NotKept):
        await replica.of(pseudonym)


async def test_who_registers_a_consent_of_a_client_not_yet_enrolled_reads_back_what_it_recorded_itself(federation):
    pseudonym = await registered(federation)
    await give(federation[PRACTICE], pseudonym, GENERAL[0], herself())
    own = await give(federation[HOSPITAL], pseudonym, HERE)
    await take_back(federation[KRAAM], own)
    read = await federation[HOSPITAL].desk.versions(pseudonym, professional())
    assert [(one.consent.id, one.active) for one in read] == [(own, True), (own, False)]


async def test_who_withdrew_a_consent_of_another_does_not_learn_what_it_was(federation):
    pseudonym = await registered(federation)
    own = await give(federation[HOSPITAL], pseudonym, HERE)
    await take_back(federation[KRAAM], own)
    assert await federation[KRAAM].desk.versions(pseudonym, professional()) == ()


async def test_a_holder_whose_pointer_is_over_is_told_so_and_not_that_she_said_nothing(federation):
    """Silence would read as no objection."""
    pseudonym = await registered(federation, HOSPITAL)
    await give(federation[PRACTICE], pseudonym, Consent("", False, "*"), herself())
    assert len(await federation[HOSPITAL].consents.of(pseudonym)) == 1
    await federation[HOSPITAL].localisation.unregister(pseudonym)
    with pytest.raises(NotKept):
        await federation[HOSPITAL].consents.of(pseudonym)


async def test_whoever_was_told_where_to_look_hears_that_a_pointer_is_gone_and_nobody_else(federation):
    """A record that was destroyed does not stay on the screens of others."""
    pseudonym = await registered(federation, HOSPITAL)
    await give(federation[HOSPITAL], pseudonym, HERE)
    found = await federation[PRACTICE].localisation.localise(pseudonym, asker(PRACTICE, Role.MIDWIFE))
    assert len(found.located) == 1
    state, since = federation.state.consents, federation.state.consents.stirs
    await federation[KRAAM].localisation.unregister(pseudonym)
    assert state.stirred(PRACTICE.ura, since) == frozenset(), "nothing of its own was there"
    await federation[HOSPITAL].localisation.unregister(pseudonym)
    assert state.stirred(GP.ura, since) == frozenset()
    for _ in range(2):  # each process of an organisation follows by itself
        assert state.stirred(PRACTICE.ura, since) == {pseudonym}
    assert state.stirred(PRACTICE.ura, state.stirs) == frozenset()


async def test_screens_that_wait_in_each_process_ask_anew_within_moments_and_once(federation):
    pseudonym = await registered(federation, HOSPITAL)
    await give(federation[HOSPITAL], pseudonym, HERE)
    replicas = [federation[PRACTICE].consents, ConsentReplica(federation[PRACTICE].region)]
    for replica in replicas:
        replica.start()
        while replica._stirred is None:
            await asyncio.sleep(0.01)
    await federation[PRACTICE].localisation.localise(pseudonym, asker(PRACTICE, Role.MIDWIFE))
    waiting = [replica.changes(pseudonym, replica.now()) for replica in replicas]
    await federation[HOSPITAL].localisation.unregister(pseudonym)
    async with asyncio.timeout(20):
        for changes in waiting:
            await anext(changes)
    again = asyncio.ensure_future(anext(waiting[0]))
    await asyncio.sleep(1.0)
    assert not again.done()
    again.cancel()
    await replicas[1].close()
