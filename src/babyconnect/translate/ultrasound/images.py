"""Images of an export → Binary: bytes that are what they say they are, and no others.

Either in the export itself (base64) or in a file beside it, which the caller has read (`sources.images`).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MOST = 60
"""Images of one export."""

_TYPES = {"image/jpg": "image/jpeg", "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png",
          "dcm": "application/dicom", "dicom": "application/dicom"}  # fmt: skip
_FAULTS = {
    "path": "a name that leads out of the export's own folder; not read",
    "missing": "a file that is not beside the export; the image is not kept",
    "size": "larger than an image may be; not kept",
}


@dataclass(frozen=True, slots=True)
class Image:
    """`type`: told by the bytes; `owner`: what the source calls the client (another's same image is another image)."""

    type: str
    content: bytes
    owner: str

    @property
    def id(self) -> str:
        return hashlib.sha256(self.owner.encode() + b"\0" + self.content).hexdigest()[:40]

    @property
    def hash(self) -> str:
        """SHA-1 in base64, which is what STU3's Attachment.hash is; nothing here relies on it."""
        return base64.b64encode(hashlib.sha1(self.content, usedforsecurity=False).digest()).decode()

    def binary(self, woman: str) -> dict[str, Any]:
        """`woman`: reference to whom it is about, so that who may not see her may not see it."""
        about = {"securityContext": {"reference": woman}} if woman else {}
        content = base64.b64encode(self.content).decode()
        return {"resourceType": "Binary", "id": self.id, "contentType": self.type, **about, "content": content}


@dataclass(frozen=True, slots=True)
class Sight:
    """What an export has to look an image up in: files beside it, and how bytes are told."""

    files: Mapping[str, bytes | str]
    kind: Callable[[bytes], str]
    largest: int


def image(name: str, embedded: str, declared: str, owner: str, sight: Sight) -> Image | tuple[str, str]:
    """The image, or the rule and sentence of why there is none."""
    content = _embedded(embedded) if embedded else sight.files.get(name, "missing")
    if isinstance(content, str):
        return "image-" + content, _FAULTS.get(content, "not base64; the image is not kept")
    if len(content) > sight.largest:
        return "image-size", _FAULTS["size"]
    found = sight.kind(content)
    if not found:
        return "image-type", "neither JPEG, PNG nor DICOM by its own bytes; not kept"
    stated = declared.strip().lower()
    if stated and _TYPES.get(stated, stated) != found:
        return "image-type", "its bytes are of another type than it says; not kept"
    return Image(found, content, owner)


def _embedded(text: str) -> bytes | str:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return "data"
