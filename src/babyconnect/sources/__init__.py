"""Bytes of a source system → records.  No meaning is added here: a record says what it is, not what it tells.

One module per format; `recognise` looks at the content (never at the file's name) and picks the module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.birthcare.tabular import Extract
from babyconnect.birthcare.ultrasound import ExportTable

Format = Literal[
    "ada", "ada-kernset", "ada-medication", "stu3-xml", "stu3-json", "jgz-4.1.3", "jgz-4.2.0", "hl7v3-acute",
    "hl7v3-medication", "astraia", "csv",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Record:
    """One input that was recognised.

    `content`: the bytes as they came.  `ada`: the tree of an ADA record; `message`: that of an HL7 version 3 message or
    an ultrasound export, which nobody changes; `beside`: files that an export names, or a word why one is not there;
    `table`: what that export calls things.
    `resources`: for the STU3 formats the plain resources it holds, in the order of the file, ids still the source's
    own; `bundled`: they came in a Bundle.
    `extract`: of a spreadsheet one client's rows; its `content` is these rows only.
    `version` is the data set's (`3.2`) or FHIR's (`3.0.2`); `transaction` that of an ADA record, or "".
    """

    name: str
    format: Format
    version: str
    transaction: str
    content: bytes
    resources: tuple[Sourced, ...] = field(default=())
    ada: AdaRecord | None = None
    bundled: bool = False
    message: etree._Element | None = None
    beside: Mapping[str, bytes | str] = field(default_factory=dict)
    extract: Extract | None = None
    table: ExportTable | None = None


@dataclass(frozen=True, slots=True)
class Sourced:
    """One STU3 resource as the source gave it, its address in a Bundle (`fullUrl`), and where it stood."""

    resource: Mapping[str, Any]
    full_url: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """An input that cannot be a record: where (`file:line` or a path in it), which rule, and a sentence.

    The text never quotes the content: it may hold a client's data.  `format`: what it is, as far as that could be seen.
    """

    name: str
    place: str
    rule: str
    text: str
    format: Format | Literal[""] = ""
