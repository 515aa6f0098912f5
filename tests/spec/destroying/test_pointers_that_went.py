"""A pointer to what is gone goes too, whenever the process ends and whatever was under way to the index just then."""

from __future__ import annotations

import datetime as dt
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import apsw
import pytest

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.flows.destroy import Destroyed, NotDestroyed
from babyconnect.flows.enrol import Enrolling, send_pointers
from babyconnect.network.contract import RegionFault
from babyconnect.network.roster import Roster
from babyconnect.network.roster_outbox import SETTLED_AFTER, Counts
from tests.spec.destroying.test_destroying import KEY, Index, Node, node
from tests.spec.publishing.records import NOW, bundle, record, woman

__all__ = ["node"]


class Ended(BaseException):
    """The process ends here: nothing after it runs, no handler of faults either."""


class Region(Index):
    """The index, by the whole number."""

    async def of_all(self, bsns: Sequence[Bsn]) -> Sequence[str]:
        return [f"of-{bsn.value[::-1]}" for bsn in bsns]


async def told(roster: Roster, index: Index, now: dt.datetime = NOW) -> set[str]:
    """Whom the index knows once the node's loop was through."""
    await send_pointers(Enrolling(roster, index, index, dt.timedelta(days=30), now))  # type: ignore[arg-type]
    return index.knows


async def published(node: Node, *resources: dict[str, object]) -> str:
    node.index = Region()
    client = await node.publish(bundle(*(resources or record())))
    assert len(await told(node.roster, node.index)) == 1
    return client


def ends_at(node: Node, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From this step of a destruction on the process is no more; a call to register her arrives after that."""
    whose = {"the index": node.index, "the log": node.log, "the store": node.store.writer, "the roster": node.roster}
    where, _, name = step.partition(": ")

    async def ended(*_: object, **__: object) -> None:
        raise Ended

    monkeypatch.setattr(type(whose[where]), name, ended)


@pytest.mark.parametrize(
    "step", ["the index: unregister", "the log: append", "the store: erase_client", "the roster: forget"]
)
async def test_a_process_that_ends_at_any_step_of_a_destruction_leaves_her_listed(
    node: Node, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hers = await published(node)
    known = set(node.index.knows)
    with monkeypatch.context() as broken:
        ends_at(node, step, broken)
        with pytest.raises(Ended):
            await node.destroying.destroy(node.asked(hers))
    node.index.knows |= known  # sent just before, and arriving now
    again = Roster(node.folder / "store.roster.sqlite", KEY)
    assert again.outbox.counts() == Counts(0, 1)
    assert await told(again, node.index) == set()
    assert isinstance(await node.destroying.destroy(node.asked(hers)), Destroyed), "finished by asking again"
    assert await told(again, node.index) == set()
    again.close()


async def test_a_call_that_arrives_after_the_removal_was_confirmed_is_undone_by_a_second_one(node: Node) -> None:
    hers = await published(node)
    known = set(node.index.knows)
    assert isinstance(await node.destroying.destroy(node.asked(hers)), Destroyed)
    assert await told(node.roster, node.index) == set()
    node.index.knows |= known
    assert node.roster.outbox.counts() == Counts(0, 1)
    later = NOW + SETTLED_AFTER
    assert await told(node.roster, node.index, later) == set()
    assert node.roster.outbox.counts() == Counts(0, 0)
    (name,) = known
    assert not [path for path in node.folder.glob("store.roster*") if name.encode() in path.read_bytes()]


async def test_the_list_is_worked_off_when_the_region_is_back_and_twice_is_once(node: Node) -> None:
    hers = await published(node)
    assert isinstance(await node.destroying.destroy(node.asked(hers)), Destroyed)
    node.index.away = True
    for _ in range(2):
        with pytest.raises(RegionFault):
            await told(node.roster, node.index)
    node.index.away = False
    for minutes in (0, 1, 3, 4):
        assert await told(node.roster, node.index, NOW + dt.timedelta(minutes=minutes)) == set()
    assert node.roster.outbox.counts() == Counts(0, 0)


async def test_when_nothing_is_destroyed_she_stays_findable_for_as_long_as_before(node: Node) -> None:
    hers = await published(node)
    known, pointers = set(node.index.knows), node.roster._db.rows("select pseudonym, until from pointer")
    node.index.away = True
    assert await node.destroying.destroy(node.asked(hers)) == NotDestroyed("region")
    node.index.away = False
    node.index.knows.clear()  # the call had arrived, only its answer was lost
    assert await told(node.roster, node.index) == known
    assert node.roster._db.rows("select pseudonym, until from pointer") == pointers


async def test_who_is_published_again_at_once_is_findable_again(node: Node) -> None:
    hers = await published(node)
    known = set(node.index.knows)
    assert isinstance(await node.destroying.destroy(node.asked(hers)), Destroyed)
    await node.publish(bundle(*record()))
    assert await told(node.roster, node.index) == known
    for minutes in (1, 3, 5):
        assert await told(node.roster, node.index, NOW + dt.timedelta(minutes=minutes)) == known
    assert node.roster.outbox.counts() == Counts(0, 0)


async def test_of_a_corrected_number_the_old_pointer_goes_and_the_new_one_comes(node: Node) -> None:
    wrong = Bsn("999901631")
    await published(node, woman(bsn=wrong.value), *record()[1:])
    (old,) = node.index.knows
    await node.publish(bundle(*record()))
    found = await told(node.roster, node.index)
    assert len(found) == 1 and old not in found


async def test_a_number_that_is_taken_back_finds_nobody_any_more(node: Node) -> None:
    """Else whoever bears it would find another's record as her own, and staff that of another."""
    hers = await published(node)
    (old,) = node.index.knows
    bare = {name: value for name, value in woman().items() if name != "identifier"}
    await node.publish(bundle(bare, *record()[1:]))
    assert node.roster.clients(Bsn("999900730")) == () and not node.roster.known(hers)
    assert node.roster.pseudonym(hers) is None and node.roster.named_so(old) == ()
    assert await told(node.roster, node.index) == set()
    await node.publish(bundle(*record()))
    assert node.roster.clients(Bsn("999900730")) == (hers,) and await told(node.roster, node.index) == {old}


async def test_the_old_number_of_which_another_record_is_kept_stays_findable(node: Node) -> None:
    other, number = woman("BEA", "999901631"), "999901631"
    await published(node, other)
    await node.publish(bundle(woman(bsn=number), *record()[1:]))
    (old,) = await told(node.roster, node.index)
    await node.publish(bundle(*record()))
    found = await told(node.roster, node.index)
    assert len(found) == 2 and old in found


async def test_a_number_that_is_corrected_while_its_pseudonym_is_made_never_gets_that_pseudonym(node: Node) -> None:
    wrong, right = "999901631", Bsn("999900730")
    client = await node.publish(bundle(woman(bsn=wrong), *record()[1:]))

    class Slow(Region):
        async def of_all(self, bsns: Sequence[Bsn]) -> Sequence[str]:
            await node.publish(bundle(*record()))
            return await super().of_all(bsns)

    assert await told(node.roster, Slow()) == set(), "of whom she is not"
    assert node.roster.waiting() == ((client, right),)
    assert await told(node.roster, Region()) == set(await Region().of_all([right]))


KILLED = """
import asyncio, os, pathlib, signal, sys
from babyconnect.network.roster import Roster
roster = Roster(pathlib.Path(sys.argv[1]), b"k" * 32)
(client,) = roster.named_so(sys.argv[2])
asyncio.run(roster.outbox.take_out(client))
os.kill(os.getpid(), signal.SIGKILL)
"""


async def test_the_list_is_there_after_a_process_was_killed_right_after_it_was_written(node: Node) -> None:
    await published(node)
    (name,) = node.index.knows
    path = node.folder / "store.roster.sqlite"
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path), name], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert node.roster.outbox.counts() == Counts(0, 1)
    assert await told(node.roster, node.index) == set()


@pytest.mark.parametrize("way", ["delete from pointer", "delete from pointer where sent"])
async def test_no_way_takes_a_pointer_away_without_listing_it(node: Node, way: str) -> None:
    await published(node)
    node.roster._db.write_now(lambda file: file.execute(way))
    assert node.roster.outbox.counts() == Counts(0, 1)


def test_a_roster_of_before_gets_the_list(tmp_path: Path) -> None:
    file = apsw.Connection(str(tmp_path / "roster.sqlite"))
    file.execute("create table pointer (pseudonym text primary key, until text not null, sent integer not null)")
    file.execute("insert into pointer values ('hers', '2027-01-01T00:00:00+00:00', 1)")
    file.close()
    roster = Roster(tmp_path / "roster.sqlite", KEY)
    roster._db.write_now(lambda opened: opened.execute("delete from pointer"))
    assert roster.outbox.counts() == Counts(0, 1)
    roster.close()
