"""Templates for who has no export: which there are, and each as files to fill in."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from babyconnect.birthcare import templates
from babyconnect.translate.tabular import templates as writing

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FIRST = (2026, 1, 1, 0, 0, 0)


def kinds() -> Mapping[str, str]:
    """The kinds of organisation that have a template, with their names."""
    return {kind: template.name for kind, template in templates.templates().items()}


def workbook(kind: str, example: bool = False) -> bytes:
    """The template as an Excel workbook.  KeyError for a kind that has none."""
    return writing.workbook(templates.templates()[kind], example)


def texts(kind: str, example: bool = False) -> Mapping[str, bytes]:
    """The template as CSV files by their names."""
    return writing.texts(templates.templates()[kind], example)


def packed(kind: str, example: bool = False) -> bytes:
    """The CSV files as one zip; the same template is the same bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in texts(kind, example).items():
            archive.writestr(zipfile.ZipInfo(name, _FIRST), content)
    return out.getvalue()
