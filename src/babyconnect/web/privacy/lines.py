"""Accounts of the log as lines that a person reads: names instead of numbers, words instead of codes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from babyconnect.audit import patterns
from babyconnect.audit.accounts import Account, words
from babyconnect.birthcare.parties import HERSELF
from babyconnect.definitions import document
from babyconnect.web.texts import Texts

NameOf = Callable[[str], str]
"""The name of an organisation by its URA, as the directory has it; "" when it has none."""


@dataclass(frozen=True, slots=True)
class Line:
    """One look or act on a screen or in a report."""

    seq: int
    when: str
    day: str
    what: str
    organisation: str
    role: str
    person: str
    responsible: str
    basis: str
    data: str
    asked: str
    emergency: bool
    outcome: str
    reasons: tuple[str, ...]


def lines(found: Sequence[Account], t: Texts, name_of: NameOf) -> list[Line]:
    return [_line(account, t, name_of) for account in found]


def _line(account: Account, t: Texts, name_of: NameOf) -> Line:
    moment = patterns.local(account.first)
    # A client is known to the log by a pseudonym, which says nothing to anybody.
    own = account.role in HERSELF
    events, reasons = document("audit_events.toml"), document("reasons.toml")
    return Line(
        seq=account.seq,
        when=moment.strftime("%d-%m-%Y %H:%M"),
        day=moment.strftime("%d-%m-%Y"),
        what=_what(account, t.language),
        organisation=t("privacy.herself") if own else organisation(account.organisation, name_of),
        role=_role(account.role, t),
        person="" if own else account.person,
        responsible=account.responsible,
        basis=t("privacy.own_data")
        if own and account.bases
        else ", ".join(sorted(_word(events["basis"], basis, t.language) for basis in account.bases)),
        data=", ".join(sorted({_kind(kind, t) for kind in account.types})),
        asked=", ".join(sorted(organisation(ura, name_of) for ura in account.asked)),
        emergency=account.emergency,
        outcome=account.outcome,
        reasons=tuple(sorted(_word(reasons, reason, t.language) for reason in account.reasons)),
    )


def organisation(ura: str, name_of: NameOf) -> str:
    return name_of(ura) or (f"URA {ura}" if ura else "")


_TELLING = ("consult", "breakglass.open", "client.bind", "search", "read", "history")


def _what(account: Account, language: str) -> str:
    """The most telling of what a look consisted of."""
    kind = next((kind for kind in _TELLING if kind in account.kinds), min(account.kinds, default=""))
    return words("consult" if account.is_access and kind != "breakglass.open" else kind, language)


def _role(role: str, t: Texts) -> str:
    return t(f"roles.{role}") if role and t.has(f"roles.{role}") else role


def _word(table: dict[str, dict[str, str]], code: str, language: str) -> str:
    row = table.get(code)
    return row.get(language, code) if isinstance(row, dict) else code


def _kind(type: str, t: Texts) -> str:
    row = document("audit_events.toml")["kind"].get(type)
    return str(row[t.language]) if isinstance(row, dict) else t("privacy.other_data")


def as_csv(found: Sequence[Line], t: Texts) -> bytes:
    """The report as a table, with a byte order mark so that a spreadsheet reads its letters right."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    names = ("when", "what", "organisation", "role", "person", "responsible", "basis", "data", "emergency", "outcome")
    writer.writerow([t(f"privacy.{name}") for name in names])
    for line in found:
        cells = {name: getattr(line, name) for name in names}
        cells["emergency"] = t("privacy.yes") if line.emergency else t("privacy.no")
        cells["outcome"] = t(f"privacy.outcome_{line.outcome}")
        writer.writerow([_cell(str(cells[name])) for name in names])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _cell(text: str) -> str:
    # A spreadsheet must not take a value for a formula (OWASP, CSV injection).
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
