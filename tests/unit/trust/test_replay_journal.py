"""What was used once stays used: over a restart, a kill, a torn write and a full disk."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from babyconnect.trust import replay_journal
from babyconnect.trust.replay_journal import opened
from babyconnect.trust.replays import Replays

NOW = 1_780_000_000.0


def restarted(folder: Path, now: float = NOW, boot: str = "boot-1") -> Replays:
    """Opened without anything having been closed: as after a kill."""
    return opened(folder / "replays", now, boot)[0]


def test_a_restart_forgets_nothing_that_could_come_again(tmp_path: Path) -> None:
    first = restarted(tmp_path)
    assert first.first_use("a", "1", NOW + 60, NOW) and first.first_use("a", "short", NOW + 1, NOW)
    again = restarted(tmp_path, NOW + 2)
    assert not again.first_use("a", "1", NOW + 60, NOW + 2)
    assert again.first_use("b", "1", NOW + 60, NOW + 2)
    assert again.size == 2, "what expired was left behind"


def test_after_a_restart_what_was_issued_before_it_is_still_believed_once(tmp_path: Path) -> None:
    assert restarted(tmp_path).born == NOW
    assert restarted(tmp_path, NOW + 5).born == 0.0


def test_after_the_machine_went_down_nothing_from_before_is_believed(tmp_path: Path) -> None:
    restarted(tmp_path).first_use("a", "1", NOW + 60, NOW)
    after = restarted(tmp_path, NOW + 30, "boot-2")
    assert after.born == NOW + 30 + replay_journal.BOOT_SKEW and after.size == 0


def test_half_a_record_at_the_end_is_no_record_and_spoils_none(tmp_path: Path) -> None:
    restarted(tmp_path).first_use("a", "1", NOW + 60, NOW)
    with (tmp_path / "replays").open("ab") as file:
        file.write(b"torn")
    again = restarted(tmp_path)
    assert not again.first_use("a", "1", NOW + 60, NOW)
    assert again.first_use("a", "2", NOW + 60, NOW)
    assert not restarted(tmp_path).first_use("a", "2", NOW + 60, NOW)


def test_what_is_no_journal_of_ours_is_as_good_as_a_lost_one(tmp_path: Path) -> None:
    (tmp_path / "replays").write_bytes(b"x" * 500)
    assert restarted(tmp_path).born == NOW + replay_journal.BOOT_SKEW


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    restarted(tmp_path)
    assert stat.S_IMODE((tmp_path / "replays").stat().st_mode) == 0o600


@pytest.mark.parametrize("written", [0, 10, OSError("no space left on device")])
def test_what_cannot_be_written_is_not_believed_and_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: Any
) -> None:
    replays = restarted(tmp_path)
    real = replay_journal.os.write

    def full(file: int, content: bytes) -> int:
        if isinstance(written, OSError):
            raise written
        return real(file, content[:written]) if written else 0

    monkeypatch.setattr(replay_journal.os, "write", full)
    assert not replays.first_use("a", "1", NOW + 60, NOW)
    monkeypatch.undo()
    assert replays.first_use("a", "2", NOW + 60, NOW)
    again = restarted(tmp_path)
    assert not again.first_use("a", "2", NOW + 60, NOW) and again.first_use("a", "1", NOW + 60, NOW)


def test_the_journal_stays_as_small_as_what_is_of_use(tmp_path: Path) -> None:
    journal = replay_journal.JournalFile(tmp_path / "replays", "boot-1")
    journal.replace(())
    replays = Replays(NOW, capacity=10, journal=journal)
    for n in range(200):
        assert replays.first_use("a", str(n), NOW + n + 3, NOW + n)
    assert (tmp_path / "replays").stat().st_size < 44 + 40 * 25
    assert not restarted(tmp_path, NOW + 200).first_use("a", "199", NOW + 202, NOW + 200)


def test_a_folder_that_cannot_be_written_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match=r"."):
        opened(tmp_path / "file" / "replays", NOW, "boot-1")
