"""A small kernset record of our own making, and what a message of it says."""

from __future__ import annotations

import datetime as dt

from lxml import etree

from babyconnect.sources.ada import read
from babyconnect.translate.hl7v3.message import Message, write

TODAY = dt.date(2026, 11, 22)
BSN = "999900730"
V3 = "{urn:hl7-org:v3}"
REF = "2.16.840.1.113883.2.4.3.11.60.90.77.4.2437"
WOMAN = f"""<burgerservicenummer value="{BSN}"/><geboortedatum value="1992-03-04"/>"""
CHILD = """<uitkomst_per_kind><baring><demografische_gegevens>
  <geslacht_medische_observatie value="1" code="{sex}" codeSystem="2.16.840.1.113883.2.4.4.13.21" displayName="x"/>
  <geboortedatum value="2026-10-0{rank}T06:30:00"/>{ranked}</demografische_gegevens></baring></uitkomst_per_kind>"""


def kernset(content: str = "", woman: str = WOMAN, ref: str = REF, name: str = "kernset_geboortezorg") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<adaxml><data><{name} transactionRef="{ref}" id="r1">
<zorgverlening><datum_start_zorgverantwoordelijkheid value="2026-02-01T00:00:00"/>
<eindverantwoordelijk_in_welke_perinatale_periodeq code="1" codeSystem="2.16.840.1.113883.2.4.3.22.1.2.20"/>
</zorgverlening>
<zorgverlenerzorginstelling><zorginstelling><zorginstelling_lvrid value="1808"/></zorginstelling>
</zorgverlenerzorginstelling><vrouw>{woman}</vrouw>{content}</{name}></data></adaxml>""".encode()


def child(rank: int, ranked: bool = True, sex: str = "1") -> str:
    return CHILD.format(sex=sex, rank=rank, ranked=f'<rangnummer_kind value="{rank}"/>' if ranked else "")


def feeding(date: str, rank: str = "") -> str:
    ranked = f'<rangnummer_kind value="{rank}"/>' if rank else ""
    return f"""<kindspecifieke_gegevens>{ranked}<voeding_kind_groep><voeding_kind_datum value="{date}"/>
<substantie_voeding_kind value="1" code="1" codeSystem="2.16.840.1.113883.2.4.3.22.1.4.8" displayName="borstvoeding"/>
</voeding_kind_groep></kindspecifieke_gegevens>"""


def made(content: bytes, to: str = "hl7v3-kernset-2.3.6", with_bsn: bool = False) -> Message:
    return write(read(content), to, TODAY, with_bsn)


def tree(message: Message) -> etree._Element:
    return etree.fromstring(message.content)


def rules(message: Message) -> list[tuple[str, str]]:
    return [(finding.severity, finding.rule) for finding in message.findings]


def statements(root: etree._Element, code: str) -> list[etree._Element]:
    """The statements of this code."""
    return [found.getparent() for found in root.iter(f"{V3}code") if found.get("code") == code]
