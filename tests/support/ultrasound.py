"""Exports of an ultrasound system, made for the tests, and what comes of them."""

from __future__ import annotations

import base64
import datetime as dt
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from babyconnect.birthcare.ultrasound import ExportTable
from babyconnect.sources import astraia, images
from babyconnect.translate.findings import Translated
from babyconnect.translate.ultrasound.images import Sight
from babyconnect.translate.ultrasound.translating import translate

TODAY = dt.date(2026, 11, 22)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(40) + b"\xff\xd9"
DICOM = bytes(128) + b"DICM" + bytes(40)


def png(shade: int = 0) -> bytes:
    """A whole PNG of one pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes([0, shade])))
        + chunk(b"IEND", b"")
    )


def embedded(content: bytes, type: str = "", id: str = "i1", title: str = "") -> str:
    given = f' type="{type}"' if type else ""
    named = f' title="{title}"' if title else ""
    return f'<image id="{id}"{given}{named}>{base64.b64encode(content).decode()}</image>'


FETUS = """
<bpd unit="mm" percentile="45" zscore="-0.13" reference="Verburg 2008">47.2</bpd>
<hc percentile="40">172</hc><ac unit="mm" percentile="50">151</ac><fl percentile="33">31</fl>
<tcd percentile="20">21</tcd><nt>2.1</nt><efw formula="Hadlock 1985" percentile="48">320</efw>
<bladder_length>52</bladder_length><heart_rate>146</heart_rate><presentation>breech</presentation>
<movements>present</movements><placenta os="free">posterior</placenta><amniotic_fluid>normal</amniotic_fluid>
<dvp>45</dvp><afi>140</afi><cord_vessels>3</cord_vessels>
<umbilical_pi percentile="60">1.1</umbilical_pi><mca_pi>1.9</mca_pi><dv_piv>0.6</dv_piv><cpr>1.73</cpr>
<anatomy><structure name="heart" state="normal"/><structure name="spine" state="not seen">ligging</structure>
<structure name="kidneys" state="abnormal">verwijd</structure></anatomy>
<markers><marker name="pyelectasis" found="yes"/></markers>
<conclusion>suspected abnormality</conclusion><suspicion>structural</suspicion><advice>guo2</advice>
<report>Verdenking pyelectasie</report>
"""
PERSON = (
    "<id>4711</id><name>Testvrouw</name><other_names>A.B. van der</other_names><dob>1994-03-12</dob>"
    "<nhs_number>999990019</nhs_number><gender>F</gender>"
)
PREGNANCY = (
    "<id>77</id><start_date>2026-05-01</start_date><gravida>2</gravida><para>1</para><lmp>2026-03-01</lmp>"
    '<edd method="CRL" determined="2026-05-01">2026-12-06</edd>'
)


def exam(*fetuses: str, id: str = "901", day: str = "2026-07-20", more: str = "", type: str = "20 weeks") -> str:
    said = "".join(f'<fetus number="{number}">{fetus}</fetus>' for number, fetus in enumerate(fetuses, start=1))
    return (
        f"<exam><id>{id}</id><us_date>{day}</us_date><type>{type}</type>"
        '<operator uzi="900000001">Echoscopist</operator><site agb="90012345">Echocentrum Test</site>'
        f"{more}{said}</exam>"
    )


def export(*exams: str, person: str = PERSON, pregnancy: str = PREGNANCY) -> bytes:
    body = f"<patient>{person}<episode>{pregnancy}{''.join(exams)}</episode></patient>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<astraia>{body}</astraia>'.encode()


WHOLE = export(exam(FETUS, more="<cervix_length>34</cervix_length>"))
_MORE = "<cervix_length>34</cervix_length><placenta>anterior</placenta><uterine_left_pi>0.9</uterine_left_pi>"
TWINS = export(
    exam(FETUS + embedded(png()), "<bpd>45</bpd>", more=_MORE),
    pregnancy=PREGNANCY + "<chorionicity>DCDA</chorionicity>",
)


def translated(
    content: bytes,
    files: Mapping[str, bytes | str] | None = None,
    today: dt.date = TODAY,
    table: ExportTable | None = None,
) -> Translated:
    sight = Sight(files or {}, images.kind, images.LARGEST)
    return translate(astraia.read(content), sight, today, table)


def rules(made: Translated) -> set[str]:
    return {f"{finding.severity} {finding.rule}" for finding in made.findings}


def of(made: Translated, type: str) -> list[dict[str, Any]]:
    return [resource for resource in made.resources if resource["resourceType"] == type]


def coded(made: Translated, code: str) -> list[dict[str, Any]]:
    """The Observations with this code."""
    return [o for o in of(made, "Observation") if any(c.get("code") == code for c in o["code"]["coding"])]


def parts(observation: Mapping[str, Any]) -> dict[str, Any]:
    """Values of components by their code; a Quantity as its number with its unit."""
    found: dict[str, Any] = {}
    for part in observation.get("component", ()):
        value = next(v for k, v in part.items() if k.startswith("value"))
        if isinstance(value, dict) and "value" in value:
            value = f"{value['value']} {value.get('code', '')}".strip()
        found[part["code"]["coding"][0]["code"]] = value
    return found
