"""What a pharmacy has of a client, as its system exports it: ADA of the medication process 9.0.7, or the older list of
dispenses (6.12, HL7v3).  Structure: that of public instances (see definitions/medication); people and numbers invented.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cache

from lxml import etree

from babyconnect.definitions import document, rows
from babyconnect.synthetic.people import Woman

_V3, _XSI = "urn:hl7-org:v3", "http://www.w3.org/2001/XMLSchema-instance"
_BSN, _URA = "2.16.840.1.113883.2.4.6.3", "2.16.528.1.1007.3.3"
_ATC, _PIECES = "2.16.840.1.113883.6.73", "2.16.840.1.113883.2.4.4.1.900.2"
_OWN = "2.16.840.1.113883.2.4.3.11.999.77"
"""Root of numbers in examples (Nictiz)."""
_PHARMACY = ("90009999", "Apotheek De Proef")
_SUPPLY_DAYS = 90
_MEDICINES = ("ferrofumaraat", "levothyroxine", "salbutamol")

Attributes = dict[str, str]


@cache
def _table() -> dict[str, dict[str, str]]:
    return {row["key"]: row for row in rows("synthetic/medicines")}


def _add(above: etree._Element, name: str, said: Attributes | None = None, text: str = "") -> etree._Element:
    """The element at a path below another, its last step always new."""
    *steps, last = name.split("/")
    space = f"{{{_V3}}}" if above.tag.startswith("{") else ""
    for step in steps:
        found = above.find(space + step)
        above = etree.SubElement(above, space + step) if found is None else found
    made = etree.SubElement(above, space + last, said or {})
    made.text = text or None
    return made


def _bytes(root: etree._Element) -> bytes:
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return content


# ADA ----------------------------------------------------------------------------------------------------------------


def medication(woman: Woman, today: dt.date) -> bytes:
    """Administration agreement, dispense and use of each medicine, as `beschikbaarstellen_medicatiegegevens`."""
    name = "beschikbaarstellen_medicatiegegevens"
    root = etree.Element("adaxml")
    form = _add(root, f"data/{name}", {
        "app": "mp-mp907", "shortName": name, "formName": "uitwisselen_medicatiegegevens",
        "transactionRef": document("medication/ada.toml")["transactions"][name]["ref"], "prefix": "mp-",
        "language": "nl-NL", "id": "voorbeeld",
    })  # fmt: skip
    person = _add(form, "patient")
    _add(person, "naamgegevens/initialen", {"value": woman.initials})
    _add(person, "naamgegevens/geslachtsnaam/achternaam", {"value": woman.surname})
    _add(person, "identificatienummer", {"value": woman.bsn or "", "root": _BSN})
    _add(person, "geboortedatum", {"value": woman.born.isoformat()})
    _add(person, "geslacht", {"code": woman.sex, "codeSystem": "2.16.840.1.113883.5.1"})
    for number, key in enumerate(_MEDICINES, 1):
        _treatment(form, key, str(number), today)
    return _bytes(root)


def _treatment(form: etree._Element, key: str, number: str, today: dt.date) -> None:
    row, since = _table()[key], today - dt.timedelta(days=30)
    treatment = _add(form, "medicamenteuze_behandeling")
    _numbered(treatment, "1", number)
    agreement = _add(treatment, "toedieningsafspraak")
    _numbered(agreement, "422037009", number)
    _add(agreement, "afspraakdatum", {"value": since.isoformat()})
    _add(agreement, "gebruiksperiode_start", {"value": since.isoformat()})
    _pharmacy(agreement)
    _product(agreement, "geneesmiddel_bij_toedieningsafspraak", row)
    _instruction(agreement, row)
    dispense = _add(treatment, "verstrekking")
    _numbered(dispense, "373784005", number)
    _add(dispense, "datum", {"value": since.isoformat()})
    _pharmacy(dispense)
    if row["pieces"]:
        amount = _add(dispense, "verstrekte_hoeveelheid")
        _add(amount, "aantal", {"value": str(_amount(row))})
        _piece(amount, "eenheid")
        _add(dispense, "verbruiksduur", {"value": str(_SUPPLY_DAYS), "unit": "dag"})
    _product(dispense, "verstrekt_geneesmiddel", row)
    use = _add(treatment, "medicatie_gebruik")
    _numbered(use, "6", number)
    _add(use, "registratiedatum", {"value": today.isoformat()})
    _add(use, "gebruik_indicator", {"value": "true"})
    _add(use, "volgens_afspraak_indicator", {"value": "true"})
    _add(use, "gebruiksperiode_start", {"value": since.isoformat()})
    _product(use, "gebruiks_product", row)
    _add(use, "informant/informant_is_patient", {"value": "true"})
    _add(use, "auteur/auteur_is_patient", {"value": "true"})


def _numbered(block: etree._Element, kind: str, number: str) -> None:
    _add(block, "identificatie", {"root": f"{_OWN}.{kind}.1", "value": f"{_PHARMACY[0]}-{number}"})


def _pharmacy(block: etree._Element) -> None:
    _add(block, "verstrekker/zorgaanbieder/zorgaanbieder_identificatie_nummer", {"value": _PHARMACY[0], "root": _URA})
    _add(block, "verstrekker/zorgaanbieder/organisatie_naam", {"value": _PHARMACY[1]})


def _product(block: etree._Element, within: str, row: dict[str, str]) -> None:
    said = {"code": row["atc"], "codeSystem": _ATC, "displayName": row["substance"]}
    _add(block, f"{within}/product/product_code", said)
    _add(block, f"{within}/product/product_specificatie/product_naam", {"value": row["product"]})


def _instruction(block: etree._Element, row: dict[str, str]) -> None:
    _add(block, "gebruiksinstructie/omschrijving", {"value": row["text"]})
    if not row["pieces"]:
        return
    dose = _add(block, "gebruiksinstructie/doseerinstructie/dosering")
    _add(dose, "keerdosis/aantal/vaste_waarde", {"value": row["pieces"]})
    _piece(dose, "keerdosis/eenheid")
    _add(dose, "toedieningsschema/frequentie/aantal/vaste_waarde", {"value": row["often"]})
    _add(dose, "toedieningsschema/frequentie/tijdseenheid", {"value": "1", "unit": "dag"})


def _piece(above: etree._Element, name: str) -> None:
    _add(above, name, {"code": "245", "codeSystem": _PIECES, "displayName": "stuk"})


def _amount(row: dict[str, str]) -> int:
    return int(row["pieces"]) * int(row["often"]) * _SUPPLY_DAYS


# 6.12 ---------------------------------------------------------------------------------------------------------------


def dispensed(woman: Woman, today: dt.date) -> bytes:
    """Two dispenses of each medicine, a supply apart, as the answer QURX_IN990113NL."""
    told = document("medication/dispense_list.toml")["message"]
    spaces: dict[str | None, str] = {None: _V3, "xsi": _XSI}
    root = etree.Element(f"{{{_V3}}}{told['interaction']}", nsmap=spaces)  # type: ignore[arg-type]
    _add(root, "id", {"root": f"{_OWN}.2", "extension": "voorbeeld"})
    _add(root, "creationTime", {"value": f"{today:%Y%m%d}090000"})
    _add(root, "interactionId", {"root": told["interaction_root"], "extension": told["interaction"]})
    author = _add(root, "ControlActProcess/authorOrPerformer/participant/AssignedDevice/Organization")
    _add(author, "id", {"root": _URA, "extension": _PHARMACY[0]})
    _add(author, "name", text=_PHARMACY[1])
    found = _add(root, f"ControlActProcess/subject/{told['list']}")
    _add(found, "code", {"code": "MEDLIST", "codeSystem": "2.16.840.1.113883.5.4"})
    person = _add(found, "subject/Patient")
    _add(person, "id", {"root": _BSN, "extension": woman.bsn or ""})
    _add(person, "statusCode", {"code": "active"})
    for part, said, text in _name(woman):
        _add(person, f"Person/name/{part}", said, text)
    _add(person, "Person/administrativeGenderCode", {"code": woman.sex, "codeSystem": "2.16.840.1.113883.5.1"})
    _add(person, "Person/birthTime", {"value": f"{woman.born:%Y%m%d}"})
    for place, key in enumerate(_MEDICINES, 1):
        for again, days in enumerate((_SUPPLY_DAYS + 5, 5), 1):
            event = _add(_add(found, "component"), "medicationDispenseEvent")
            _event(event, _table()[key], f"{place}{again}", today - dt.timedelta(days=days))
    return _bytes(root)


def _name(woman: Woman) -> Iterator[tuple[str, Attributes, str]]:
    yield "given", {"qualifier": "IN"}, woman.initials
    if woman.prefix:
        yield "prefix", {"qualifier": "VV"}, woman.prefix
    yield "family", {"qualifier": "BR"}, woman.family


def _event(event: etree._Element, row: dict[str, str], number: str, day: dt.date) -> None:
    _add(event, "id", {"root": f"{_OWN}.373784005.1", "extension": f"{_PHARMACY[0]}-{number}"})
    _add(event, "statusCode", {"code": "completed"})
    _add(event, "effectiveTime", {"value": f"{day:%Y%m%d}"})
    if row["pieces"]:
        said = {"value": str(_amount(row)), "code": "245", "codeSystem": _PIECES, "displayName": "stuk"}
        _add(_add(event, "quantity", {"value": said["value"]}), "translation", said)
        _add(event, "expectedUseTime/width", {"value": str(_SUPPLY_DAYS), "unit": "d"})
    code = _add(event, "product/dispensedMedication/MedicationKind/code", {"nullFlavor": "OTH"})
    _add(code, "originalText", text=row["product"])
    _add(code, "translation", {"code": row["atc"], "codeSystem": _ATC, "displayName": row["substance"]})
    request = _add(event, "product/dispensedMedication/therapeuticAgentOf/medicationAdministrationRequest")
    _add(request, "text", {"mediaType": "text/plain"}, row["text"])
    _add(request, "statusCode", {"code": "active"})
    if row["pieces"]:
        _request(request, row)
    provider = _add(event, "responsibleParty/assignedCareProvider/representedOrganization")
    _add(provider, "id", {"root": _URA, "extension": _PHARMACY[0]})


def _request(request: etree._Element, row: dict[str, str]) -> None:
    time = _add(request, "effectiveTime", {f"{{{_XSI}}}type": "PIVL_TS"})
    _add(time, "period", {"value": f"{1 / int(row['often']):.4f}".rstrip("0").rstrip("."), "unit": "d"})
    said = {"value": row["pieces"], "code": "245", "codeSystem": _PIECES, "displayName": "stuk"}
    _add(_add(request, "doseQuantity/center", {"value": row["pieces"]}), "translation", said)
