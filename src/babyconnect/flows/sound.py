"""Is a resource one of STU3?  What is wrong with it, in the words of who hands it in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babyconnect.fhir import check
from babyconnect.fhir.grammar import R4
from babyconnect.flows.findings import Finding

_OTHER = "this is FHIR R4; birth care is STU3 (3.0.2), on the profiles of geboortezorg 3.0"


def wrong(resource: Mapping[str, Any], place: str) -> list[Finding]:
    """What the check of structure finds; of a resource that is right in R4 only that it is of another version."""
    issues = check.structure(resource)
    if _refuse(issues) and not _refuse(check.structure(resource, R4)):
        return [Finding("error", f"{place} {resource['resourceType']}", "fhir-version", _OTHER)]
    return [Finding(issue.severity, f"{place} {issue.place}", issue.rule, issue.text) for issue in issues]


def _refuse(issues: list[check.Issue]) -> bool:
    return any(issue.severity == "error" for issue in issues)
