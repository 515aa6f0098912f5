"""Images of an export: taken when their bytes are what they say, linked to the report, kept as Binary."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from babyconnect.sources import images
from tests.support.ultrasound import DICOM, JPEG, embedded, exam, export, of, png, rules, translated

SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!doctype html><html><script>alert(1)</script></html>"


@pytest.mark.parametrize(
    ("content", "type"), [(JPEG, "image/jpeg"), (png(), "image/png"), (DICOM, "application/dicom")]
)
def test_an_image_is_media_with_its_bytes_apart(content: bytes, type: str) -> None:
    made = translated(export(exam(embedded(content, type, title="Profiel"))))
    [media], [binary], [report] = of(made, "Media"), of(made, "Binary"), of(made, "DiagnosticReport")
    assert binary["contentType"] == type and base64.b64decode(binary["content"]) == content
    assert media["content"]["url"] == f"Binary/{binary['id']}" and media["content"]["contentType"] == type
    assert (media["content"]["size"], media["content"]["title"]) == (len(content), "Profiel")
    assert media["occurrenceDateTime"] == "2026-07-20"
    assert report["image"][0]["link"]["reference"] == f"Media/{media['id']}"
    assert binary["securityContext"]["reference"] == media["subject"]["reference"]


def test_an_image_of_one_twin_is_in_her_report_and_one_of_the_examination_in_both() -> None:
    made = translated(export(exam(embedded(png(1), id="a"), "<bpd>47</bpd>", more=embedded(png(2), id="b"))))
    assert sorted(len(report["image"]) for report in of(made, "DiagnosticReport")) == [1, 2]
    assert sorted(media.get("bodySite", {}).get("text", "") for media in of(made, "Media")) == ["", "Foetus 1"]


@pytest.mark.parametrize(
    ("image", "rule"),
    [
        (embedded(SVG, "image/svg+xml"), "image-type"),
        (embedded(SVG, "image/png"), "image-type"),
        (embedded(HTML, "text/html"), "image-type"),
        (embedded(b"%PDF-1.7", "application/pdf"), "image-type"),
        (embedded(png(), "image/jpeg"), "image-type"),
        (embedded(b"GIF89a" + bytes(20)), "image-type"),
        (embedded(png() + bytes(images.LARGEST)), "image-size"),
        ("<image>geen base64!</image>", "image-data"),
        ("<image/>", "image-missing"),
        ('<image file="weg.jpg"/>', "image-missing"),
    ],
)
def test_an_image_that_is_not_one_is_left_out_and_reported(image: str, rule: str) -> None:
    made = translated(export(exam("<bpd>47</bpd>" + image)))
    assert f"warning {rule}" in rules(made)
    assert not of(made, "Media") and not of(made, "Binary") and of(made, "DiagnosticReport")


def test_the_bytes_say_what_an_image_is_not_its_name() -> None:
    made = translated(export(exam('<image file="echo.jpg"/>')), {"echo.jpg": SVG})
    assert "warning image-type" in rules(made) and not of(made, "Binary")
    assert of(translated(export(exam('<image file="echo.txt"/>')), {"echo.txt": png()}), "Binary")


def test_there_is_an_end_to_how_many_images_one_export_has() -> None:
    made = translated(export(exam("".join(embedded(png(n), id=str(n)) for n in range(70)))))
    assert len(of(made, "Binary")) == 60 and "warning image-count" in rules(made)


# Files beside the export ----------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "export"
    (inside / "beelden").mkdir(parents=True)
    (inside / "beelden" / "1.png").write_bytes(png())
    (tmp_path / "secret.png").write_bytes(png())
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    os.mkfifo(inside / "pipe.png")
    return inside


def test_an_image_in_the_folder_of_the_export_is_read(folder: Path) -> None:
    assert images.beside(folder, "beelden/1.png") == png()
    assert images.beside(folder, "beelden\\1.png") == png()


@pytest.mark.parametrize(
    "name",
    ["../secret.png", "beelden/../../secret.png", "/etc/passwd", "\\..\\secret.png", "C:\\secret.png", "link.png", "",
     ".", "beelden", "pipe.png", "beelden/1.png\0.jpg", "//host/share/x.png"],
)  # fmt: skip
def test_a_name_that_leads_elsewhere_is_not_read(folder: Path, name: str) -> None:
    assert images.beside(folder, name) in ("path", "missing")


def test_a_file_that_is_too_large_is_not_read(folder: Path) -> None:
    (folder / "groot.png").write_bytes(png() + bytes(100))
    assert images.beside(folder, "groot.png", largest=80) == "size"
    assert images.all_beside(folder, ["beelden/1.png", "groot.png"], 150)["groot.png"] == "size"
