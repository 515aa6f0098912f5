"""What R4 does differently: the tables of `definitions/r4`, looked up by STU3 type and element."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from babyconnect.definitions import rows

NL_CORE = "http://nictiz.nl/fhir/StructureDefinition/"
By = Literal[
    "rename", "concept", "code", "text", "member", "first", "note", "context", "related", "status", "unfold",
    "override", "quantity", "codings", "extension",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One row of elements.csv.  `place`: the STU3 element (`Type.element`); `becomes`: names from its parent on."""

    place: str
    becomes: tuple[str, ...]
    by: By
    argument: str


@functools.cache
def types() -> Mapping[str, str]:
    """STU3 resource types that can be written in R4, and their name there."""
    return {row["stu3"]: row["r4"] for row in rows("r4/types")}


@functools.cache
def changes() -> Mapping[str, Change]:
    """By STU3 element; a choice under its bare name (`Dosage.dose[x]`) or one of its types (`Observation.valueX`)."""
    return {
        row["element"]: Change(
            row["element"],
            tuple(row["becomes"].split(".")) if row["becomes"] else (),
            cast(By, row["by"]),
            row["argument"],
        )
        for row in rows("r4/elements")
    }


@functools.cache
def codes() -> Mapping[tuple[str, str], str]:
    """(element, STU3 code) → R4 code, "" where the code says nothing more."""
    return {(row["element"], row["from"]): row["to"] for row in rows("r4/codes")}


@functools.cache
def systems() -> Mapping[str, str]:
    """HL7's code systems that have another address in R4."""
    return {row["stu3"]: row["r4"] for row in rows("r4/systems")}


@functools.cache
def episodes() -> Mapping[str, str]:
    """The extension that holds the episode of care, by STU3 type."""
    return {row["type"]: row["extension"] for row in rows("r4/episodes")}


@functools.cache
def extensions() -> Mapping[tuple[str, str], tuple[str, str]]:
    """(address, STU3 type it stands on or "") → how (extensions.csv: by), and to what."""
    return {(row["stu3"], row["on"]): (row["by"], row["r4"]) for row in rows("r4/extensions")}


@functools.cache
def profiles() -> Mapping[tuple[str, str], str]:
    """(STU3 profile, code of the Observation or "") → nl-core profile."""
    return {(row["stu3"], row["code"]): NL_CORE + row["r4"] for row in rows("r4/profiles")}


@functools.cache
def given() -> Mapping[str, tuple[str, str]]:
    """What R4 requires and STU3 does not, by element: how it is stated when absent, and with what."""
    return {row["element"]: (row["by"], row["value"]) for row in rows("r4/given")}
