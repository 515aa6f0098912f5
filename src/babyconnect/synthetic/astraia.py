"""A dossier of an ultrasound centre as its system exports it (docs/ultrasound.md: the format is PROVISIONAL).

What is called what comes from the table that exports are read by (`definitions/ultrasound/astraia.csv`): where an
element's name there changes, it changes here.  Percentiles are of the synthetic medians, and say so.
"""

from __future__ import annotations

import base64
import functools
import statistics
import struct
import zlib
from collections.abc import Iterator, Mapping

from lxml import etree

from babyconnect.definitions import rows
from babyconnect.synthetic.codes import code
from babyconnect.synthetic.course import Course
from babyconnect.synthetic.dossier import Dossier, Fact, Scan, on_day
from babyconnect.synthetic.figures import growth

REFERENCE = "synthetische mediaan, geen klinische referentie"
_SPREAD = 0.035
"""Of sizes around the median, as `antenatal.scan` draws them."""
_SIZES = {"bpd": "3554", "hc": "3629", "ac": "3515", "fl": "3541", "crl": "3578", "efw": "3616", "heart_rate": "10965"}
"""Facts of a scan, as the data elements of the table."""
_TITLES = {"133601000146101": "Termijnecho", "143691000146108": "13 wekenecho", "143701000146108": "20 wekenecho",
           "241493005": "Groeiecho"}  # fmt: skip
"""By kind of examination (PWD 3.2 list 255)."""
_SCREENING = frozenset({"143701000146108", "143691000146108"})


def astraia(dossier: Dossier) -> bytes:
    """The export as UTF-8 bytes.  A dossier without a pregnancy cannot be written: an examination is of one."""
    assert dossier.course is not None, "an ultrasound is of a pregnancy"
    root = etree.Element(_root())
    woman = _level(root, "patient")
    for part, text in _person(dossier):
        _put(woman, "patient", part, text)
    episode = _level(woman, "episode")
    for part, text in _pregnancy(dossier):
        _put(episode, "episode", part, text)
    for number, scan in enumerate(dossier.scans, start=1):
        _exam(episode, dossier, dossier.course, scan, number)
    content: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return content


def _person(dossier: Dossier) -> Iterator[tuple[str, str]]:
    woman = dossier.woman
    yield "key", dossier.number
    yield "3204", woman.family
    yield "3199", f"{woman.initials.rstrip('.')}. {woman.prefix}".strip()
    yield "3198", woman.given
    yield "683", woman.born.isoformat()
    yield "684", woman.sex
    if woman.bsn:
        yield "682", woman.bsn


def _pregnancy(dossier: Dossier) -> Iterator[tuple[str, str]]:
    yield "key", dossier.episode
    yield "3400", dossier.start.isoformat()
    if dossier.end:
        yield "3401", dossier.end.isoformat()
    yield "3344", str(dossier.gravidity)
    yield "3343", str(dossier.parity)
    for fact in (*dossier.facts_of("due_definitive"), *dossier.facts_of("due_estimated"))[:1]:
        yield "3347", str(fact.value)
        yield "3348", "ultrasound" if fact.key == "due_definitive" else "lmp"
        if fact.when:
            yield "3349", on_day(fact.when).isoformat()
    for fact in dossier.facts_of("twins")[:1]:
        yield "2231", _word("chorionicity", code(str(fact.value)).code)


def _exam(episode: etree._Element, dossier: Dossier, course: Course, scan: Scan, number: int) -> None:
    exam = _level(episode, "exam")
    kind = code(scan.code).code
    _put(exam, "exam", "key", str(number))
    _put(exam, "exam", "exam-date", scan.when.isoformat())
    _put(exam, "exam", "2423", _word("exam_type", kind))
    _put(exam, "exam", "3255", dossier.manager.family)
    _put(exam, "exam", "979", dossier.manager.uzi)
    _put(exam, "exam", "958", dossier.organisation.name)
    _put(exam, "exam", "957", dossier.organisation.agb)
    for rank in sorted({fact.fetus for fact in scan.facts}):
        fetus = _level(exam, "fetus")
        _put(fetus, "fetus", "key", str(rank))
        for fact in scan.facts:
            if fact.fetus == rank and fact.key in _SIZES:
                _measured(fetus, fact, course.gestation(on_day(scan.when)))
        if kind in _SCREENING:
            _seen(fetus)
        if scan.conclusion:
            _put(fetus, "fetus", "7873", scan.conclusion)
        _image(fetus, _TITLES.get(kind, "Echobeeld"), course.gestation(on_day(scan.when)) // 7)


def _measured(fetus: etree._Element, fact: Fact, days: int) -> None:
    row = _row("fetus", _SIZES[fact.key])
    unit = "cm" if fact.key == "hc" else row["argument"]
    at = _put(fetus, "fetus", row["concept"], str(fact.value))
    at.set("unit", unit)
    column = "weight_boy" if fact.key == "efw" else fact.key
    if fact.key in ("bpd", "hc", "ac", "fl", "efw") and isinstance(fact.value, int | float):
        share = fact.value * (10 if fact.key == "hc" else 1) / growth(column, days) - 1
        percentile = statistics.NormalDist(0, _SPREAD * (3 if fact.key == "efw" else 1)).cdf(share) * 100
        at.set("percentile", str(min(99, max(1, round(percentile)))))
        at.set("reference", REFERENCE)


def _seen(fetus: etree._Element) -> None:
    """Every organ system of the checklist, as normal."""
    words = {row["code"]: row["word"] for row in reversed(rows("ultrasound/codes")) if row["list"] == "organ"}
    for word in words.values():
        structure = _level(fetus, "structure")
        _put(structure, "structure", "7887", word)
        _put(structure, "structure", "7839", "normal")


def _image(fetus: etree._Element, title: str, weeks: int) -> None:
    image = _level(fetus, "image")
    image.set("title", f"{title}, synthetisch beeld")
    image.text = base64.b64encode(picture(weeks)).decode()


@functools.cache
def picture(weeks: int) -> bytes:
    """A PNG of an oval in a sector, larger as she is further: an image, of nobody (PNG specification §5 and §11)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    wide, high = 160, 120
    lines = (bytes([0, *(_shade(x - wide // 2, y, 8 + weeks) for x in range(wide))]) for y in range(high))
    head = struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"".join(lines))) + chunk(
        b"IEND", b""
    )  # fmt: skip


def _shade(across: int, down: int, size: int) -> int:
    if across * across + down * down > 118 * 118 or abs(across) > down * 4 // 5 + 6:
        return 0  # outside the sector
    oval = across * across * 4 // 9 + (down - 68) * (down - 68)
    inner = size * size * 4 // 9
    return 215 if abs(oval - inner) < 5 * size else 70 if oval < inner else 40 + (across * 7 + down * 13) % 24


# What an export calls things ----------------------------------------------------------------------------------------


@functools.cache
def _rows() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """(level, data element; of what has none, its kind) → row of the table."""
    found: dict[tuple[str, str], Mapping[str, str]] = {}
    for row in rows("ultrasound/astraia"):
        name = row["kind"] if row["kind"] in ("key", "exam-date") else row["concept"]
        found.setdefault((row["level"], name), row)
    return found


def _row(level: str, part: str) -> Mapping[str, str]:
    return _rows()[level, part]


def _root() -> str:
    return next(row["path"] for row in rows("ultrasound/astraia") if row["level"] == "file")


def _level(parent: etree._Element, name: str) -> etree._Element:
    """A new element of that level, at the place that the table gives it."""
    path = next(row["path"] for row in rows("ultrasound/astraia") if (row["kind"], row["argument"]) == ("level", name))
    *around, last = path.split("/")
    return etree.SubElement(_within(parent, around), last)


def _put(element: etree._Element, level: str, part: str, text: str) -> etree._Element:
    *around, last = _row(level, part)["path"].split("/")
    here = _within(element, around)
    if last.startswith("@"):
        here.set(last[1:], text)
        return here
    here = _within(here, [last])
    here.text = text
    return here


def _within(element: etree._Element, steps: list[str]) -> etree._Element:
    for step in steps:
        found = element.find(step)
        element = etree.SubElement(element, step) if found is None else found
    return element


def _word(listed: str, wanted: str) -> str:
    """The table's first word for a code; for a kind of examination that it has none for, the general one."""
    found = (row["word"] for row in rows("ultrasound/codes") if (row["list"], row["code"]) == (listed, wanted))
    return next(found, "other")
