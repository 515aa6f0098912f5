"""A record of the medication process as ADA, written for these tests: invented people, structure as published.

Structure: Nictiz/HL7-mappings, ada_2_fhir/mp/9.0.7.  Product codes are those of the published instances.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from babyconnect.sources import Record
from babyconnect.sources.recognise import recognise
from babyconnect.translate import medication

NAME = "beschikbaarstellen_medicatiegegevens"
REF = "2.16.840.1.113883.2.4.3.11.60.20.77.4.102"
BSN_ROOT, UZI, URA = "2.16.840.1.113883.2.4.6.3", "2.16.528.1.1007.3.1", "2.16.528.1.1007.3.3"
MBH, MA, VV, TA, MVE, MGB = (f"2.16.840.1.113883.2.4.3.11.999.77.{n}.1" for n in (1, 16076005, 52711000146108, 422037009, 373784005, 6))  # noqa: E501  # fmt: skip


def product(prk: str = "49484", gpk: str = "103039", name: str = "ACETYLSALICYLZUUR TABLETMSR 100MG") -> str:
    codes = ((prk, "2.16.840.1.113883.2.4.4.10"), (gpk, "2.16.840.1.113883.2.4.4.1"))
    found = [f'<product_code code="{code}" codeSystem="{system}" displayName="{name}"/>' for code, system in codes]
    return f"<product>{''.join(found)}</product>"


def instruction(text: str = "1 maal per dag 1 stuk, oraal", often: int = 1, extra: str = "") -> str:
    return f"""<gebruiksinstructie><omschrijving value="{text}"/>
      <toedieningsweg code="9" codeSystem="2.16.840.1.113883.2.4.4.9" displayName="Oraal"/>
      <doseerinstructie><volgnummer value="1"/><dosering>
       <keerdosis><aantal><vaste_waarde value="1"/></aantal>
        <eenheid code="245" codeSystem="2.16.840.1.113883.2.4.4.1.900.2" displayName="stuk"/></keerdosis>
       <toedieningsschema><frequentie><aantal><vaste_waarde value="{often}"/></aantal>
        <tijdseenheid value="1" unit="dag"/></frequentie>{extra}</toedieningsschema>
      </dosering></doseerinstructie></gebruiksinstructie>"""


PRESCRIBER = f"""<zorgverlener>
  <zorgverlener_identificatienummer value="000001111" root="{UZI}"/>
  <naamgegevens><naamgegevens><voornamen value="Petra"/><geslachtsnaam><achternaam value="Voorbeeld"/></geslachtsnaam>
  </naamgegevens></naamgegevens>
  <specialisme code="0100" codeSystem="2.16.840.1.113883.2.4.6.7" displayName="Huisartsen, niet nader gespecificeerd"/>
  <zorgaanbieder><zorgaanbieder_identificatienummer value="00001111" root="{URA}"/>
  <organisatie_naam value="Huisartsenpraktijk Voorbeeld"/></zorgaanbieder></zorgverlener>"""
PHARMACY = f"""<zorgaanbieder><zorgaanbieder_identificatie_nummer value="01236578" root="{URA}"/>
  <organisatie_naam value="Apotheek Voorbeeld"/></zorgaanbieder>"""

PATIENT = f"""<patient><naamgegevens><initialen value="N."/>
  <geslachtsnaam><achternaam value="Voorbeeld"/></geslachtsnaam>
  </naamgegevens><identificatienummer value="999900730" root="{BSN_ROOT}"/><geboortedatum value="1995-03-04"/>
  <geslacht value="1" code="F" codeSystem="2.16.840.1.113883.5.1" displayName="Vrouw"/></patient>"""

AGREEMENT = f"""<medicatieafspraak><gebruiksperiode_start value="T-30D{{00:00:00}}"/>
  <identificatie value="MA1" root="{MA}"/><afspraakdatum value="T-30D{{11:25:00}}"/>
  <gebruiksperiode value="1" unit="jaar"/><voorschrijver>{PRESCRIBER}</voorschrijver>
  <reden_afspraak code="266709005" codeSystem="2.16.840.1.113883.6.96" displayName="Starten"/>
  <afgesproken_geneesmiddel>{product()}</afgesproken_geneesmiddel>{instruction()}
  <toelichting value="tot 36 weken"/></medicatieafspraak>"""
REQUEST = f"""<verstrekkingsverzoek><identificatie value="VV1" root="{VV}"/><datum value="T-30D{{11:30:00}}"/>
  <auteur>{PRESCRIBER}</auteur><te_verstrekken_hoeveelheid><aantal value="30"/>
  <eenheid code="245" codeSystem="2.16.840.1.113883.2.4.4.1.900.2" displayName="stuk"/></te_verstrekken_hoeveelheid>
  <te_verstrekken_geneesmiddel>{product()}</te_verstrekken_geneesmiddel>
  <beoogd_verstrekker>{PHARMACY}</beoogd_verstrekker></verstrekkingsverzoek>"""
ADMINISTRATION_AGREEMENT = f"""<toedieningsafspraak><gebruiksperiode_start value="T-29D{{00:00:00}}"/>
  <identificatie value="TA1" root="{TA}"/><afspraakdatum value="T-29D{{09:00:00}}"/>
  <gebruiksperiode value="1" unit="jaar"/><verstrekker>{PHARMACY}</verstrekker><reden_afspraak value="gestart"/>
  <geneesmiddel_bij_toedieningsafspraak>{product()}</geneesmiddel_bij_toedieningsafspraak>{instruction()}
  <relatie_naar_medicatieafspraak><identificatie value="MA1" root="{MA}"/></relatie_naar_medicatieafspraak>
  </toedieningsafspraak>"""
DISPENSE = f"""<verstrekking><identificatie value="MVE1" root="{MVE}"/><datum value="T-29D{{10:00:00}}"/>
  <verstrekker>{PHARMACY}</verstrekker><verstrekte_hoeveelheid><aantal value="30"/>
  <eenheid code="245" codeSystem="2.16.840.1.113883.2.4.4.1.900.2" displayName="stuk"/></verstrekte_hoeveelheid>
  <verbruiksduur value="30" unit="dag"/><verstrekt_geneesmiddel>{product()}</verstrekt_geneesmiddel>
  <relatie_naar_verstrekkingsverzoek><identificatie value="VV9" root="{VV}"/></relatie_naar_verstrekkingsverzoek>
  </verstrekking>"""
USE = f"""<medicatie_gebruik><gebruiksperiode_start value="T-29D{{00:00:00}}"/>
  <identificatie value="MGB1" root="{MGB}"/>
  <registratiedatum value="T-1D{{15:39:00}}"/><gebruik_indicator value="true"/>
  <volgens_afspraak_indicator value="false"/><gebruiks_product>{product()}</gebruiks_product>
  {instruction("2 maal per dag 1 stuk", 2)}<voorschrijver>{PRESCRIBER}</voorschrijver>
  <informant><informant_is_patient value="true"/></informant>
  <auteur><auteur_is_patient value="true"/></auteur></medicatie_gebruik>"""
ALL = (AGREEMENT, REQUEST, ADMINISTRATION_AGREEMENT, DISPENSE, USE)


def record(*blocks: str, patient: str = PATIENT, treatment: str = "MBH1") -> bytes:
    number = f'<identificatie value="{treatment}" root="{MBH}"/>' if treatment else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<adaxml><meta status="new"/><data><{NAME} app="mp-mp907" shortName="{NAME}" formName="uitwisselen_medicatiegegevens"
 transactionRef="{REF}" transactionEffectiveDate="2016-03-23T16:32:43" prefix="mp-" language="nl-NL" id="mp-1">
{patient}<medicamenteuze_behandeling>{number}{"".join(blocks or ALL)}</medicamenteuze_behandeling>
</{NAME}></data></adaxml>""".encode()


def translated(today: dt.date) -> list[dict[str, Any]]:
    """The whole record as STU3."""
    found = recognise(record(), "medication.xml")
    assert isinstance(found, Record) and found.ada is not None
    return medication.translate(found.ada, today).resources
