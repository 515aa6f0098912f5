"""The log: durable before it answers, closed after a fault, whole again after any death."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import orjson
import pytest

from babyconnect.audit import folder
from babyconnect.audit.faults import AuditFault
from babyconnect.audit.log import MAX_EVENT, AuditLog, Sizes
from babyconnect.audit.reading import search
from babyconnect.audit.verify import verify


def numbers(path: Path) -> list[int]:
    return [entry.event["n"] for entry in search(path) if "n" in entry.event]


async def test_an_appended_event_has_its_place_and_can_be_read_back(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path / "log")
    first, second = await log.append({"n": 1}), await log.append({"n": 2})
    log.close()
    assert (first.seq, second.seq) == (1, 2)
    assert [(entry.seq, entry.hash, entry.event) for entry in search(tmp_path / "log")] == [
        (1, first.hash, {"n": 1}),
        (2, second.hash, {"n": 2}),
    ]


async def test_many_at_once_each_get_a_place_of_their_own_in_one_chain(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path)
    receipts = await asyncio.gather(*(log.append({"n": n}) for n in range(500)))
    log.close()
    assert sorted(receipt.seq for receipt in receipts) == list(range(1, 501))
    assert verify(tmp_path).ok
    assert sorted(numbers(tmp_path)) == list(range(500))


async def test_nobody_hears_of_an_event_before_it_is_synced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = AuditLog.open(tmp_path)
    reached, may_go = threading.Event(), threading.Event()

    def held(handle: int) -> None:
        reached.set()
        assert may_go.wait(10)

    monkeypatch.setattr(os, "fdatasync", held)
    waiting = asyncio.create_task(log.append({"n": 1}))
    await asyncio.to_thread(reached.wait, 10)
    assert not waiting.done()
    may_go.set()
    assert (await waiting).seq == 1
    log.close()


async def test_one_sync_serves_everybody_who_waited_for_the_one_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AuditLog.open(tmp_path)
    reached, may_go, synced = threading.Event(), threading.Event(), []

    def held(handle: int) -> None:
        synced.append(handle)
        reached.set()
        assert may_go.wait(10)

    monkeypatch.setattr(os, "fdatasync", held)
    first = asyncio.create_task(log.append({"n": 0}))
    await asyncio.to_thread(reached.wait, 10)
    rest = [asyncio.create_task(log.append({"n": n})) for n in range(1, 100)]
    await asyncio.sleep(0)
    may_go.set()
    await asyncio.gather(first, *rest)
    assert len(synced) == 2
    log.close()


async def test_a_failed_sync_is_a_fault_for_all_who_waited_and_for_all_who_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = AuditLog.open(tmp_path)
    await log.append({"n": 0})

    def broken(handle: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken_disk:
        broken_disk.setattr(os, "fdatasync", broken)
        outcomes = await asyncio.gather(*(log.append({"n": n}) for n in (1, 2, 3)), return_exceptions=True)
    assert all(isinstance(outcome, AuditFault) for outcome in outcomes)
    with pytest.raises(AuditFault):  # the disk is well again, but what it holds is unsure until it is read back
        await log.append({"n": 4})
    assert log.faulted
    log.close()
    log = AuditLog.open(tmp_path)
    await log.append({"n": 5})
    log.close()
    assert numbers(tmp_path) == [0, 5]
    assert verify(tmp_path).ok


async def test_when_the_disk_is_well_again_the_log_reads_itself_back_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("babyconnect.audit.log.RETRY_SECONDS", 0.0)
    log = AuditLog.open(tmp_path)
    await log.append({"n": 0})
    real, broken = os.fdatasync, True

    def sometimes(handle: int) -> None:
        if broken:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fdatasync", sometimes)
    with pytest.raises(AuditFault, match="No space left"):
        await log.append({"n": 1})
    broken = False
    receipt, refused = None, 0
    while receipt is None and refused < 1000:
        try:
            receipt = await log.append({"n": 2})
        except AuditFault:  # refused while it reads back, never half written
            refused += 1
            await asyncio.sleep(0.01)
    log.close()
    assert refused > 0 and receipt is not None and receipt.seq == 2
    assert numbers(tmp_path) == [0, 2] and verify(tmp_path).ok


async def test_a_log_that_lost_records_meanwhile_stays_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("babyconnect.audit.log.RETRY_SECONDS", 0.0)
    log = AuditLog.open(tmp_path)
    await log.append({"n": 0})
    with monkeypatch.context() as broken_disk:
        broken_disk.setattr(os, "fdatasync", lambda handle: (_ for _ in ()).throw(OSError(errno.EIO, "broken")))
        with pytest.raises(AuditFault):
            await log.append({"n": 1})
    folder.segments(tmp_path)[0].unlink()
    for _ in range(20):
        with pytest.raises(AuditFault):
            await log.append({"n": 2})
        await asyncio.sleep(0.005)
    log.close()


async def test_an_event_that_is_no_json_or_too_large_harms_only_itself(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path)
    for wrong in ({"n": object()}, {"n": "x" * MAX_EVENT}):
        with pytest.raises(AuditFault):
            await log.append(wrong)
    assert (await log.append({"n": 1})).seq == 1
    log.close()


async def test_a_closed_log_refuses_and_a_second_writer_is_refused(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path)
    with pytest.raises(AuditFault, match="another process"):
        AuditLog.open(tmp_path)
    log.close()
    with pytest.raises(AuditFault, match="closed"):
        await log.append({"n": 1})


async def test_closing_first_writes_what_waits(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path)
    waiting = [asyncio.ensure_future(log.append({"n": n})) for n in range(50)]
    await asyncio.sleep(0)
    await asyncio.to_thread(log.close)
    assert [(await one).seq for one in waiting] == list(range(1, 51))


async def test_one_who_no_longer_waits_leaves_the_log_in_order(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path)
    gone = asyncio.create_task(log.append({"n": 1}))
    await asyncio.sleep(0)
    gone.cancel()
    await log.append({"n": 2})
    log.close()
    assert numbers(tmp_path) == [1, 2]


async def test_segments_are_rotated_and_the_chain_runs_through_them(tmp_path: Path) -> None:
    sizes = Sizes(segment_bytes=500)
    for opening in range(3):
        log = AuditLog.open(tmp_path, sizes=sizes)
        for n in range(10):
            await log.append({"n": opening * 10 + n})
        log.close()
    found = verify(tmp_path)
    assert found.ok and found.records == 30 and found.segments > 5
    assert numbers(tmp_path) == list(range(30))
    assert len(search_files(tmp_path)) == found.segments


def search_files(path: Path) -> list[str]:
    return [segment.name for segment in folder.segments(path)]


async def test_only_the_owner_may_read_the_log(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path / "log")
    await log.append({"n": 1})
    log.close()
    assert stat.S_IMODE((tmp_path / "log").stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "log").iterdir()} == {0o600}


async def test_a_torn_tail_is_set_aside_told_in_the_log_and_the_chain_goes_on(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path)
    await log.append({"n": 1})
    log.close()
    with folder.segments(tmp_path)[-1].open("ab") as segment:
        segment.write(b'{"seq":2,"prev":"unfinished')
    log = AuditLog.open(tmp_path)
    await log.append({"n": 2})
    log.close()
    assert verify(tmp_path).ok
    assert [entry.event.get("type", entry.event.get("n")) for entry in search(tmp_path)] == [1, "log.recovered", 2]
    assert [file.read_bytes() for file in tmp_path.glob("torn-*")] == [b'{"seq":2,"prev":"unfinished']


@pytest.mark.parametrize("harm", ["cut off", "changed", "segment gone", "head gone"])
async def test_a_log_that_lost_what_it_acknowledged_does_not_start(tmp_path: Path, harm: str) -> None:
    log = AuditLog.open(tmp_path)
    for n in range(3):
        await log.append({"n": n})
    log.close()
    segment = folder.segments(tmp_path)[0]
    lines = segment.read_bytes().splitlines(keepends=True)
    if harm == "cut off":
        segment.write_bytes(b"".join(lines[:-1]))
    elif harm == "changed":
        segment.write_bytes(b"".join([lines[0], lines[1].replace(b'"n":1', b'"n":7'), lines[2]]))
    elif harm == "segment gone":
        segment.unlink()
    else:
        (tmp_path / "head").unlink()
    with pytest.raises(AuditFault, match="verify the log"):
        AuditLog.open(tmp_path)
    assert not verify(tmp_path).ok


KILLS = int(os.environ.get("BABYCONNECT_KILLS", "10"))
"""`make soak` takes a hundred."""

WRITER = textwrap.dedent("""
    import asyncio, os, sys
    from pathlib import Path
    from babyconnect.audit.log import AuditLog, Sizes

    async def write(log, name):
        n = 0
        while True:
            await log.append({"n": f"{name}-{n}"})
            os.write(1, f"{name}-{n}\\n".encode())   # "released": only after the receipt
            n += 1

    async def main():
        log = AuditLog.open(Path(sys.argv[1]), sizes=Sizes(segment_bytes=40_000, checkpoint_records=50))
        os.write(1, b"ready\\n")
        await asyncio.gather(*(write(log, f"{sys.argv[2]}-{i}") for i in range(16)))

    asyncio.run(main())
""")


def test_killed_at_any_instant_nothing_released_is_missing_and_it_starts_again(tmp_path: Path) -> None:
    released: set[str] = set()
    for run in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "log"), str(run)], stdout=subprocess.PIPE
        ) as writer:
            assert writer.stdout is not None
            said = [writer.stdout.readline()]
            assert said == [b"ready\n"]
            # How long it lives differs per run: so many lines of output, at an instant of its own choosing.
            said += [writer.stdout.readline() for _ in range(7 + 61 * (run % 10))]
            os.kill(writer.pid, signal.SIGKILL)
            rest = writer.stdout.read()
        whole = b"".join(said[1:]) + rest[: rest.rfind(b"\n") + 1]
        released |= set(whole.decode().split())
        kept = {entry.event.get("n") for entry in search(tmp_path / "log")}
        assert released <= kept
        found = verify(tmp_path / "log")
        assert found.ok, found.problems
    assert len(released) > 200 * KILLS


FULL = textwrap.dedent("""
    import asyncio, resource, sys
    from pathlib import Path
    from babyconnect.audit.faults import AuditFault
    from babyconnect.audit.log import AuditLog

    async def main():
        log = AuditLog.open(Path(sys.argv[1]))
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        acknowledged = faults = 0
        for n in range(300):
            try:
                await log.append({"n": n})
                acknowledged += 1
            except AuditFault:
                faults += 1
        log.close()
        print(acknowledged, faults)

    asyncio.run(main())
""")


def test_a_full_disk_is_a_fault_and_what_was_acknowledged_stays(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path / "log")], capture_output=True, check=True, timeout=60
    )
    acknowledged, faults = map(int, done.stdout.split())
    assert acknowledged > 50 and faults > 50
    assert numbers(tmp_path / "log") == list(range(acknowledged))
    assert verify(tmp_path / "log").ok
    log = AuditLog.open(tmp_path / "log")  # there is room again
    assert log.append_and_wait({"n": acknowledged}).seq == acknowledged + 1
    log.close()


def test_the_lines_are_json_that_any_tool_reads(tmp_path: Path) -> None:
    log = AuditLog.open(tmp_path)
    receipt = log.append_and_wait({"type": "read", "naam": "ø"})
    log.close()
    (line,) = folder.segments(tmp_path)[0].read_bytes().splitlines()
    assert orjson.loads(line) == {
        "seq": 1,
        "prev": "0" * 64,
        "event": {"type": "read", "naam": "ø"},
        "hash": receipt.hash,
    }
