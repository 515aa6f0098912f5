"""A look as a holder tells it to a client at another organisation's portal: R4 AuditEvent, and back (NEN 7513; ITI-81).

One AuditEvent is one look (`audit.accounts`): who, when, on which basis, of what kind, how it ended.  She is not named:
the token says who she is, and this log's pseudonym of her is nobody else's business.  What comes from another
organisation is read strictly: codes and opaque ids of bounded length, or it is no look.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from babyconnect import definitions
from babyconnect.audit.accounts import Account
from babyconnect.audit.r4 import to_fhir

OWN = "urn:babyconnect:audit:"
LOOK = OWN + "look"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}", re.ASCII)
_ID = re.compile(r"[!-~]{1,200}", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[0-9.:+Z-]{1,20}", re.ASCII)
_TRACE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_URA = re.compile(r"[0-9]{8}", re.ASCII)
_OUTCOMES = {"0": "ok", "4": "refused", "8": "fault"}
_SETS = {"kinds": _CODE, "bases": _CODE, "reasons": _CODE, "types": _CODE, "asked": _URA}
"""What of a look is a list, and what each of it may look like."""
_TEXTS = {"group": _CODE, "side": _CODE, "responsible": _ID}


def told(look: Account, holder: str) -> dict[str, Any]:
    """The AuditEvent of a look in this holder's log."""
    base = to_fhir({
        "type": _telling(look), "at": look.first, "outcome": look.outcome, "node": holder, "holder": holder,
        "actor": {"organisation": look.organisation, "person": look.person, "role": look.role, "loa": look.loa},
        **({"purpose": look.purpose} if look.purpose else {}),
        **({"trace": look.trace} if look.trace else {}),
    })  # fmt: skip
    base.pop("meta", None)
    found = [{"type": name, "valueString": value} for name in _TEXTS if (value := getattr(look, name))]
    found += [{"type": name, "valueString": one} for name in _SETS for one in sorted(getattr(look, name))]
    detail = {"type": {"system": LOOK, "code": "look"}, "what": {"display": "look"}, "detail": found}
    return {**base, "id": f"look-{look.seq}", "period": {"start": look.first, "end": look.last},
            "entity": [*base.get("entity", ()), detail]}  # fmt: skip


def _telling(look: Account) -> str:
    """A type of the table that stands for the look."""
    known = definitions.document("audit_events.toml")["type"]
    return next((kind for kind in sorted(look.kinds) if kind in known), "search")


def read(resources: Iterable[Mapping[str, Any]]) -> list[Account]:
    """The looks that another holder told; ValueError when one of them is no look."""
    try:
        return [_look(one) for one in resources]
    except (KeyError, TypeError, AttributeError, IndexError, ValueError) as problem:
        raise ValueError("not a look") from problem


def _look(event: Mapping[str, Any]) -> Account:
    if event["resourceType"] != "AuditEvent":
        raise ValueError("not an AuditEvent")
    look = Account(0, _fits(event["period"]["start"], _MOMENT), _fits(event["period"]["end"], _MOMENT), "system")
    look.outcome = _OUTCOMES[event["outcome"]]
    organisation, *persons = [agent for agent in event["agent"] if "identifier" in agent["who"]]
    look.organisation = _fits(organisation["who"]["identifier"]["value"], _ID)
    for person in persons[:1]:
        look.person = _fits(person["who"]["identifier"]["value"], _ID)
        look.role = _fits(person["role"][0]["coding"][0]["code"], _CODE) if "role" in person else ""
    for purpose in event.get("purposeOfEvent", ())[:1]:
        look.purpose = _fits(purpose["coding"][0]["code"], _CODE)
    for entity in event["entity"]:
        _take(look, entity)
    return look


def _take(look: Account, entity: Mapping[str, Any]) -> None:
    code = entity["type"]["code"]
    if code == "XrequestId":
        look.trace = _fits(entity["what"]["identifier"]["value"].split("-")[-1], _TRACE, or_empty=True)
    if entity["type"].get("system") != LOOK:
        return
    for one in entity["detail"]:
        name, value = one["type"], one["valueString"]
        if name in _SETS:
            getattr(look, name).add(_fits(value, _SETS[name]))
        elif name in _TEXTS:
            setattr(look, name, _fits(value, _TEXTS[name]))


def _fits(value: Any, form: re.Pattern[str], or_empty: bool = False) -> str:
    if isinstance(value, str) and (form.fullmatch(value) or (or_empty and not value)):
        return value
    raise ValueError("not of the form that a look has")
