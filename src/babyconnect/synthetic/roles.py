"""The registered profession of each role, as records name it: RoleCodeNL for persons, or SNOMED CT."""

from __future__ import annotations

from babyconnect.birthcare.parties import Role
from babyconnect.synthetic.codes import Code, displays

_UZI_ROLES = "2.16.840.1.113883.2.4.15.111"
_SNOMED = "2.16.840.1.113883.6.96"
_URIS = {_UZI_ROLES: "http://fhir.nl/fhir/NamingSystem/uzi-rolcode", _SNOMED: "http://snomed.info/sct"}

_SPECIALTY = {
    Role.MIDWIFE: (_UZI_ROLES, "03.000"),
    Role.CLINICAL_MIDWIFE: (_SNOMED, "310188001"),
    Role.GYNAECOLOGIST: (_UZI_ROLES, "01.046"),
    Role.RESIDENT: (_SNOMED, "405277009"),
    Role.NURSE: (_UZI_ROLES, "30.000"),
    Role.PAEDIATRICIAN: (_UZI_ROLES, "01.019"),
    Role.SONOGRAPHER: (_SNOMED, "789543004"),
    Role.MATERNITY_CARER: (_SNOMED, "151531000146108"),
    Role.YOUTH_DOCTOR: (_UZI_ROLES, "01.070"),
    Role.GENERAL_PRACTITIONER: (_UZI_ROLES, "01.015"),
    Role.PHARMACIST: (_UZI_ROLES, "17.000"),
}


def specialty(role: Role) -> Code:
    oid, value = _SPECIALTY[role]
    return Code(_URIS[oid], oid, value, displays()[oid, value])
