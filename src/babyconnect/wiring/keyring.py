"""An organisation's signing keys in use: the one that signs, the one to come, the one that just went (RFC 7517).

    organisation.jwk           signs
    organisation.next.jwk      made by `babyconnect pki rotate-key`; published, does not sign yet
    organisation.previous.jwk  no longer signs; published until nothing signed by it can still be on its way
    organisation.public.json   public halves of every key so far: the log's checkpoints are checked with them

A running node sees these files change, tells the directory, and moves on when the directory's replicas have had the
time to follow.  With `at_once` (an incident) there is no overlap: the old key is out of the directory within one step.
"""

from __future__ import annotations

import pathlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import structlog

from babyconnect.definitions import document
from babyconnect.settings import SettingsRefused, beside
from babyconnect.trust import assertion, keys, private_files
from babyconnect.trust.keys import SigningKey
from babyconnect.trust.private_files import FileFault
from babyconnect.wiring import files

Publish = Callable[[Mapping[str, Any]], Awaitable[None]]
"""Tell the directory these keys; raises RegionFault."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Places:
    """Where the keys of one organisation are."""

    current: pathlib.Path

    def _beside(self, what: str) -> pathlib.Path:
        return self.current.with_name(f"{self.current.stem}.{what}")

    @property
    def next(self) -> pathlib.Path:
        return self._beside("next.jwk")

    @property
    def at_once(self) -> pathlib.Path:
        """The next key when it takes over without an overlap."""
        return self._beside("at-once.jwk")

    @property
    def previous(self) -> pathlib.Path:
        return self._beside("previous.jwk")

    @property
    def public(self) -> pathlib.Path:
        return self._beside("public.json")


class Keyring:
    """`signing` signs now; `published` is what the directory and /.well-known/jwks.json are to say."""

    def __init__(self, current: pathlib.Path) -> None:
        self.places = Places(current)
        self.signing: SigningKey = files.signing_key(current)
        self._seen: tuple[tuple[int, int], ...] = ()
        self._next: SigningKey | None = None
        self._at_once: SigningKey | None = None
        self._previous: SigningKey | None = None
        self._since = 0.0
        self.look()

    def look(self) -> None:
        """Read what changed.  A file that cannot be read leaves things as they are."""
        places = self.places
        marks = tuple(_mark(path) for path in (places.current, places.next, places.at_once, places.previous))
        if marks == self._seen:
            return
        try:
            self.signing = keys.load(places.current)
            self._next, self._at_once, self._previous = (
                keys.load(path) if path.exists() else None for path in (places.next, places.at_once, places.previous)
            )
        except keys.KeyFault as fault:
            _log.warning("signing_keys_not_taken", reason=str(fault))
            return
        self._seen, self._since = marks, 0.0
        self._remember(self.signing)

    @property
    def published(self) -> dict[str, Any]:
        there = (self.signing, self._at_once or self._next, self._previous)
        in_use = {key.kid: key for key in there if key is not None}
        return keys.jwks(*in_use.values())

    async def step(self, known: Mapping[str, Any], publish: Publish, now: float) -> bool:
        """One step of a rotation, if one is under way; whether the directory was told something.

        `known`: our keys as our own replica of the directory has them; `now`: monotonic seconds.  The directory always
        knows the key that signs before it does, so that a lost answer or a restart never shuts the node out.
        """
        self.look()
        told = not _same(known, self.published)
        if told:
            self._since = 0.0
            await publish(self.published)
        if self._at_once is not None:
            self._take_over(self.places.at_once, keep_old=False)
            await publish(self.published)
            return True
        if told or (self._next is None and self._previous is None):
            return told
        self._since = self._since or now
        if now - self._since >= overlap_seconds():
            if self._next is not None:
                self._take_over(self.places.next, keep_old=True)
            else:
                self._let_go()
        return False

    def _let_go(self) -> None:
        """Nothing that the previous key signed can still be on its way."""
        gone = self._previous.kid if self._previous else ""
        self.places.previous.unlink(missing_ok=True)
        self.look()
        _log.info("signing_key_retired", kid=gone)

    def _take_over(self, successor: pathlib.Path, keep_old: bool) -> None:
        """The successor signs from now on.  Each step leaves files that a restart goes on from."""
        if keep_old:
            private_files.replace(self.places.previous, self.places.current.read_bytes(), private=True)
        else:
            for other in (self.places.previous, self.places.next):
                other.unlink(missing_ok=True)
        successor.replace(self.places.current)
        self.look()
        _log.info("signing_key_in_use", kid=self.signing.kid)

    def _remember(self, key: SigningKey) -> None:
        path = self.places.public
        try:
            former = orjson.loads(path.read_bytes())["keys"] if path.exists() else []
            if key.kid not in [one["kid"] for one in former]:
                private_files.replace(path, orjson.dumps({"keys": [*former, key.public()]}))
        except (OSError, ValueError, KeyError, TypeError, FileFault) as fault:
            _log.warning("public_keys_not_kept", reason=str(fault))


def overlap_seconds() -> float:
    """Long enough for every replica to have followed twice, and for what was signed before to have ended."""
    return float(2 * document("network.toml")["directory"]["refresh_seconds"] + assertion.LIFETIME + assertion.SKEW)


def ask_for_rotation(config: pathlib.Path, at_once: bool = False) -> str:
    """Make the next key of the node that `config` configures; the node, running or started later, does the rest."""
    from babyconnect.wiring.link import settings_of

    chosen = settings_of(config)
    places = Places(beside(config, chosen.keys.signing_key_file))
    if not places.current.exists():
        raise SettingsRefused(f"{places.current}: there is no signing key yet; it is made when the node first starts")
    busy = [path for path in (places.next, places.previous, places.at_once) if path.exists()]
    if places.at_once in busy or (busy and not at_once):
        raise FileFault(f"{busy[0]}: a rotation is under way; wait until it is done")
    try:
        old = keys.load(places.current)
        made = places.at_once if at_once else places.next
        new = keys.create(made.parent, made.stem, old.algorithm)  # type: ignore[arg-type]
    except keys.KeyFault as fault:
        raise FileFault(str(fault)) from fault
    when = "as soon as the node has told the directory" if at_once else f"some {2 * overlap_seconds():.0f} s from now"
    return f"new key {new.kid}; the old one, {old.kid}, is out of use {when}"


def _mark(path: pathlib.Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_ino)


def _same(known: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return {one.get("kid") for one in known.get("keys", ())} == {one["kid"] for one in wanted["keys"]}
