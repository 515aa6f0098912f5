"""The file transfer of youth health care in a version of its data set: made of that of another, or of birth care."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping

from babyconnect.flows.findings import Finding
from babyconnect.flows.material import Material, Written
from babyconnect.flows.to_ada import birth_care
from babyconnect.translate import findings
from babyconnect.translate.jgz import birth, convert, masking

_VIEWS = ("kraam", "uitbreiding")
"""The transactions that together hold what youth health care asks of a record that came as resources."""


def _write(output: str, material: Material) -> Written:
    to = output.removeprefix("jgz-")
    if material.message is None or not convert.version_of(material.message):
        return _of_birth(to, material)
    made = convert.convert(material.message, to)
    masked = [] if material.wanted.with_bsn else masking.attachments(material.message)
    told = sorted([*masked, *made.findings], key=lambda finding: finding.line)
    return Written(made.content, "xml", _named(material, told))


def _of_birth(to: str, material: Material) -> Written:
    """A record that came as ADA is one view of itself; one that came as resources is seen by two transactions."""
    seen = [birth_care(material, view) for view in (_VIEWS if material.ada is None else _VIEWS[:1])]
    records = [record for record, _ in seen if record is not None]
    wanted = material.wanted
    made = birth.files(records, to, wanted.today, wanted.with_bsn)
    told = [finding for _, found in seen for finding in found if finding.severity == "error"]
    first, *others = made.contents or (b"",)
    return Written(first, "xml", _named(material, (*told, *made.findings)), tuple(others))


def _named(material: Material, found: Iterable[findings.Finding]) -> tuple[Finding, ...]:
    return tuple(
        Finding(f.severity, f"{material.name}: {f'line {f.line} ' if f.line else ''}{f.place}".rstrip(), f.rule, f.text)
        for f in found
    )


WRITERS: Mapping[str, Callable[[Material], Written]] = {
    output: functools.partial(_write, output) for output in convert.outputs()
}
