"""An organisation's signing key is replaced while its node runs: nothing signed is refused, nothing old is believed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from babyconnect.network.contract import RegionFault
from babyconnect.trust import keys
from babyconnect.trust.private_files import FileFault
from babyconnect.wiring.keyring import Keyring, ask_for_rotation, overlap_seconds

NODE = """
[node]
name = "Proef"
ura = "90009991"
kind = "hospital"
base_url = "http://127.0.0.1:9"
listen = "127.0.0.1:9"
[region]
url = "http://127.0.0.1:9"
name = "proef"
"""


class Directory:
    """What the directory was told, and by which key the telling was signed."""

    def __init__(self, ring: Keyring) -> None:
        self.ring = ring
        self.known: Mapping[str, Any] = keys.jwks(ring.signing)
        self.away = False

    async def publish(self, published: Mapping[str, Any]) -> None:
        if self.away:
            raise RegionFault("away")
        # The region believes only a key that it knows already.
        assert self.ring.signing.kid in self.kids
        self.known = published

    @property
    def kids(self) -> list[str]:
        return [one["kid"] for one in self.known["keys"]]

    async def step(self, now: float) -> None:
        await self.ring.step(self.known, self.publish, now)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "node.toml"
    path.write_text(NODE)
    return path


@pytest.fixture
def ring(config: Path) -> Keyring:
    return Keyring(config.parent / "organisation.jwk")


async def test_a_new_key_is_told_first_then_signs_and_the_old_one_goes_last(config: Path, ring: Keyring) -> None:
    directory, old = Directory(ring), ring.signing.kid
    ask_for_rotation(config)
    await directory.step(0)
    new = next(kid for kid in directory.kids if kid != old)
    assert ring.signing.kid == old
    await directory.step(1)
    await directory.step(overlap_seconds())
    assert ring.signing.kid == old, "every replica has the time to follow"
    await directory.step(1 + overlap_seconds())
    assert ring.signing.kid == new
    assert set(directory.kids) == {old, new}
    await directory.step(500)
    await directory.step(500 + overlap_seconds())
    await directory.step(501 + overlap_seconds())
    assert directory.kids == [new]
    assert not list(config.parent.glob("*.previous.jwk")), "no private half of the old key is left"


async def test_in_an_incident_the_old_key_is_out_of_the_directory_within_one_step(config: Path, ring: Keyring) -> None:
    directory, old = Directory(ring), ring.signing.kid
    ask_for_rotation(config, at_once=True)
    directory.away = True
    with pytest.raises(RegionFault):
        await directory.step(0)
    assert ring.signing.kid == old, "a key that nobody knows does not sign"
    directory.away = False
    await directory.step(1)
    assert old not in directory.kids
    assert directory.kids == [ring.signing.kid]


async def test_a_restart_at_any_step_goes_on_where_it_was(config: Path, ring: Keyring) -> None:
    directory, old = Directory(ring), ring.signing.kid
    ask_for_rotation(config)
    for moment in range(0, 2000, 60):
        directory.ring = Keyring(ring.places.current)
        for later in (0, overlap_seconds() + 1):
            await directory.step(moment + later)
    assert len(directory.kids) == 1
    assert old not in directory.kids


async def test_an_incident_goes_on_after_a_restart_between_telling_and_signing(config: Path, ring: Keyring) -> None:
    directory = Directory(ring)
    ask_for_rotation(config, at_once=True)
    ring.look()
    directory.known = ring.published  # told, and then killed
    directory.ring = Keyring(ring.places.current)
    await directory.step(0)
    assert directory.kids == [directory.ring.signing.kid]


def test_the_new_key_is_of_the_same_algorithm_private_and_another(config: Path, ring: Keyring) -> None:
    ask_for_rotation(config)
    made = keys.load(ring.places.next)
    assert made.algorithm == ring.signing.algorithm
    assert made.kid != ring.signing.kid
    assert ring.places.next.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("at_once", [False, True])
def test_a_rotation_under_way_is_let_finish(config: Path, ring: Keyring, at_once: bool) -> None:
    ask_for_rotation(config, at_once)
    with pytest.raises(FileFault, match="under way"):
        ask_for_rotation(config, at_once)


async def test_an_incident_overtakes_a_rotation_under_way(config: Path, ring: Keyring) -> None:
    directory, old = Directory(ring), ring.signing.kid
    ask_for_rotation(config)
    await directory.step(0)
    ask_for_rotation(config, at_once=True)
    await directory.step(1)
    assert directory.kids == [ring.signing.kid]
    assert ring.signing.kid != old
    await directory.step(2)
    assert len(list(config.parent.glob("organisation*.jwk"))) == 1


async def test_every_public_key_is_kept_so_that_the_log_stays_checkable(config: Path, ring: Keyring) -> None:
    directory, old = Directory(ring), ring.signing
    ask_for_rotation(config, at_once=True)
    await directory.step(0)
    kept = orjson.loads(ring.places.public.read_bytes())
    assert kept == keys.jwks(old, ring.signing)
    assert keys.genuine(kept)(old.kid, b"checkpoint", old.sign(b"checkpoint"))


def test_a_key_file_that_others_may_read_is_not_taken(config: Path, ring: Keyring) -> None:
    ask_for_rotation(config)
    ring.places.next.chmod(0o644)
    ring.look()
    assert len(ring.published["keys"]) == 1
