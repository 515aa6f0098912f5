"""Who takes part: kinds of organisation and roles of persons (codes and Dutch names: `definitions/parties.toml`)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from babyconnect.birthcare.identifiers import Ura


class Kind(StrEnum):
    """Kind of organisation; the value is used in configuration, consents and the role matrix."""

    __hash__ = str.__hash__  # Enum's own is written in Python, and a decision looks up by these all the time

    MIDWIFERY_PRACTICE = "midwifery_practice"
    HOSPITAL = "hospital"
    ULTRASOUND_CENTRE = "ultrasound_centre"
    MATERNITY_HOME_CARE = "maternity_home_care"
    YOUTH_HEALTH_CARE = "youth_health_care"
    GENERAL_PRACTITIONER = "general_practitioner"
    PHARMACY = "pharmacy"


class Role(StrEnum):
    """What a person is, on whose behalf a request is made."""

    __hash__ = str.__hash__  # Enum's own is written in Python, and a decision looks up by these all the time

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
    PHARMACIST = "pharmacist"
    STUDENT = "student"
    OUTPATIENT_CLERK = "outpatient_clerk"
    LOCUM = "locum"
    EMPLOYEE = "employee"
    """Works here without a care task: believable for no kind of organisation, so sees no client's record."""
    CLIENT = "client"
    REPRESENTATIVE = "representative"
    """She herself, and who has authority over a child: never of an organisation, and asking for her own only."""


HERSELF = frozenset({Role.CLIENT, Role.REPRESENTATIVE})
OUTSIDE_CARE = HERSELF | {Role.EMPLOYEE}
"""Roles that no organisation vouches for as those of its care providers."""


class Function(StrEnum):
    """What somebody does for the organisation beside, or instead of, giving care; opens pages, never a record."""

    PRIVACY_OFFICER = "privacy_officer"
    ADMINISTRATOR = "administrator"


@dataclass(frozen=True, slots=True, order=True)
class Party:
    """One organisation as the directory knows it."""

    ura: Ura
    name: str
    kind: Kind


@dataclass(frozen=True, slots=True, order=True)
class Responsible:
    """Under whose responsibility somebody acts: a professional of the same organisation, by opaque id and role."""

    id: str
    role: Role


@dataclass(frozen=True, slots=True)
class Person:
    """A professional who is logged in: `id` is opaque to us (UZI or the provider's own subject), never a client.

    `loa`: how well the log-in established who it is (eIDAS: low, substantial, high); low unless something proves more.
    `responsible`: for whom a resident, student, clerk or locum acts (`definitions/delegation.csv` says who needs one).
    """

    id: str
    name: str
    role: Role
    loa: str = "low"
    responsible: Responsible | None = None
