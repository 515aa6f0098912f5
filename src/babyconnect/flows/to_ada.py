"""The writer of ADA: material to one record of a transaction, with a finding for each thing that it cannot say."""

from __future__ import annotations

from babyconnect.flows.findings import Finding
from babyconnect.flows.material import Material, Written
from babyconnect.translate.to_ada.record import to_ada, transactions
from babyconnect.translate.to_ada.writing import written


def write(material: Material) -> Written:
    """The transaction wanted, or that of the record itself when it was ADA."""
    wanted, names = material.wanted, transactions()
    name = wanted.transaction or (material.ada.transaction if material.ada is not None else "")
    if name not in names:
        offered = ", ".join(sorted(short for short in names if short not in names.values()))
        what = "no transaction that can be written" if name else "ADA is one transaction"
        return _refused(material.name, "transaction", f"{what}; choose one with --transaction: {offered}")
    made = to_ada(material.resources, names[name], wanted.today, wanted.version)
    findings = tuple(
        Finding(found.severity, f"{material.name}: {found.place}", found.rule, found.text) for found in made.findings
    )
    content = written(made.record, wanted.today) if made.record is not None else b""
    return Written(content, "xml", findings)


def _refused(name: str, rule: str, text: str) -> Written:
    return Written(b"", "", (Finding("error", name, rule, text),))
