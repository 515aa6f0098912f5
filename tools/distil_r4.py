"""Distil HL7's R4 (4.0.1) base definitions into `definitions/r4.json` (what the translation to R4 writes, no more), and
the code systems that have another address there into `definitions/r4/systems.csv`.

Run at development time:  python tools/distil_r4.py [--cache DIR]

Source, from Maven Central, pinned by SHA-256: ca.uhn.hapi.fhir:hapi-fhir-validation-resources-r4 holds HL7's own
`profiles-types.xml`, `profiles-resources.xml` and `valuesets.xml`; the addresses of STU3 come from `distil_stu3`'s jar.
"""

from __future__ import annotations

import argparse
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from distil_stu3 import DEFINITIONS as STU3
from distil_stu3 import FHIR, OUT, CodeLists, attribute, elements_of, fetch, format_of, structures, write
from lxml import etree

DEFINITIONS = (
    "hapi-fhir-validation-resources-r4/8.12.1/hapi-fhir-validation-resources-r4-8.12.1.jar",
    "e3be14db8922f74dd554dfffb04e1d66fa0e10b84c7e1c65e25410a865fe161f",
)
RESOURCES = (
    "AllergyIntolerance", "Binary", "BodyStructure", "Bundle", "CarePlan", "CareTeam", "ClinicalImpression",
    "Communication", "CommunicationRequest", "Composition", "Condition", "Consent", "Coverage", "Device",
    "DeviceUseStatement", "DiagnosticReport", "DocumentReference", "Encounter", "EpisodeOfCare", "FamilyMemberHistory",
    "Flag", "Goal", "ImagingStudy", "Immunization", "ImmunizationRecommendation", "List", "Location", "Media",
    "Medication", "MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement",
    "NutritionOrder", "Observation", "Organization", "Patient", "Practitioner", "PractitionerRole", "Procedure",
    "QuestionnaireResponse", "RelatedPerson", "RiskAssessment", "ServiceRequest", "Specimen", "Substance",
)  # fmt: skip


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "babyconnect-distil")
    cache = arguments.parse_args().cache
    r4 = fetch(cache, *DEFINITIONS)
    write("r4.json", distil(r4))
    write_systems(fetch(cache, *STU3), r4)


def distil(jar: zipfile.ZipFile) -> dict[str, Any]:
    folder = "org/hl7/fhir/r4/model"
    lists = CodeLists(jar, [f"{folder}/valueset/{n}.xml" for n in ("valuesets", "v3-codesystems", "v2-tables")])
    primitives: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for file in ("profiles-types.xml", "profiles-resources.xml"):
        for definition in structures(jar.read(f"{folder}/profile/{file}")):
            name, kind = attribute(definition, "name") or "", attribute(definition, "kind")
            if kind == "primitive-type":
                primitives[name] = format_of(definition)
            elif kind == "complex-type" or name in (*RESOURCES, "Resource", "DomainResource"):
                types.update(elements_of(definition, name, lists))
    for name in (*RESOURCES, "Resource", "DomainResource"):
        # 4.0.1 says string, and means id: the format of the type `id` is what its text asks for.
        types[name] = [["id", 0, 1, ["id"]] if row[0] == "id" else row for row in types[name]]
    return {
        "source": "HL7 FHIR 4.0.1 base definitions, as in " + DEFINITIONS[0].rsplit("/", 1)[1],
        "columns": ["element", "min", "max", "types", "code list", "reference targets", "xml attribute"],
        "primitives": dict(sorted(primitives.items())),
        "resources": sorted(RESOURCES),
        "types": dict(sorted(types.items())),
        "codes": dict(sorted(lists.used.items())),
    }


def write_systems(stu3: zipfile.ZipFile, r4: zipfile.ZipFile) -> None:
    """HL7's own code systems that moved to terminology.hl7.org under the same name."""
    old, new = systems_of(stu3, "org/hl7/fhir/dstu3"), systems_of(r4, "org/hl7/fhir/r4")
    home = "http://terminology.hl7.org/CodeSystem/"
    lines = [
        "# HL7's code systems that have another address in R4 (4.0.1) than in STU3 (3.0.2), by tools/distil_r4.py.",
        "stu3,r4",
    ]
    for url in sorted(old - new):
        moved = home + url.removeprefix("http://hl7.org/fhir/").replace("/", "-")
        if moved in new:
            lines.append(f"{url},{moved}")
    (OUT / "r4" / "systems.csv").write_text("\n".join(lines) + "\n")
    print("systems.csv", len(lines) - 2, "rows")


def systems_of(jar: zipfile.ZipFile, folder: str) -> set[str]:
    files = (f"{folder}/model/valueset/{n}.xml" for n in ("valuesets", "v3-codesystems", "v2-tables"))
    roots = (etree.fromstring(jar.read(file)) for file in files)
    return {attribute(system, "url") or "" for root in roots for system in root.iter(f"{FHIR}CodeSystem")}


if __name__ == "__main__":
    main()
