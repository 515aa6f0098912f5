"""The writer of templates: material to the rows that say the same, all sheets in one CSV text."""

from __future__ import annotations

import csv
import io

from babyconnect.birthcare.tabular import harmless
from babyconnect.birthcare.templates import sheets
from babyconnect.flows.findings import Finding
from babyconnect.flows.material import Material, Written
from babyconnect.flows.to_ada import birth_care
from babyconnect.translate.tabular.structure import TRANSACTION
from babyconnect.translate.tabular.taking import Taken, take


def write(material: Material) -> Written:
    """What the templates can hold of a record, and what they cannot."""
    record, told = birth_care(material, TRANSACTION)
    findings = [Finding(f.severity, f"{material.name}: {f.place}", f.rule, f.text) for f in told]
    if record is None:
        return Written(b"", "", tuple(findings))
    taken = take(record, material.wanted.today)
    findings += [Finding(f.severity, f"{material.name}: {f.place}", f.rule, f.text) for f in taken.findings]
    return Written(_text(taken), "csv", tuple(findings))


def _text(taken: Taken) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    for key, rows in taken.rows.items():
        headers = [header for header in sheets()[key].columns if any(header in row for row in rows)]
        out.write(f"#blad: {sheets()[key].name}\r\n")
        writer.writerow(headers)
        writer.writerows([harmless(row.get(header, "")) for header in headers] for row in rows)
    return out.getvalue().encode()
