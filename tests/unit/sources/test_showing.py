"""What may be shown, told by its bytes."""

from __future__ import annotations

import struct

import pytest

from babyconnect.sources.showing import LARGEST, MOST_PIXELS, Showable, showable
from tests.support.ultrasound import DICOM, png

JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(10) + b"\xff\xc0\x00\x11\x08" + struct.pack(">HH", 600, 800) + bytes(20)


@pytest.mark.parametrize(
    ("content", "type", "inline"),
    [
        (png(), "image/png", True),
        (JPEG, "image/jpeg", True),
        (DICOM, "application/dicom", False),
        (b"%PDF-1.7\n", "application/pdf", False),
        ("Bevalplan: thuis, als het kan; één.".encode(), "text/plain; charset=utf-8", False),
    ],
)
def test_an_image_is_shown_and_a_document_handed_over(content: bytes, type: str, inline: bool) -> None:
    found = showable(content)
    assert isinstance(found, Showable) and (found.type, found.inline) == (type, inline)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "type"),
        (b"<!doctype html><script>alert(1)</script>", "type"),
        (b"  \n<html>", "type"),
        (b"GIF89a" + bytes(20), "type"),
        (b"PK\x03\x04" + bytes(20), "type"),
        (b"tekst\x00", "type"),
        ("zuig \xe9".encode("latin-1"), "type"),
        (b"%PDF-" + bytes(LARGEST), "large"),
        (png()[:20], "pixels"),
        (b"\xff\xd8\xff\xd9", "pixels"),
        (b"\xff\xd8\xff\xe0\x00\x00" + bytes(30), "pixels"),
        (b"tekst\x1f", "type"),
    ],
)
def test_what_could_run_or_cannot_be_judged_is_not_given(content: bytes, why: str) -> None:
    assert showable(content) == why


@pytest.mark.parametrize("side", [30_000, 2**31])
def test_a_small_file_that_says_it_is_a_wall_is_not_given(side: int) -> None:
    assert side * side > MOST_PIXELS
    assert showable(png().replace(struct.pack(">II", 1, 1), struct.pack(">II", side, side), 1)) == "pixels"
    if side < 2**16:
        assert showable(JPEG.replace(struct.pack(">HH", 600, 800), struct.pack(">HH", side, side))) == "pixels"


@pytest.mark.parametrize("filling", [b"\xff", b"\xff\xd0"])
def test_a_picture_of_nothing_but_filling_is_given_up_soon(filling: bytes) -> None:
    """Its frame is there, but so far on that whoever looked for it would hold up everybody else's."""
    assert showable(b"\xff\xd8" + filling * 3000 + JPEG[2:]) == "pixels"
    assert isinstance(showable(b"\xff\xd8" + filling * 30 + JPEG[2:]), Showable)
