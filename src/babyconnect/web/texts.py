"""The words of the screens, Dutch first, English as a switch: `definitions/texts.toml`.

Only the words around a record are translated; what a source wrote stays as it wrote it.
"""

from __future__ import annotations

from typing import Any

from babyconnect.definitions import document

LANGUAGES = ("nl", "en")


class Texts:
    """One language's words: `texts("sources.complete", done=5)`.  An unknown key is a fault, and a test finds it."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]

    def __call__(self, key: str, **values: Any) -> str:
        section, _, name = key.partition(".")
        words = document("texts.toml")[section][name]
        text: str = words[self.language]
        return text.format(**values) if values else text

    def number(self, value: float, digits: int = 2) -> str:
        """A figure as this language writes it, without zeros that say nothing."""
        text = f"{value:.{digits}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text if self.language == "en" else text.replace(".", ",")

    def has(self, key: str) -> bool:
        section, _, name = key.partition(".")
        return name in document("texts.toml").get(section, {})
