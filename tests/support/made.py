"""Records made for a test, in a few words: what one organisation holds about one woman."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.birthcare.answers import SourceAnswer, Status
from babyconnect.birthcare.identifiers import BSN_SYSTEM, URA_SYSTEM, Ura
from babyconnect.birthcare.parties import Kind, Party

TODAY = dt.date(2026, 6, 1)
BSN = "999900730"
SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
NICTIZ = "http://nictiz.nl/fhir/StructureDefinition/"

MIDWIFE = Party(Ura("90000001"), "Verloskundigenpraktijk De Linde", Kind.MIDWIFERY_PRACTICE)
HOSPITAL = Party(Ura("90000002"), "Ziekenhuis Oostpoort", Kind.HOSPITAL)
KRAAM = Party(Ura("90000003"), "Kraamzorg De Wieg", Kind.MATERNITY_HOME_CARE)
ECHO = Party(Ura("90000004"), "Echocentrum Zicht", Kind.ULTRASOUND_CENTRE)
GP = Party(Ura("90000005"), "Huisartsenpraktijk Noord", Kind.GENERAL_PRACTITIONER)

Resource = dict[str, Any]


def code(value: str, system: str = SNOMED, display: str = "") -> dict[str, Any]:
    return {"coding": [{"system": system, "code": value, "display": display or value}]}


def ref(value: str) -> dict[str, str]:
    return {"reference": value, "display": value}


def day(days: int) -> str:
    """A date so many days from today."""
    return (TODAY + dt.timedelta(days=days)).isoformat()


@dataclass
class Dossier:
    """Resources of one organisation; every method adds one and returns its `Type/id`."""

    party: Party
    bsn: str = BSN
    client: str = ""
    resources: list[Resource] = field(default_factory=list)
    woman: str = "Patient/w"
    episode: str = "EpisodeOfCare/e"
    pregnancy: str = "Condition/p"

    def add(self, kind: str, id: str, **elements: Any) -> str:
        given = {name.rstrip("_"): value for name, value in elements.items() if value is not None}
        self.resources.append({"resourceType": kind, "id": id, **given})
        return f"{kind}/{id}"

    def patient(self, name: str = "Noor Voorbeeld", **elements: Any) -> str:
        identifier = [{"system": BSN_SYSTEM, "value": self.bsn}] if self.bsn else None
        return self.add(
            "Patient",
            "w",
            meta={"profile": [NICTIZ + "bc-Woman"]},
            identifier=identifier,
            name=[{"text": name, "family": name.rsplit(maxsplit=1)[-1]}],
            birthDate="1995-03-04",
            **elements,
        )

    def record(self, start: int, end: int | None = None, status: str = "active", suffix: str = "") -> str:
        """The maternal record and its pregnancy, from `start` to `end` days from today."""
        period = {"start": day(start)} | ({"end": day(end)} if end is not None else {})
        self.episode, self.pregnancy = f"EpisodeOfCare/e{suffix}", f"Condition/p{suffix}"
        self.add(
            "Condition",
            f"p{suffix}",
            code=code("118185001"),
            subject=ref(self.woman),
            clinicalStatus="active",
            meta={"profile": [NICTIZ + "zib-Pregnancy"]},
        )
        return self.add(
            "EpisodeOfCare",
            f"e{suffix}",
            type=[code("364320009")],
            patient=ref(self.woman),
            status=status,
            period=period,
            diagnosis=[{"condition": ref(self.pregnancy)}],
        )

    def observe(
        self,
        id: str,
        coded: dict[str, Any],
        when: int | str | None = None,
        about: str = "",
        subject: str = "",
        **elements: Any,
    ) -> str:
        """An Observation in her record; `when` in days from today or as FHIR text; `about`: its focus."""
        moment = day(when) if isinstance(when, int) else when
        focus = [{"url": NICTIZ + "observation-focusSTU3", "valueReference": ref(about)}] if about else None
        return self.add(
            "Observation",
            id,
            status="final",
            code=coded,
            subject=ref(subject or self.woman),
            context=ref(self.episode),
            effectiveDateTime=moment,
            extension=focus,
            **elements,
        )

    def due(
        self, days: int, definitive: bool = True, when: int | None = None, method: str = "", id: str = "due"
    ) -> str:
        return self.observe(
            id,
            code("147781000146105" if definitive else "161714006"),
            when,
            self.pregnancy,
            valueDateTime=day(days),
            method=code(method) if method else None,
        )

    def menstruation(self, days: int) -> str:
        return self.observe("lmp", code("8665-2", LOINC), None, self.pregnancy, valueDateTime=day(days))

    def lab(self, id: str, loinc: str, value: str, when: int | None = None) -> str:
        return self.observe(
            id,
            code(loinc, LOINC),
            when,
            valueCodeableConcept=code(value),
            meta={"profile": [NICTIZ + "zib-LaboratoryTestResult-Observation"]},
        )

    def pressure(self, id: str, upper: int, lower: int, when: int | str, **elements: Any) -> str:
        parts = [
            {"code": code(c, LOINC), "valueQuantity": {"value": v, "unit": "mm[Hg]", "code": "mm[Hg]"}}
            for c, v in (("8480-6", upper), ("8462-4", lower))
        ]
        return self.observe(id, code("85354-9", LOINC), when, component=parts, **elements)

    def child(
        self,
        id: str,
        sex: str = "",
        born: str = "",
        weight: int | None = None,
        birth: bool = True,
        bsn: str = "",
        **elements: Any,
    ) -> str:
        """A child with its birth and birth weight; `born` is FHIR text."""
        identifier = [{"system": BSN_SYSTEM, "value": bsn}] if bsn else None
        self.add(
            "Patient",
            id,
            meta={"profile": [NICTIZ + "bc-Child"]},
            gender=sex or None,
            birthDate=born[:10] or None,
            name=[{"text": f"Kind {id}"}],
            identifier=identifier,
            **elements,
        )
        if birth:
            self.add(
                "Procedure",
                f"b-{id}",
                status="completed",
                code=code("3950001"),
                subject=ref(f"Patient/{id}"),
                context=ref(self.episode),
                performedDateTime=born or None,
                reasonReference=[ref(self.pregnancy)],
                meta={"profile": [NICTIZ + "bc-Birth"]},
            )
        if weight is not None:
            self.observe(
                f"bw-{id}",
                code("8339-4", LOINC),
                born or None,
                subject=f"Patient/{id}",
                valueQuantity={"value": weight, "unit": "g", "code": "g"},
            )
        return f"Patient/{id}"

    def organisation(self, id: str, of: Party) -> str:
        return self.add("Organization", id, name=of.name, identifier=[{"system": URA_SYSTEM, "value": of.ura.value}])

    def answer(self, status: Status = "answered") -> SourceAnswer:
        return SourceAnswer(self.party, status, tuple(self.resources), client=self.client)


def dossier(party: Party, start: int = -150, **fields: Any) -> Dossier:
    """A dossier with the woman and one running pregnancy."""
    made = Dossier(party, **fields)
    made.patient()
    made.record(start)
    return made


def coded_value(value: str, display: str = "") -> Mapping[str, Any]:
    return code(value, SNOMED, display)
