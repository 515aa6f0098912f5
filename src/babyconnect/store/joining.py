"""Several records of one client as one record, as they lie on the shelves and are read; pure.

Two source systems of one organisation have a Patient each for the same woman.  What they sent is kept as it was, under
its own ids; joining is how it is laid: all that refers to her refers to one of her Patients (the first by its id), only
that one is found by her number, and the Patients tell of each other by `link` (FHIR STU3 patient.html#Patient.link).
So an asker has one client, whom one search by BSN gives, and nothing that either system knows is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from babyconnect.birthcare.identifiers import BSN_SYSTEM
from babyconnect.birthcare.one_woman import JOINED, LACKING, contradictions, facts, together
from babyconnect.birthcare.resources import as_list
from babyconnect.definitions import document
from babyconnect.fhir import json
from babyconnect.fhir.rendering import render
from babyconnect.store.contract import Form, Stored

__all__ = [
    "JOINED",
    "Bearer",
    "Together",
    "contradictions",
    "facts",
    "found",
    "numbers",
    "one_person",
    "together",
    "why",
]


class Bearer(NamedTuple):
    """A Patient that bears a number, and in whose record.  `own`: it is the client of the record that it lies in, not a
    child that is spoken of there (the record may be one of several of that client)."""

    client: str
    own: bool
    patient: Mapping[str, Any]


def numbers(identifiers: Sequence[str]) -> frozenset[str]:
    """The BSNs among what a Patient is found by (`system|value`)."""
    return frozenset(one for one in identifiers if one.startswith(f"{BSN_SYSTEM}|"))


def one_person(bearers: Sequence[Mapping[str, Any]]) -> bool:
    return len(bearers) > 1 and not contradictions([facts(patient) for patient in bearers])


def found(bearers: Sequence[Bearer]) -> tuple[str, ...]:
    """Which clients a number finds, by all who bear it.

    A child with a record of its own is also spoken of in its mother's: the number is that of its own record, unless
    what is said of it there contradicts.  (That nothing much is said there, as of who was just born, does not.)"""
    clients = {one.client for one in bearers}
    own = {one.client for one in bearers if one.own}
    if len(own) == 1 and not _contradictions(bearers) - LACKING:
        return tuple(own)
    return tuple(sorted(clients))


def why(bearers: Sequence[Bearer]) -> tuple[str, ...]:
    """Why a number finds nobody for an asker, as codes: what contradicts, or that no record is its bearer's own."""
    if len(found(bearers)) < 2:
        return ()
    return tuple(sorted(_contradictions(bearers))) or ("no_own_record",)


def _contradictions(bearers: Sequence[Bearer]) -> frozenset[str]:
    return frozenset(contradictions([facts(one.patient) for one in bearers]))


class Together:
    """How the records of one client are shown as one.  `members`: the ids of her Patients, each a record."""

    def __init__(self, members: Sequence[str]) -> None:
        self.members = tuple(sorted(members))
        self.main = self.members[0]
        ids = b"|".join(re.escape(member.encode()) for member in self.members[1:])
        self._others = re.compile(rb"(?<![A-Za-z0-9\-.])Patient/(?:" + ids + rb")(?![A-Za-z0-9\-./])")

    def is_hers(self, type: str, id: str) -> bool:
        """Whether this is a Patient that is the client, so that `patient` makes its rendering."""
        return type == "Patient" and id in self.members

    def content(self, content: bytes) -> bytes:
        """A rendering in which all that refers to her refers to one Patient."""
        return self._others.sub(b"Patient/" + self.main.encode(), content)

    def patient(self, kept: Stored, form: Form) -> bytes:
        """One of her Patients, of which `kept` has the JSON with nothing masked, with its links to the others."""
        resource = json.loads(self.content(kept.content))
        if kept.id == self.main:
            links = [_link(other, "seealso") for other in self.members[1:]]
        else:
            links = [_link(self.main, "refer")]
        made = render({**resource, "link": [*as_list(resource.get("link")), *links]}, kept.version, kept.updated)
        masked: bytes | None = getattr(made, form)
        return getattr(made, form.removesuffix("_masked")) if masked is None else masked

    def index(self, type: str, id: str, index: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """What a resource is found by, when it lies with the others."""
        others = {f"Patient/{other}" for other in self.members[1:]}
        main = f"Patient/{self.main}"
        made = {name: tuple(main if v in others else v for v in values) for name, values in index.items()}
        if type == "Patient" and id in self.members[1:] and "identifier" in made:
            made["identifier"] = tuple(v for v in made["identifier"] if v not in numbers(made["identifier"]))
        return made


def _link(id: str, type: str) -> dict[str, Any]:
    display = document("displays.toml")["names"]["Patient"]
    return {"other": {"reference": f"Patient/{id}", "display": display}, "type": type}
