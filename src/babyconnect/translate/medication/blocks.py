"""One building block → one resource: a function for each transform that the table may name, and no other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from babyconnect.birthcare.ada import AdaElement
from babyconnect.translate import codes, moments
from babyconnect.translate.medication.dosing import cycle, dosages, duration_of, quantity
from babyconnect.translate.medication.parties import Parties
from babyconnect.translate.medication.products import Products
from babyconnect.translate.medication.reading import Reading

NICTIZ = "http://nictiz.nl/fhir/StructureDefinition/"
Resource = dict[str, Any]


def numbered(element: AdaElement) -> Resource:
    """An Identifier; its root is its system, where the source gives one."""
    root = element.attributes.get("root", "")
    return {**({"system": codes.system(root)} if root else {}), "value": element.value}


class Writer:
    """Fills one resource; `known`: identifier of a block → its reference, to tie blocks together."""

    def __init__(
        self, reading: Reading, parties: Parties, products: Products, today: dt.date, known: Mapping[str, Resource]
    ) -> None:
        self._read, self._parties, self._products = reading, parties, products
        self._today, self._known = today, known

    def write(self, made: Resource, element: AdaElement, transform: str) -> None:
        TRANSFORMS[transform](self, made, element)

    def moment(self, element: AdaElement) -> str:
        return moments.fhir(element.value, self._today) or "" if element.value else ""

    def _extend(self, made: Resource, name: str, modifier: bool = False, **value: Any) -> None:
        key = "modifierExtension" if modifier else "extension"
        made.setdefault(key, []).append({"url": NICTIZ + name, **value})

    def identifier(self, made: Resource, element: AdaElement) -> None:
        if element.value:
            made.setdefault("identifier", []).append(numbered(element))

    def authored_on(self, made: Resource, element: AdaElement) -> None:
        self._moment(made, "authoredOn", element)

    def handed_over(self, made: Resource, element: AdaElement) -> None:
        self._moment(made, "whenHandedOver", element)

    def asserted(self, made: Resource, element: AdaElement) -> None:
        self._moment(made, "dateAsserted", element)

    def _moment(self, made: Resource, name: str, element: AdaElement) -> None:
        if found := self.moment(element):
            made[name] = found

    def agreed_on(self, made: Resource, element: AdaElement) -> None:
        if found := self.moment(element):
            self._extend(made, "zib-AdministrationAgreement-AuthoredOn", valueDateTime=found)

    def requested_on(self, made: Resource, element: AdaElement) -> None:
        if found := self.moment(element):
            self._extend(made, "zib-Dispense-RequestDate", valueDateTime=found)

    def period(self, made: Resource, element: AdaElement) -> None:
        """Start and end are two elements of one Period."""
        url, found = NICTIZ + "zib-Medication-PeriodOfUse", self.moment(element)
        if not found:
            return
        held = next((one for one in made.get("extension", ()) if one["url"] == url), None)
        if held is None:
            held = {"url": url, "valuePeriod": {}}
            made.setdefault("extension", []).append(held)
        held["valuePeriod"]["end" if element.name.endswith("eind") else "start"] = found

    def duration(self, made: Resource, element: AdaElement) -> None:
        if found := duration_of(self._read, element):
            self._extend(made, "zib-MedicationUse-Duration", valueDuration=found)

    def effective(self, made: Resource, element: AdaElement) -> None:
        if found := self.moment(element):
            side = "end" if element.name.endswith("eind") else "start"
            made.setdefault("effectivePeriod", {})[side] = found

    def effective_duration(self, made: Resource, element: AdaElement) -> None:
        if found := duration_of(self._read, element):
            extension = {"url": NICTIZ + "zib-MedicationUse-Duration", "valueDuration": found}
            made.setdefault("effectivePeriod", {})["extension"] = [extension]

    def cancelled(self, made: Resource, element: AdaElement) -> None:
        """Cancelled: it was never so (published pairs: entered-in-error)."""
        if element.value == "true":
            made["status"] = "entered-in-error"

    def stop(self, made: Resource, element: AdaElement) -> None:
        if concept := self._read.concept(element):
            self._extend(made, "zib-Medication-StopType", modifier=True, valueCodeableConcept=concept)

    def use_stop(self, made: Resource, element: AdaElement) -> None:
        made["status"] = "on-hold" if element.code in ("1", "113371000146109") else "stopped"

    def taken(self, made: Resource, element: AdaElement) -> None:
        made["taken"] = {"true": "y", "false": "n"}.get(element.value, "unk")

    def as_agreed(self, made: Resource, element: AdaElement) -> None:
        if element.value in ("true", "false"):
            self._extend(made, "zib-MedicationUse-AsAgreedIndicator", valueBoolean=element.value == "true")

    def requester(self, made: Resource, element: AdaElement) -> None:
        practitioner, organisation = self._parties.professional(element)
        if practitioner or organisation:
            made["requester"] = {"agent": practitioner or organisation}
            made["requester"] |= {"onBehalfOf": organisation} if practitioner and organisation else {}

    def performer(self, made: Resource, element: AdaElement) -> None:
        practitioner, organisation = self._parties.professional(element)
        if actor := practitioner or organisation:
            made["performer"] = [{"actor": actor}]

    def intended(self, made: Resource, element: AdaElement) -> None:
        _, organisation = self._parties.professional(element)
        if organisation:
            made.setdefault("dispenseRequest", {})["performer"] = organisation

    def prescriber(self, made: Resource, element: AdaElement) -> None:
        practitioner, _ = self._parties.professional(element)
        if practitioner:
            plain = {name: practitioner[name] for name in ("reference", "display")}
            self._extend(made, "zib-MedicationUse-Prescriber", valueReference=plain)

    def author(self, made: Resource, element: AdaElement) -> None:
        if found := self._speaker(element, "auteur_is_patient", "auteur_is_zorgverlener", "auteur_is_zorgaanbieder"):
            self._extend(made, "zib-MedicationUse-Author", valueReference=found)

    def informant(self, made: Resource, element: AdaElement) -> None:
        names = ("informant_is_patient", "informant_is_zorgverlener", "informant_is_zorgaanbieder")
        if found := self._speaker(element, *names):
            made["informationSource"] = found

    def _speaker(self, element: AdaElement, herself: str, *others: str) -> Resource:
        if self._read.value(element, herself) == "true":
            return self._parties.patient
        practitioner, organisation = self._parties.professional(self._read.child(element, *others))
        return {name: value for name, value in (practitioner or organisation).items() if name != "extension"}

    def reason(self, made: Resource, element: AdaElement) -> None:
        if concept := self._read.concept(element):
            made.setdefault("reasonCode", []).append(concept)

    def use_reason(self, made: Resource, element: AdaElement) -> None:
        if element.value:
            made.setdefault("reasonCode", []).append({"text": element.value})

    def change_reason(self, made: Resource, element: AdaElement) -> None:
        if concept := self._read.concept(element):
            name = "zib-MedicationUse-ReasonForChangeOrDiscontinuationOfUse"
            self._extend(made, name, valueCodeableConcept=concept)

    def agreement_reason(self, made: Resource, element: AdaElement) -> None:
        if text := element.value or element.attributes.get("displayName", ""):
            self._extend(made, "zib-AdministrationAgreement-AgreementReason", valueString=text)

    def additional(self, made: Resource, element: AdaElement) -> None:
        if concept := self._read.concept(element):
            self._extend(made, "zib-Medication-AdditionalInformation", valueCodeableConcept=concept)

    def distribution(self, made: Resource, element: AdaElement) -> None:
        if concept := self._read.concept(element):
            self._extend(made, "zib-Dispense-DistributionForm", valueCodeableConcept=concept)

    def product(self, made: Resource, element: AdaElement) -> None:
        if found := self._products.reference(element):
            made["medicationReference"] = found

    def dosage(self, made: Resource, element: AdaElement) -> None:
        if found := dosages(self._read, element):
            made["dosage" if made["resourceType"] == "MedicationStatement" else "dosageInstruction"] = found
        if repeated := cycle(self._read, element):
            made.setdefault("modifierExtension", []).extend(repeated)

    def quantity(self, made: Resource, element: AdaElement) -> None:
        if found := quantity(self._read, element):
            made["quantity"] = found

    def requested_quantity(self, made: Resource, element: AdaElement) -> None:
        if found := quantity(self._read, element):
            made.setdefault("dispenseRequest", {})["quantity"] = found

    def repeats(self, made: Resource, element: AdaElement) -> None:
        if element.value.isdecimal() and int(element.value) > 0:
            made.setdefault("dispenseRequest", {})["numberOfRepeatsAllowed"] = int(element.value)

    def supply(self, made: Resource, element: AdaElement) -> None:
        if found := duration_of(self._read, element):
            made["daysSupply"] = found

    def on_grounds_of(self, made: Resource, element: AdaElement) -> None:
        """A block that another names: by reference where it is in this record, else by its number."""
        for number in self._read.children(element, "identificatie"):
            key = f"{number.attributes.get('root', '')}|{number.value}"
            if key in self._known:
                made["authorizingPrescription"] = [self._known[key]]
            elif number.value:
                made["authorizingPrescription"] = [{"identifier": numbered(number), "display": number.value}]

    def note(self, made: Resource, element: AdaElement) -> None:
        if element.value:
            made.setdefault("note", []).append({"text": element.value})


TRANSFORMS: Mapping[str, Callable[[Writer, Resource, AdaElement], None]] = {
    name: getattr(Writer, name)
    for name in (
        "identifier", "authored_on", "agreed_on", "handed_over", "requested_on", "asserted", "period", "duration",
        "effective", "effective_duration", "cancelled", "stop", "use_stop", "taken", "as_agreed", "requester",
        "performer", "intended", "prescriber", "author", "informant", "reason", "use_reason", "change_reason",
        "agreement_reason", "additional", "distribution", "product", "dosage", "quantity", "requested_quantity",
        "repeats", "supply", "on_grounds_of", "note",
    )
}  # fmt: skip
