"""The one way in which FHIR input is refused while it is read: where, by which rule, in a sentence."""

from __future__ import annotations


class Malformed(ValueError):
    """Input that is not FHIR STU3.  `place` is `line N` or a path; the text never quotes a value."""

    def __init__(self, place: str, rule: str, text: str) -> None:
        super().__init__(f"{place} [{rule}] {text}")
        self.place, self.rule, self.text = place, rule, text
