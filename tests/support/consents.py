"""Consents for pages in tests: the real register and codes in a folder, without region, network or signatures.

What the region would check (who may give, end and read) is left out, but for the two rules that pages must cope with.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babyconnect.birthcare.access import Consent
from babyconnect.birthcare.identifiers import Bsn, Ura
from babyconnect.birthcare.parties import Party
from babyconnect.flows.consenting import Consenting
from babyconnect.flows.journal import Journal
from babyconnect.network.consent.codes import CodeService
from babyconnect.network.consent.resources import Origin
from babyconnect.network.consent.service import ConsentService
from babyconnect.network.contract import By, ConsentRefused, ConsentVersion, MadeCode, RegionFault, ShownCode


@dataclass
class Log:
    events: list[Any] = field(default_factory=list)
    fault: Exception | None = None

    async def append(self, event: Any) -> Any:
        if self.fault:
            raise self.fault
        self.events.append(event)


def pseudonym_of(bsn: str) -> str:
    return hashlib.sha256(bsn.encode()).hexdigest()[:43]


class LocalRegister:
    """`ConsentDesk`, `ConsentCodes` and `Pseudonyms` of one organisation.  `away`: the region cannot be reached."""

    def __init__(self, folder: Path, own: Party, now: Callable[[], dt.datetime]) -> None:
        self.own, self.now, self.away = own, now, False
        self.service = ConsentService(folder / "consents.sqlite", now)
        self.kept_codes = CodeService(folder / "codes.sqlite", bytes(32), now, lambda: 0.0)

    async def of(self, bsn: Bsn) -> str:
        if self.away:
            raise RegionFault("away")
        return pseudonym_of(bsn.value)

    async def of_all(self, bsns: Sequence[Bsn]) -> Sequence[str]:
        return [await self.of(bsn) for bsn in bsns]

    async def change(
        self, pseudonym: str, give: Sequence[Consent], withdraw: Sequence[str], by: By, traceparent: str = ""
    ) -> list[str]:
        herself = by.capacity != "professional"
        for one in give:
            if one.permit and one.holder != f"ura:{self.own.ura}" and not herself:
                raise ConsentRefused("403")
        for id in withdraw:
            first = self.service.first(id)
            mine = first is not None and first.origin == Origin(self.own.ura, first.origin.person)
            if first is None or not (first.consent.permit or herself or mine):
                raise ConsentRefused("403")
        change = self.service.prepared([(pseudonym, one) for one in give], withdraw)
        await self.service.apply(change, Origin(self.own.ura, by.person, by.capacity))
        return [one.id for _, one in change.give]

    async def record_all(self, given: Sequence[tuple[str, Consent]]) -> list[str]:
        change = self.service.prepared(given)
        await self.service.apply(change, Origin(self.own.ura))
        return [one.id for _, one in change.give]

    async def versions(self, pseudonym: str, by: By, traceparent: str = "") -> tuple[ConsentVersion, ...]:
        return tuple(
            ConsentVersion(k.seq, k.consent, k.active, k.moment, k.origin.recorder, k.origin.person, k.origin.capacity)
            for k in self.service.all_versions(pseudonym)
        )

    async def make(
        self, pseudonym: str, until: dt.datetime, permit: Consent | None, by: By, traceparent: str = ""
    ) -> MadeCode:
        return await self.kept_codes.make(pseudonym, self.own.ura, until, permit)

    async def verify(self, code: str, pseudonym: str, by: By, traceparent: str = "") -> ShownCode | None:
        found = self.kept_codes.find(code, pseudonym, Ura("00000009"))
        return found.shown if found else None

    async def shown(self, reference: str, pseudonym: str, asker: Ura, traceparent: str = "") -> ShownCode | None:
        return self.kept_codes.shown(reference, pseudonym, asker)

    def close(self) -> None:
        self.service.close()
        self.kept_codes.close()


def consenting(register: LocalRegister, log: Log) -> Consenting:
    journal = Journal(register.own, log, bytes(32), register.now)
    return Consenting(register.own, register, register, register, journal, register.now)
