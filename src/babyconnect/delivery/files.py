"""The files of a record: images and documents that an item speaks of, which are asked of their source one by one.

Of a file the screen has what it is (title, type, size, day, whose), never its bytes.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from babyconnect.birthcare.record import Item
from babyconnect.delivery import dutch
from babyconnect.delivery.view import File, Section, View
from babyconnect.fhir.references import targets
from babyconnect.fhir.walk import find

_HOLDERS = frozenset({"Media", "DocumentReference", "DiagnosticReport"})
"""Types whose files are clinical; a photograph of a person is not one."""
_BINARY = re.compile(r"(?:\S*/)?Binary/([A-Za-z0-9\-.]{1,64})")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_IMAGES = frozenset({"image/jpeg", "image/jpg", "image/pjpeg", "image/png"})
_KINDS = {"application/pdf": "PDF", "application/dicom": "DICOM", "text/plain": "tekst"}
"""What can be opened beside images, and what people call it."""
LONGEST_TITLE = 200


def of_item(item: Item) -> tuple[File, ...]:
    """The files of an item, in order; one that cannot be asked of its source, or not be opened, is only named."""
    if item.type not in _HOLDERS:
        return ()
    attachments = enumerate(find(item.resource, "Attachment"))
    return tuple(file for place, one in attachments if (file := _file(item, one, place)) is not None)


def _file(item: Item, attachment: Mapping[str, Any], place: int) -> File | None:
    type = str(attachment.get("contentType", "")).partition(";")[0].strip().lower()
    where = _where(item, attachment)
    if where is None or (type not in _IMAGES and type not in _KINDS):
        return None
    about = next((a for name in ("subject", "patient") for a in targets(item.resource, name)), "")
    ura = item.source.ura.value
    key = hashlib.blake2b("|".join((ura, *where, str(place))).encode(), digest_size=12).hexdigest()
    return File(
        key=key,
        title=_title(item, attachment)[:LONGEST_TITLE],
        image=type in _IMAGES,
        kind="" if type in _IMAGES else _KINDS[type],
        when=dutch.moment(item.moment) if item.moment else "",
        moment=item.moment,
        source=item.source.name,
        ura=ura,
        type=where[0],
        id=where[1],
        place=place,
        about=about,
    )


def _where(item: Item, attachment: Mapping[str, Any]) -> tuple[str, str] | None:
    """The resource that holds the bytes: at this very source, since its token goes nowhere else."""
    if found := _BINARY.fullmatch(str(attachment.get("url", ""))):
        return "Binary", found[1]
    own = str(item.resource.get("id", ""))
    return (item.type, own) if "data" in attachment and _ID.fullmatch(own) else None


def _title(item: Item, attachment: Mapping[str, Any]) -> str:
    """What it is called, and of which fetus."""
    said = str(attachment.get("title") or item.resource.get("description") or "")
    part = (item.resource.get("bodySite") or {}).get("text", "") if item.type == "Media" else ""
    return ", ".join(text for text in (said or "Zonder titel", part) if text)


def in_view(view: View) -> dict[str, File]:
    """Every file that stands on the screen, by its key: what may be asked for, and nothing else."""
    return {file.key: file for file in _in_sections(view.sections)}


def _in_sections(sections: Iterable[Section]) -> Iterator[File]:
    for section in sections:
        for line in section.lines:
            yield from line.files
        yield from _in_sections(section.parts)
