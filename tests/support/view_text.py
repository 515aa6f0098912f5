"""All text of a view, as a reader of the screen would meet it, normalised for comparing."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any


def texts(value: Any) -> Iterator[str]:
    """Every text in the view model."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple | list):
        for part in value:
            yield from texts(part)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from texts(getattr(value, field.name))


def plain(text: str) -> str:
    """Without the differences of layout: separators between parts of a display, double spaces, capitals."""
    return " ".join(text.replace("||", " ").replace("·", " ").split()).casefold()
