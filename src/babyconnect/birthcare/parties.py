"""Who takes part: kinds of organisation and roles of persons (codes and Dutch names: `definitions/parties.toml`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from babyconnect.birthcare.identifiers import Ura


class Kind(StrEnum):
    """Kind of organisation; the value is used in configuration, consents and the role matrix."""

    MIDWIFERY_PRACTICE = "midwifery_practice"
    HOSPITAL = "hospital"
    ULTRASOUND_CENTRE = "ultrasound_centre"
    MATERNITY_HOME_CARE = "maternity_home_care"
    YOUTH_HEALTH_CARE = "youth_health_care"
    GENERAL_PRACTITIONER = "general_practitioner"


class Role(StrEnum):
    """What a person is, on whose behalf a request is made."""

    MIDWIFE = "midwife"
    CLINICAL_MIDWIFE = "clinical_midwife"
    GYNAECOLOGIST = "gynaecologist"
    RESIDENT = "resident"
    NURSE = "nurse"
    PAEDIATRICIAN = "paediatrician"
    SONOGRAPHER = "sonographer"
    MATERNITY_CARER = "maternity_carer"
    YOUTH_DOCTOR = "youth_doctor"
    GENERAL_PRACTITIONER = "general_practitioner"


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """One organisation as the directory knows it."""

    ura: Ura
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Person:
    """A professional who is logged in: `id` is opaque to us (UZI or the provider's own subject), never a client."""

    id: str
    name: str
    role: Role
