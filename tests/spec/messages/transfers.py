"""A small file transfer of youth health care of our own making, and what becomes of it."""

from __future__ import annotations

from lxml import etree

from babyconnect.sources.hl7v3 import read
from babyconnect.translate.jgz.convert import Converted, convert

V3 = "{urn:hl7-org:v3}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
BSN = "999900730"
J = "2.16.840.1.113883.2.4.4.40"
ROOTS = {"4.1.3": "REPC_IN902120NL03", "4.2.0": "REPC_IN902120NL04"}


def transfer(version: str, content: str = "", root: str = "", interaction: str = "") -> bytes:
    root, interaction = root or ROOTS[version], interaction or ROOTS[version]
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{root} xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<id extension="1" root="1.2.3"/><interactionId extension="{interaction}" root="2.16.840.1.113883.1.6"/>
<attentionLine><value xsi:type="II" extension="{BSN}" root="2.16.840.1.113883.2.4.6.3"/></attentionLine>
<ControlActProcess><subject><CareProvisionRequest>
<encounter>{content}</encounter>
</CareProvisionRequest></subject></ControlActProcess></{root}>""".encode()


def section(code: str, *components: str) -> str:
    inner = "".join(f"<component>{one}</component>" for one in components)
    return f"""<pertinentInformation><rubricCluster><code code="{code}" codeSystem="{J}.391"/>
{inner}</rubricCluster></pertinentInformation>"""


def group(code: str, *components: str) -> str:
    inner = "".join(f"<component>{one}</component>" for one in components)
    return f"""<groupCluster><code code="{code}" codeSystem="{J}.393"/>{inner}</groupCluster>"""


def element(number: str, value: str = '<value xsi:type="ST">tekst</value>', display: str = "", more: str = "") -> str:
    shown = f' displayName="{display}"' if display else ""
    return f"""<observation classCode="OBS">
<code code="{number}" codeSystem="{J}.267"{shown}/>{value}{more}</observation>"""


def coded(system: str, code: str, display: str = "", name: str = "value") -> str:
    shown = f' displayName="{display}"' if display else ""
    typed = ' xsi:type="CV"' if name == "value" else ""
    return f'<{name}{typed} code="{code}" codeSystem="{J}.{system}"{shown}/>'


def converted(version: str, content: str, to: str) -> tuple[etree._Element, Converted]:
    made = convert(read(transfer(version, content))[1], to)
    return etree.fromstring(made.content), made


def elements(root: etree._Element) -> list[str]:
    """The numbers of the elements that a message has, in its order."""
    return [code.get("code", "") for code in root.iter(f"{V3}code") if code.get("codeSystem") == f"{J}.267"]


def said(made: Converted) -> list[tuple[str, str, str]]:
    """What was found: severity, rule and place."""
    return [(f.severity, f.rule, f.place) for f in made.findings]
