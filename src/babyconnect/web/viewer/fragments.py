"""The pieces of a record page, drawn anew at each answer, except what has not changed since.

One `Drawer` belongs to one opened record in one language.  A line that the view kept is the same object, and its text
is kept with it; a section that equals the one before is not drawn again.  So a late answer costs what it brings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from babyconnect.definitions import document
from babyconnect.flows.viewing import Shown, Sources
from babyconnect.web.rendering import Pages

_AT_ONCE = frozenset(document("details_at_once.toml")["labels"])
_DISCREET_SECTIONS = frozenset(document("discreet.toml")["sections"])

_EMPTY = Markup("")
BAR = "bronnen"


class Drawer:
    """Draws fragments: name to HTML, in the order of the page.  `bsn`: what was typed, shown while nobody is found;
    `opens`: whether the page of the record can show files."""

    def __init__(self, pages: Pages, language: str, bsn: str = "", opens: bool = False) -> None:
        self._bsn = bsn
        self._opens = opens
        self._draw = pages.macros("viewer/fragments.html", language, lines_of=lines_of, images_of=images_of)
        # The object is kept beside its text, so that its identity cannot be taken over by another one.
        self._lines: dict[int, tuple[Any, Markup]] = {}
        self._pieces: dict[tuple[str, Any], Markup] = {}
        self._sections: dict[str, tuple[Any, str]] = {}

    def fragments(self, shown: Shown[Any] | None, phase: str) -> Mapping[str, str]:
        """Every piece of the page for one state; sections come last, each as `sectie-<id>`."""
        view = shown.view if shown else None
        today = shown.moment.date() if shown else None
        parts = {
            BAR: self.bar(shown.sources if shown else None, phase, f"{shown.moment:%H:%M}" if shown else ""),
            "kop": self._draw("head", view, self._bsn),
            "banners": self._draw("banners", view),
            "let-op": self._draw("attention", view),
            "samenvatting": self._draw("summary", view, phase),
            "tijdlijn": self._draw("timeline", view, today),
            "wegwijzer": self._draw("contents", view, _DISCREET_SECTIONS),
        }
        drawn = {section.id: (section, self._section(section)) for section in (view.sections if view else ())}
        self._sections = drawn
        return {**parts, **{f"sectie-{name}": html for name, (_, html) in drawn.items()}}

    def bar(self, sources: Sources | None, phase: str, time: str = "") -> str:
        """Which sources answered; `time` of what is said to be complete."""
        return self._draw("sources", sources, phase, time)

    def _section(self, section: Any) -> str:
        before = self._sections.get(section.id)
        if before is not None and before[0] == section:
            return before[1]
        return self._draw("section", section, self._line, section.id in _DISCREET_SECTIONS, self._opens)

    def _line(self, line: Any) -> Markup:
        kept = self._lines.get(id(line))
        if kept is None:
            at_once, groups = split(line.details)
            drawn = [(name, self._details(members)) for name, members in groups]
            sources = self._shared(("source_marks", line.sources), line.sources)
            kept = (
                line,
                self._markup("one_line", line, self._details(at_once), drawn, sources, self._opens),
            )
            self._lines[id(line)] = kept
        return kept[1]

    def _details(self, details: list[Any]) -> Markup:
        return _EMPTY.join([self._shared(("one_detail", detail), detail) for detail in details])

    def _shared(self, key: tuple[str, Any], value: Any) -> Markup:
        """A piece that many lines have alike, drawn once per record."""
        drawn = self._pieces.get(key)
        if drawn is None:
            drawn = self._pieces[key] = self._markup(key[0], value)
        return drawn

    def _markup(self, name: str, *arguments: Any) -> Markup:
        return Markup(self._draw(name, *arguments))  # noqa: S704 - a template's own output, escaped there


def lines_of(part: Any, opens: bool = False) -> tuple[list[Any], list[Any]]:
    """The lines of a section to show at once, and those whose value a table or image of the section shows already."""
    elsewhere = {item for grid in part.grids for row in grid.rows for cell in row.cells for item in cell.items}
    if opens:
        elsewhere |= {line.id for line in part.lines if any(file.image for file in line.files)}
    direct = [line for line in part.lines if line.id not in elsewhere]
    return direct, [line for line in part.lines if line.id in elsewhere]


def images_of(part: Any) -> list[tuple[str, list[Any]]]:
    """The lines of a part that have an image, by day, in the order in which they stand."""
    days: dict[str, list[Any]] = {}
    for line in part.lines:
        if any(file.image for file in line.files):
            days.setdefault(line.when, []).append(line)
    return list(days.items())


def split(details: Any) -> tuple[list[Any], list[tuple[str, list[Any]]]]:
    """What is shown beside the value, and what is one click away, by group; the fact's own details come first."""
    at_once: list[Any] = []
    groups: dict[str, list[Any]] = {"": []}
    for detail in details:
        if not detail.group and detail.label in _AT_ONCE:
            at_once.append(detail)
        else:
            groups.setdefault(detail.group, []).append(detail)
    return at_once, [(name, members) for name, members in groups.items() if members]
