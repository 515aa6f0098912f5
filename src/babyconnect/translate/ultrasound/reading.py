"""The tree of an export → drafts of records, one per pregnancy, by the rows of the layout.

What no row knows is told with its place.  Nothing is guessed: an examination without a day that can be is refused.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from lxml import etree

from babyconnect.birthcare.ultrasound import ExportTable
from babyconnect.translate.ultrasound import values
from babyconnect.translate.ultrasound.draft import Draft, Node
from babyconnect.translate.ultrasound.export import Export
from babyconnect.translate.ultrasound.images import MOST, Image, Sight, image
from babyconnect.translate.ultrasound.layout import Item, Level, anchor, levels, shared
from babyconnect.translate.ultrasound.standing import Standing, at

_TAKEN_APART = frozenset({"exam-date", "image-file", "image-type", "image-data"})


@dataclass(frozen=True, slots=True)
class Here:
    """Where the reading is: the draft, the groups opened so far, and what the levels around are called."""

    draft: Draft
    scope: Mapping[str, Node]
    keys: Mapping[str, str]
    fetuses: int = 0
    """Of the examination that is being read."""

    def into(self, concept: str, node: Node) -> Here:
        return replace(self, scope={**self.scope, concept: node})

    def called(self, level: str, key: str) -> Here:
        return replace(self, keys={**self.keys, level: key})


class Reading:
    """The state of reading one export."""

    def __init__(self, sight: Sight, today: dt.date, table: ExportTable) -> None:
        self.levels = levels(table)
        self.export = Export(sight, today)
        self.standing = Standing(self.export)

    def run(self, root: etree._Element) -> Export:
        export = self.export
        top = self.levels["file"].items.get(str(root.tag), ())
        people = [] if not top else self.standing.inside(root, self.levels[top[0].argument])
        patients = [(element, item) for element, item in people if item.argument == "patient"]
        if len(patients) != 1:
            rule, text = ("two-clients", "several clients") if patients else ("no-client", "no client")
            export.tell("error", export.source(root), rule, f"the export holds {text}; one is expected")
            return export
        self._patient(*patients[0])
        return export

    # Levels -----------------------------------------------------------------------------------------------------

    def _patient(self, element: etree._Element, item: Item) -> None:
        level, key = self.levels[item.argument], self.standing.key(element, self.levels[item.argument])
        if not key:
            self.export.tell("error", self.export.source(element), "no-client", "the client has no id of the source's")
            return
        episodes = [(e, i) for e, i in self.standing.inside(element, level, quiet=True) if i.argument == "episode"]
        if not episodes:
            self.export.tell("error", self.export.source(element), "incomplete", "the client has no pregnancy")
        seen: set[str] = set()
        for number, (episode, found) in enumerate(episodes):
            part = self._own_key(episode, found, seen)
            draft = Draft(f"ultrasound|{key}", part)
            here = Here(draft, {}, {"patient": key, "episode": part})
            here = here.into(item.concept, draft.open(item.concept, {}, self.export.source(element), f"woman|{key}"))
            draft.refer(anchor("client"), {}, self.export.source(element), f"woman|{key}")
            self._fill(element, level, here, quiet=number > 0)
            self._episode(episode, found, here)
            self.export.drafts.append(draft)

    def _own_key(self, element: etree._Element, item: Item, seen: set[str]) -> str:
        key = self.standing.key(element, self.levels[item.argument])
        if not key or key in seen:
            text = "no id of its own; told apart by its place" if not key else "an id that another one has"
            self.export.tell("error" if key else "warning", self.export.source(element), "identity", text)
        seen.add(key := key or f"#{len(seen) + 1}")
        return key

    def _episode(self, element: etree._Element, item: Item, here: Here) -> None:
        seen: set[str] = set()
        for exam, found in self._fill(element, self.levels[item.argument], here):
            if found.argument == "exam":
                self._exam(exam, found, here.called("exam", self._own_key(exam, found, seen)))

    def _exam(self, element: etree._Element, item: Item, here: Here) -> None:
        level, draft = self.levels[item.argument], here.draft
        name = f"exam|{here.keys['episode']}|{here.keys['exam']}"
        draft.day, draft.exam = self._day(element, level), name
        source = self.export.source(element)
        node = draft.open(item.concept, {}, source, name)
        below = self.standing.inside(element, level, quiet=True)
        fetuses = [(e, i) for e, i in below if i.concept == anchor("fetus")]
        here = replace(here.into(item.concept, node), fetuses=len(fetuses))
        reports, seen = list[Node](), set[str]()
        if len(fetuses) == 1:  # what it says of the pregnancy lies with its one fetus
            reports.append(self._fetus_group(*fetuses[0], here, seen, name))
            here = here.into(anchor("fetus"), reports[0])
        left = self._fill(element, level, here)
        for fetus, found in fetuses:
            group = reports[0] if len(fetuses) == 1 else self._fetus_group(fetus, found, here, seen, name)
            reports += [] if len(fetuses) == 1 else [group]
            number = self.standing.key(fetus, self.levels[found.argument]) or "1"
            self._fetus(fetus, found, here.into(found.concept, group).called("fetus", number), group)
        for picture, found in left:
            if found.concept == anchor("image"):
                self._image(picture, found, here, reports)
        draft.day = draft.exam = ""

    def _day(self, element: etree._Element, level: Level) -> str:
        """The day of an examination: without one that can be, nothing in it has a place in time."""
        stated = [f for f in self.standing.stated(element, level) if any(i.kind == "exam-date" for i in f[3])]
        day = values.day(stated[0][1]) if len(stated) == 1 else None
        if day is None:
            text = "an examination has one day, and a day that exists"
            self.export.tell("error", self.export.source(element), "date", text)
            return ""
        if day[:10] > self.export.today.isoformat():
            self.export.tell("error", stated[0][2], "date", "an examination on a day that is still to come")
        return day

    def _fetus_group(self, element: etree._Element, item: Item, here: Here, seen: set[str], exam: str) -> Node:
        """The examination's group of one fetus, who is the same one in every examination of the pregnancy."""
        draft, source = here.draft, self.export.source(element)
        key = self.standing.key(element, self.levels[item.argument])
        if (not key and here.fetuses > 1) or key in seen:
            text = "of several fetuses each has a number of its own: whose measurements are these?"
            self.export.tell("error", source, "no-child", text)
        seen.add(key := key or "1")
        fetus = f"fetus|{here.keys['episode']}|{key}"
        if not draft.has(fetus):
            person = draft.open(anchor("person"), {}, source, fetus)
            draft.put(anchor("rank"), {anchor("person"): person}, source, {"value": f"Foetus {key}"})
        group = draft.open(item.concept, here.scope, source, f"{exam}|{key}")
        scope = {item.concept: group}
        draft.refer(anchor("fetus_of"), scope, source, fetus)
        draft.refer(anchor("report_of"), scope, source, exam)
        return group

    def _fetus(self, element: etree._Element, item: Item, here: Here, group: Node) -> None:
        for child, found in self._fill(element, self.levels[item.argument], here):
            if found.concept == anchor("image"):
                self._image(child, found, here, [group])
            else:
                source = self.export.source(child)
                opened = here.draft.open(found.concept, here.scope, source)
                self._fill(child, self.levels[found.argument], here.into(found.concept, opened))
                if not self.levels[found.argument].demanded <= {node.concept for node in opened.children}:
                    here.draft.close(opened, here.scope)
                    self.export.tell("warning", source, "incomplete", "does not say of what it is; left out")

    # Values -----------------------------------------------------------------------------------------------------

    def _fill(self, element: etree._Element, level: Level, here: Here, quiet: bool = False
              ) -> list[tuple[etree._Element, Item]]:  # fmt: skip
        """Put what stands in an element into the draft; the elements in it that are levels of their own."""
        taken, left_out = set[str](), set[str]()
        groups: dict[str, Node] = {}
        for path, text, source, items in self.standing.stated(element, level):
            for item in items:
                self.export.filled.add((level.name, item.path))
                if item.kind in _TAKEN_APART or path.rpartition("/@")[0] in left_out:
                    continue
                if (item.concept or item.path) in taken and item.kind != "identifier":
                    self.export.tell("warning", source, "repeated", "said twice; the first stands")
                    continue
                taken.add(item.concept or item.path)
                told = len(self.export.told)
                made = self._value(element, path, text, source, item)
                if made is None and len(self.export.told) == told and len(items) > 1:
                    continue  # one of several that a text may hold (initials and a prefix) is not in it
                if made is None:
                    self.export.lost.add((level.name, item.path))
                    left_out.add(path)  # and with a measurement what was worked out from it
                elif item.concept:
                    self._put(item, made, source, here, groups)
        return self.standing.inside(element, level, quiet)

    def _put(self, item: Item, made: Mapping[str, str], source: int, here: Here, groups: dict[str, Node]) -> None:
        concept = item.concept
        if here.keys.get("exam") and anchor("fetus") not in here.scope:
            concept = shared(concept)
        scope = here.scope
        if item.argument in ("operator", "site") or concept in ("979", "957"):
            scope = {**scope, **self._party(concept, here, source, groups)}
            if item.kind == "text":
                made = {"value": made["value"]}
        here.draft.put(concept, scope, source, made)

    def _party(self, concept: str, here: Here, source: int, groups: dict[str, Node]) -> Mapping[str, Node]:
        """The professional or organisation of an examination: a group of its own, which the examination refers to."""
        people = concept in ("979", "3255")
        group, reference = (anchor("professional"), anchor("examiner")) if people else (
            anchor("place"), anchor("exam_place"))  # fmt: skip
        if group not in groups:
            name = f"{group}|{here.keys['episode']}|{here.keys['exam']}"
            groups[group] = here.draft.open(group, {}, source, name)
            here.draft.refer(reference, here.scope, source, name)
        return {group: groups[group]}

    def _value(self, element: etree._Element, path: str, text: str, source: int, item: Item
               ) -> Mapping[str, str] | None:  # fmt: skip
        def remark(rule: str, sentence: str) -> None:
            self.export.tell("warning", source, rule, sentence)

        if item.kind == "date":
            day = values.day(text)
            if day is None:
                self.export.tell("error", source, "date", "a date that does not exist")
            return {"value": day, "datatype": "datetime"} if day else None
        if item.kind == "number":
            unit = "" if "@" in path else at(element, path).get("unit", "").strip()
            return values.number(text, item, remark, unit)
        plain = values.PLAIN["identifier" if item.kind == "key" else item.kind]
        return plain(text, item, remark)

    def _image(self, element: etree._Element, item: Item, here: Here, reports: list[Node]) -> None:
        level, source = self.levels[item.argument], self.export.source(element)
        stated = {i.kind: text for _, text, _, items in self.standing.stated(element, level) for i in items}
        found: Image | tuple[str, str] = ("image-count", f"more than {MOST} images in one export; not kept")
        if len(self.export.images) < MOST:
            name, data, type = (stated.get(kind, "") for kind in ("image-file", "image-data", "image-type"))
            found = image(name, data, type, here.keys["patient"], self.export.sight)
        if isinstance(found, tuple):
            self.export.tell("warning", source, *found)
            return
        self.export.images[found.id] = found
        name = f"image|{here.keys['episode']}|{here.keys['exam']}|{found.id}"
        if not here.draft.has(name):
            scope = {item.concept: here.draft.open(item.concept, {}, source, name)}
            self._fill(element, level, replace(here, scope=scope))
            for concept, text in (("content", f"Binary/{found.id}"), ("content_type", found.type),
                                  ("content_hash", found.hash), ("content_size", str(len(found.content)))):  # fmt: skip
                here.draft.put(anchor(concept), scope, source, {"value": text})
            if "fetus" in here.keys:
                here.draft.put(anchor("content_of"), scope, source, {"value": f"Foetus {here.keys['fetus']}"})
        for report in reports:
            here.draft.refer(anchor("image_of"), {anchor("fetus"): report}, source, name)
