"""A pharmacy's list of dispenses (6.12, HL7v3), written for these tests: invented people, structure as published.

Structure: Nictiz/Medicatieproces, 20181220_mp_6129_2_907_VerstrekkingenVertaling, QURX_EX990113NL.  Product codes are
those of the published messages.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from babyconnect.sources import Record
from babyconnect.sources.recognise import recognise
from babyconnect.translate import medication

PIECES = 'codeSystem="2.16.840.1.113883.2.4.4.1.900.2"'
PIECE = f'<translation value="{{}}" code="245" {PIECES} displayName="Stuk"/>'
ASPIRIN = """<code code="14165635" codeSystem="2.16.840.1.113883.2.4.4.8" displayName="ASPIRINE PROTECT EC 100MG">
  <translation code="1110837" codeSystem="2.16.840.1.113883.2.4.4.7"/>
  <translation code="103039" codeSystem="2.16.840.1.113883.2.4.4.1"/></code>"""
ONCE_A_DAY = '<effectiveTime xsi:type="PIVL_TS"><period value="1" unit="d"/></effectiveTime>'
PATIENT = """<subject><Patient><id extension="999900730" root="2.16.840.1.113883.2.4.6.3"/>
  <addr use="HP"><streetName>Voorbeeldstraat</streetName></addr><statusCode code="active"/>
  <Person><name use="L"><given qualifier="IN">N.</given><prefix qualifier="VV">van </prefix>
   <family qualifier="BR">Voorbeeld</family></name>
   <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19950304"/></Person>
  </Patient></subject>"""
REST = """<responsibleParty><assignedCareProvider><id extension="012345679" root="2.16.528.1.1007.3.1"/>
  <representedOrganization><id extension="01234567" root="2.16.528.1.1007.3.3"/></representedOrganization>
  </assignedCareProvider></responsibleParty>"""


def centre(amount: str = "1") -> str:
    return f'<doseQuantity><center value="{amount}">{PIECE.format(amount)}</center></doseQuantity>'


def request(time: str = ONCE_A_DAY, dose: str = "", more: str = "", words: str = "1 maal per dag 1 tablet") -> str:
    return f"""<therapeuticAgentOf><medicationAdministrationRequest><text mediaType="text/plain">{words}</text>
      <statusCode code="active"/>{time}{dose or centre()}{more}
      </medicationAdministrationRequest></therapeuticAgentOf>"""


def within(period: str, width: str = '<width value="50" unit="d"/>') -> str:
    """A frequency within the days of use, as pharmacies write it."""
    return f"""<effectiveTime xsi:type="SXPR_TS"><comp xsi:type="IVL_TS">{width}</comp>
      <comp xsi:type="PIVL_TS" operator="A">{period}</comp></effectiveTime>"""


def event(
    *requests: str, number: str = "V1", day: str = "20260501", status: str = "completed", product: str = ASPIRIN,
    supply: str = '<expectedUseTime><width value="60" unit="d"/></expectedUseTime>',
) -> str:  # fmt: skip
    return f"""<component><medicationDispenseEvent>
      <id extension="{number}" root="2.16.840.1.113883.2.4.3.11.999.77.373784005.1"/>
      <statusCode code="{status}"/><effectiveTime value="{day}"/>
      <quantity value="60">{PIECE.format(60)}</quantity>{supply}
      <performer><assignedPerson><id nullFlavor="MSK"/></assignedPerson></performer>
      <product><dispensedMedication><MedicationKind>{product}</MedicationKind>
       <directTargetOf typeCode="DIR"><prescription><id extension="R1" root="2.16.840.1.113883.2.4.6.1.10652.1.9"/>
        <statusCode nullFlavor="UNK"/></prescription></directTargetOf>
       {"".join(requests or (request(),))}</dispensedMedication></product>{REST}
      </medicationDispenseEvent></component>"""


def message(*events: str, patient: str = PATIENT, interaction: str = "QURX_IN990113NL") -> bytes:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<QURX_IN990113NL xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
 <id extension="1" root="2.16.840.1.113883.2.4.6.6.1.1"/>
 <interactionId extension="{interaction}" root="2.16.840.1.113883.1.6"/>
 <ControlActProcess moodCode="EVN"><authorOrPerformer typeCode="AUT"><participant><AssignedDevice>
   <Organization><id extension="01234567" root="2.16.528.1.1007.3.3"/><name>Apotheek Voorbeeld</name></Organization>
  </AssignedDevice></participant></authorOrPerformer>
 <subject><MedicationDispenseList><code codeSystem="2.16.840.1.113883.5.4" code="MEDLIST"/>
 {patient}{"".join(events or (event(),))}</MedicationDispenseList></subject></ControlActProcess>
</QURX_IN990113NL>""".encode()


def translated(today: dt.date) -> list[dict[str, Any]]:
    """A list with a plain dispense, one whose schedule is words, and one of what a pharmacist made, as STU3."""
    made = '<code nullFlavor="OTH"><originalText>Hydrocortison zetpil 100 mg</originalText></code><desc>Titel</desc>'
    twice = (request(words="1 tot 2 maal per dag"), request(words="1 tot 2 maal per dag"))
    events = (event(), event(*twice, number="V2"), event(number="V3", product=made, supply=""))
    found = recognise(message(*events), "list.xml")
    assert isinstance(found, Record) and found.message is not None
    record, _ = medication.recast(found.message)
    return medication.translate(record, today).resources
