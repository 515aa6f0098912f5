"""The writer of ADA: material to one record of a transaction, with a finding for each thing that it cannot say."""

from __future__ import annotations

from babyconnect.birthcare.ada import AdaRecord
from babyconnect.flows.findings import Finding
from babyconnect.flows.material import Material, Written
from babyconnect.translate import findings
from babyconnect.translate.to_ada.record import to_ada, transactions
from babyconnect.translate.to_ada.writing import written


def birth_care(material: Material, transaction: str) -> tuple[AdaRecord | None, tuple[findings.Finding, ...]]:
    """The material as an ADA record of birth care: its own when it came as one, else made of its resources."""
    names, wanted = transactions(), material.wanted
    if material.ada is not None and material.ada.transaction in names.values():
        return material.ada, ()
    made = to_ada(material.resources, names[transaction], wanted.today, wanted.version)
    return made.record, tuple(made.findings)


def offered() -> list[str]:
    """The names by which a transaction can be asked for."""
    return sorted(short for short, name in transactions().items() if short != name)


def asked(name: str) -> str | None:
    """The transaction that is meant by this name."""
    return transactions().get(name)


def write(material: Material) -> Written:
    """The transaction wanted, or that of the record itself when it was ADA."""
    wanted = material.wanted
    name = wanted.transaction or (material.ada.transaction if material.ada is not None else "")
    transaction = asked(name)
    if transaction is None:
        what = "no transaction that can be written" if name else "ADA is one transaction"
        return _refused(material.name, "transaction", f"{what}; choose one with --transaction: {', '.join(offered())}")
    made = to_ada(material.resources, transaction, wanted.today, wanted.version)
    told = tuple(
        Finding(found.severity, f"{material.name}: {found.place}", found.rule, found.text) for found in made.findings
    )
    content = written(made.record, wanted.today) if made.record is not None else b""
    return Written(content, "xml", told)


def _refused(name: str, rule: str, text: str) -> Written:
    return Written(b"", "", (Finding("error", name, rule, text),))
