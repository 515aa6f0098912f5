"""What BDS 4.1.3 and 4.2.0 have and call each thing (`definitions/jgz`), looked up by element, group or code."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.definitions import document, rows


@dataclass(frozen=True, slots=True)
class Thing:
    """An element, a group or a code: the versions that have it, its words in each, and where messages have it."""

    code: str
    versions: frozenset[str]
    words: Mapping[str, str]
    places: tuple[str, ...]
    typed: str = ""


def oid(name: str) -> str:
    """The code system or identification of this name (`versions.toml`)."""
    return str(_versions()["oids"][name])


def interactions() -> Mapping[str, str]:
    """Version → the interaction that carries it, which is the root's name too."""
    found: Mapping[str, str] = _versions()["interactions"]
    return found


def splits(to: str) -> list[Mapping[str, str]]:
    """The groups that this version has once for each of an element."""
    return [split for split in _versions()["split"] if split["to"] == to]


@functools.cache
def things(kind: str) -> Mapping[str, Thing]:
    """The elements or the groups, by their code."""
    published = {row["code"]: _thing(row, row["held_in"]) for row in rows("jgz/elements") if row["kind"] == kind}
    return {**_of_birth(), **published} if kind == "element" else published


def _of_birth() -> Mapping[str, Thing]:
    """Elements that no published message of these versions has, but both versions (`recasting/jgz`)."""
    both = frozenset(interactions())
    return {row["element"]: Thing(row["element"], both, dict.fromkeys(both, row["name"]), ())
            for row in rows("recasting/jgz") if row["element"]}  # fmt: skip


@functools.cache
def held() -> Mapping[str, Thing]:
    """Elements that a message has in a part of another's statement, by `element/part`."""
    return {thing.places[0]: thing for thing in things("element").values() if thing.places}


@functools.cache
def codes() -> Mapping[tuple[str, str], Thing]:
    """Codes that the versions have not in common or call otherwise, by code system and code."""
    return {(row["system"], row["code"]): _thing(row, row["places"]) for row in rows("jgz/codes")}


@functools.cache
def spoken() -> Mapping[tuple[str, str], tuple[str, Thing]]:
    """Place and words of 4.2.0 → the code system and the code that 4.1.3 has not, and so says in words."""
    return {
        (place, plain(thing.words["4.2.0"])): (system, thing)
        for (system, _), thing in codes().items()
        for place in thing.places
        if "4.1.3" not in thing.versions and thing.words["4.2.0"]
    }


def plain(text: str) -> str:
    """For comparing: what differs in white space only is the same."""
    return " ".join(text.split())


def _thing(row: Mapping[str, str], places: str) -> Thing:
    words = {version: row[f"display_{version}"] for version in interactions()}
    return Thing(row["code"], frozenset(row["versions"].split()), words, tuple(places.split()), row.get("typed", ""))


def _versions() -> Any:
    return document("jgz/versions.toml")
