"""What the merge wants to know of a resource, worked out once: its codes, its fact, whom and what it is about, when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from babyconnect.birthcare.resources import Resource, codes_in, profiles_of
from babyconnect.definitions import document
from babyconnect.merge.facts import fact_by_codes
from babyconnect.merge.medication.products import product_of
from babyconnect.merge.reading import as_list, codes_of, focuses, moment_of, subject_of

_TABLE = document("merge/facts.toml")["kind"]
_KIND_BY_CODE = {code: kind for kind, row in _TABLE.items() for code in row["codes"]}
_KINDS_OF = {"Condition": ("pregnancy",), "Procedure": ("birth", "delivery"), "BodySite": ("fetus",)}
_MOTHER = "http://hl7.org/fhir/v3/RoleCode|MTH"


@dataclass(frozen=True, slots=True, eq=False)
class Read:
    """One resource as the merge sees it.

    `kind`: pregnancy | birth | delivery | fetus | mother_link, or "" for the rest; `fact`: a row of
    `definitions/merge/facts.toml`, or "".  References are `Type/id` inside the same source.  `product`: what a block of
    the medication process is about, in terms that hold over sources.
    """

    key: str
    resource: Resource
    type: str
    kind: str
    fact: str
    codes: tuple[str, ...]
    profiles: tuple[str, ...]
    subject: str
    focuses: tuple[str, ...]
    moment: str
    product: tuple[str, ...] = ()


def _kind(resource_type: str, resource: Resource, codes: tuple[str, ...]) -> str:
    if allowed := _KINDS_OF.get(resource_type):
        return next((kind for code in codes if (kind := _KIND_BY_CODE.get(code, "")) in allowed), "")
    if resource_type == "RelatedPerson":
        concepts = as_list(resource.get("relationship"))
        return "mother_link" if any(_MOTHER in codes_in(concept) for concept in concepts) else ""
    return ""


def read(key: str, resource: Resource, held: Mapping[str, Resource]) -> Read:
    """Everything of one resource that does not depend on the others, but for the medicine that it names: `held` is what
    its source gave, by `Type/id`."""
    resource_type = str(resource.get("resourceType", ""))
    product: tuple[str, ...] = ()
    if "medicationReference" in resource:
        medicine = product_of(resource, held)
        codes, product = medicine.codes, (*sorted(medicine.codes), medicine.name) if medicine.name else (key,)
    else:
        codes = codes_of(resource)
    fact = fact_by_codes(resource, codes) if resource_type in ("Observation", "Condition") else ""
    return Read(
        key=key,
        resource=resource,
        type=resource_type,
        kind=_kind(resource_type, resource, codes),
        fact=fact,
        codes=codes,
        profiles=profiles_of(resource),
        subject=subject_of(resource),
        focuses=focuses(resource),
        moment=moment_of(resource),
        product=product,
    )
