"""The file transfer of youth health care in a version of its data set, made of that of another."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

from babyconnect.flows.findings import Finding
from babyconnect.flows.material import Material, Written
from babyconnect.translate.jgz import convert, masking


def _write(output: str, material: Material) -> Written:
    if material.message is None or not convert.version_of(material.message):
        text = f"{output} is made of a file transfer of youth health care, and this is none"
        return Written(b"", "xml", (Finding("error", material.name, "format", text),))
    made = convert.convert(material.message, output.removeprefix("jgz-"))
    masked = [] if material.wanted.with_bsn else masking.attachments(material.message)
    return Written(made.content, "xml", tuple(
        Finding(f.severity, f"{material.name}: line {f.line} {f.place}", f.rule, f.text)
        for f in sorted([*masked, *made.findings], key=lambda finding: finding.line)
    ))  # fmt: skip


WRITERS: Mapping[str, Callable[[Material], Written]] = {
    output: functools.partial(_write, output) for output in convert.outputs()
}
