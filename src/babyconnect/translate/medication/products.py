"""Products (geneesmiddel/product → Medication, zib-Product): each once, by its codes or else by its name."""

from __future__ import annotations

from typing import Any

from babyconnect.birthcare.ada import AdaElement
from babyconnect.translate.medication.reading import Reading, named

_NICTIZ = "http://nictiz.nl/fhir/StructureDefinition/"
Resource = dict[str, Any]


class Products:
    """The medicines of a record."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._known: dict[tuple[str, ...], Resource] = {}

    @property
    def resources(self) -> list[Resource]:
        return list(self._known.values())

    def reference(self, element: AdaElement) -> Resource:
        """A reference to the product below an element; {} where it names none."""
        read = self._reading
        product = read.child(element, "product") or element
        codings: list[Resource] = []
        texts: list[str] = []
        for code in read.children(product, "product_code"):
            if coding := read.coding(code):
                codings.append(coding)
            texts += filter(None, (code.attributes.get("originalText", ""),))
        details = read.child(product, "product_specificatie")
        texts += filter(None, (read.value(details, "product_naam"),))
        shown = next((c["display"] for c in codings if c.get("display")), "")
        name = next(iter(texts), "") or shown or next((c["code"] for c in codings), "")
        if not name:
            return {}
        key = tuple(f"{c['system']}|{c['code']}" for c in codings) or ("name", name)
        if key not in self._known:
            self._known[key] = self._made(codings, name, details) | {"id": named("medication", *key, name)}
        return {"reference": f"Medication/{self._known[key]['id']}", "display": name}

    def _made(self, codings: list[Resource], name: str, details: AdaElement | None) -> Resource:
        read = self._reading
        made: Resource = {
            "resourceType": "Medication",
            "meta": {"profile": [_NICTIZ + "zib-Product"]},
            "code": {**({"coding": codings} if codings else {}), "text": name},
        }
        if told := read.value(details, "omschrijving"):
            made["extension"] = [{"url": _NICTIZ + "zib-Product-Description", "valueString": told}]
        if form := read.concept(read.child(details, "farmaceutische_vorm")):
            made["form"] = form
        parts = [
            {"itemCodeableConcept": concept}
            for part in read.children(details, "ingredient")
            if (concept := read.concept(read.child(part, "ingredient_code")))
        ]
        return made | ({"ingredient": parts} if parts else {})
