"""The one claim model (trust.md §2): what an asker says of itself, whatever the grant, and what of it is believed.

What kind of organisation asks is NEVER taken from the claims: the directory says it, and claims that contradict the
directory are refused.  What is free text elsewhere is a code or an opaque id here, since it goes into the log.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from babyconnect import definitions
from babyconnect.birthcare.access import (
    CONSULT_SCOPE,
    EMERGENCY_SCOPE,
    OWN_SCOPE,
    Asker,
    Emergency,
    LoggedIn,
    Purpose,
    Relation,
)
from babyconnect.birthcare.parties import HERSELF, Kind, Party, Person, Responsible, Role
from babyconnect.trust import scopes, vouching
from babyconnect.trust.jose import Rejected
from babyconnect.trust.rules import Rules, rules_on
from babyconnect.trust.vouching import Vouched

MAX_RELATIONS = 16
MAX_TEXT = 200
_CODE = re.compile(r"[a-z_]{1,40}")
_REFERENCE = re.compile(r"[!-~]{1,128}")


@dataclass(frozen=True, slots=True)
class Claim:
    """What an asker says of itself: organisation, person, purpose, evidence.

    `authorization_base`: the reference that a holder gave for one retrieval (a notified pull).  `emergency`: what was
    declared, with purpose EMERGENCY.  `scopes`: what the token is for; by the purpose when none is named.  `logged_in`:
    the client who asks for her own, with purpose OWN_RECORD.
    """

    party: Party
    person: Person
    purpose: Purpose
    relations: tuple[Relation, ...] = ()
    scopes: tuple[str, ...] = ()
    authorization_base: str = ""
    emergency: Emergency | None = None
    logged_in: LoggedIn | None = None

    @property
    def scope(self) -> str:
        usual = {Purpose.EMERGENCY: EMERGENCY_SCOPE, Purpose.OWN_RECORD: OWN_SCOPE}
        return " ".join(self.scopes or (usual.get(self.purpose, CONSULT_SCOPE),))


@dataclass(frozen=True, slots=True)
class Asking:
    """How a token is asked for: the grant (`definitions/scopes.toml`), the scopes, the day, and the rules of that day
    (None: the program's own)."""

    grant: str
    scopes: tuple[str, ...]
    day: dt.date
    rules: Rules | None = None

    def believable(self, kind: Kind, role: Role) -> bool:
        """Whether people of this role work in this kind of organisation.  An organisation vouches for its people, but
        a maternity home care organisation that signs for a gynaecologist is mistaken or compromised."""
        rules = rules_on(self.day) if self.rules is None else self.rules
        return (kind, role) in rules.visible


@dataclass(frozen=True, slots=True)
class Verified:
    """Believed.  `organisation` is the directory's; `surname` is for the log and introspection only; `client` is who
    sent the request when that is a supplier; `seconds`: how long a token for these scopes may live."""

    asker: Asker
    organisation: Party
    surname: str
    scope: str
    jti: str
    authorization_base: str = ""
    client: str = ""
    seconds: int = 300


def written(claim: Claim) -> dict[str, Any]:
    """The claims of organisation and person, as they are signed."""
    return organisation(claim.party) | user(claim)


def organisation(party: Party) -> dict[str, Any]:
    kind = definitions.document("parties.toml")["kind"][party.kind.value]
    return {
        "organization_ura": party.ura.value,
        "organization_name": party.name,
        "organization_facility_type": kind["codes"][0],
    }


def user(claim: Claim) -> dict[str, Any]:
    """Person, purpose and evidence."""
    person = claim.person
    said: dict[str, Any] = {
        "user_id": person.id,
        "user_role": person.role.value,
        "user_surname": person.name,
        "loa": person.loa,
        "purpose_of_use": claim.purpose.value,
        "treatment_relation": [_written(relation) for relation in claim.relations],
    }
    if person.responsible:
        said["responsible"] = {"user_id": person.responsible.id, "user_role": person.responsible.role.value}
    if claim.authorization_base:
        said["authorization_base"] = claim.authorization_base
    if claim.emergency:
        said["emergency"] = {"reason": claim.emergency.reason, "over_objection": claim.emergency.over_objection}
    if claim.logged_in:
        said["client"] = vouching.written(claim.logged_in)
    return said


def believed(
    said: Mapping[str, Any], party: Party, asking: Asking, jti: str, by: Vouched = vouching.NOBODY
) -> Verified | Rejected:
    """What the claims of a genuine request come to, held against the directory and the tables."""
    if said.get("organization_ura") != party.ura.value or not _facility_fits(said, party.kind):
        return Rejected("organisation_contradicts_directory")
    if not all(is_text(said.get(name)) for name in ("user_id", "user_surname")) or scopes.rank(said.get("loa")) < 0:
        return Rejected("person_missing")
    try:
        role, purpose = Role(str(said.get("user_role"))), Purpose(str(said.get("purpose_of_use")))
        relations = _relations(said.get("treatment_relation", []))
        responsible, emergency = _responsible(said.get("responsible")), _emergency(said.get("emergency"), purpose)
        base, logged_in = _base(said.get("authorization_base")), vouching.read(said.get("client"))
    except ValueError:
        return Rejected("claims_malformed")
    herself = purpose is Purpose.OWN_RECORD and role in HERSELF
    if not herself and not asking.believable(party.kind, role):
        return Rejected("role_not_believable")
    given = scopes.granted(asking.scopes, asking.grant, purpose, said["loa"])
    if not given:
        return Rejected("scope_missing")
    flaw = vouching.believed(logged_in, role, purpose, given, by)
    if flaw is not None:
        return flaw
    names = tuple(scope.name for scope in given)
    asker = Asker(
        party.ura,
        party.kind,
        said["user_id"],
        role,
        purpose,
        relations,
        responsible=responsible,
        loa=said["loa"],
        scopes=frozenset(names),
        emergency=emergency,
        logged_in=logged_in,
    )
    seconds = min(scope.seconds for scope in given)
    return Verified(asker, party, said["user_surname"], " ".join(names), jti, base, party.ura.value, seconds)


def is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def signed_scopes(signed: object, asking: Asking) -> Asking:
    """What is asked for, as far as what was signed asks for it too: a form cannot ask for more than its assertion."""
    listed = scopes.asked(signed) if isinstance(signed, str) else None
    if listed == asking.scopes:
        return asking
    return replace(asking, scopes=tuple(name for name in asking.scopes if name in (listed or ())))


def _facility_fits(said: Mapping[str, Any], kind: Kind) -> bool:
    return said.get("organization_facility_type") in _codes(kind)


@functools.cache
def _codes(kind: Kind) -> tuple[str, ...]:
    return tuple(definitions.document("parties.toml")["kind"][kind.value]["codes"])


def _responsible(said: object) -> Responsible | None:
    if said is None:
        return None
    if not isinstance(said, dict) or not is_text(said.get("user_id")):
        raise ValueError("who is responsible has an id and a role")
    return Responsible(said["user_id"], Role(str(said.get("user_role"))))


def _emergency(said: object, purpose: Purpose) -> Emergency | None:
    if said is None:
        return None
    if not isinstance(said, dict) or purpose is not Purpose.EMERGENCY:
        raise ValueError("an emergency is declared for that purpose only")
    reason, over = said.get("reason"), said.get("over_objection", False)
    if not isinstance(reason, str) or not _CODE.fullmatch(reason) or not isinstance(over, bool):
        raise ValueError("an emergency has a category, never a story")
    return Emergency(reason, over)


def _base(said: object) -> str:
    if said is None:
        return ""
    if not isinstance(said, str) or not _REFERENCE.fullmatch(said):
        raise ValueError("an authorization base is an opaque reference")
    return said


def _written(relation: Relation) -> dict[str, str]:
    said = {"basis": relation.basis, "evidence": relation.reference}
    if relation.start:
        said["start"] = relation.start.isoformat()
    if relation.end:
        said["end"] = relation.end.isoformat()
    if relation.episode:
        said["episode"] = relation.episode
    return said


def _relations(said: object) -> tuple[Relation, ...]:
    """The evidence list; raises ValueError for anything that is not one."""
    listed = [said] if isinstance(said, dict) else said
    if not isinstance(listed, list) or len(listed) > MAX_RELATIONS:
        raise ValueError("not a list of evidence")
    return tuple(_relation(item) for item in listed)


def _relation(item: object) -> Relation:
    if not isinstance(item, dict):
        raise ValueError("evidence is an object")
    basis, reference, episode = item.get("basis"), item.get("evidence"), item.get("episode", "")
    # All go into the log: names and opaque ids, so that nobody writes a story about her there.
    if not (isinstance(basis, str) and _CODE.fullmatch(basis)):
        raise ValueError("evidence needs a basis")
    if not (isinstance(reference, str) and _REFERENCE.fullmatch(reference)):
        raise ValueError("evidence needs a reference")
    if not isinstance(episode, str) or (episode and not _REFERENCE.fullmatch(episode)):
        raise ValueError("an episode is an opaque id")
    return Relation(basis, reference, _day(item.get("start")), _day(item.get("end")), episode)


def _day(text: object) -> dt.date | None:
    if text is None:
        return None
    if not isinstance(text, str) or len(text) != 10:
        raise ValueError("a date is YYYY-MM-DD")
    return dt.date.fromisoformat(text)
