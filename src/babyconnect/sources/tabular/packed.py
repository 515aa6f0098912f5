"""A zip that nobody has looked into yet: an Excel file, or CSV files together.

Looked at before anything is unpacked: how many files, how large they say they are; and while unpacking, how large they
really are.  What lies says so itself: it is refused as soon as it is larger than it said.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import PurePosixPath

from babyconnect.fhir.malformed import Malformed

MAGIC = b"PK\x03\x04"
MOST_FILES = 500
TIMES = 200
"""Of the limit of a file: XML packs well, but not without end."""
_MOST = 60_000_000


class Packed:
    """An opened zip; `read` unpacks one file within what is left of the limit."""

    def __init__(self, content: bytes) -> None:
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
            self._left = min(_MOST, max(20_000_000, TIMES * len(content)))
            self.names = [info.filename for info in self._zip.infolist() if not info.is_dir()]
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError) as fault:
            raise Malformed("het bestand", "zip", "het zip- of Excel-bestand is beschadigd of afgekapt") from fault
        if len(self.names) > MOST_FILES:
            raise Malformed("het bestand", "size", f"meer dan {MOST_FILES} bestanden in het zip-bestand")
        if len(set(self.names)) != len(self.names):
            raise Malformed("het bestand", "zip", "een bestand staat er twee keer in")
        if sum(info.file_size for info in self._zip.infolist()) > self._left:
            raise Malformed("het bestand", "size", "uitgepakt is het veel te groot (een zip-bom)")

    @property
    def is_workbook(self) -> bool:
        return "[Content_Types].xml" in self.names and any(name.startswith("xl/") for name in self.names)

    @property
    def is_binary_workbook(self) -> bool:
        return "xl/workbook.bin" in self.names

    @property
    def other(self) -> str:
        """What else it is that a program for spreadsheets keeps; "" when it is nothing that we know."""
        kind = self.read("mimetype")[:200] if "mimetype" in self.names else b""
        if kind.startswith(b"application/vnd.oasis.opendocument"):
            return "een OpenDocument-rekenblad (.ods, van LibreOffice)"
        if "Index/Document.iwa" in self.names:
            return "een rekenblad van Numbers (Apple)"
        return "een Word-bestand" if "word/document.xml" in self.names else ""

    def read(self, name: str) -> bytes:
        """The file of this name; raises `Malformed` when it is damaged, locked or larger than it said."""
        try:
            with self._zip.open(name) as file:
                content = file.read(self._left + 1)
        except RuntimeError as fault:
            raise Malformed("het bestand", "zip", "het bestand is met een wachtwoord beveiligd") from fault
        except (zipfile.BadZipFile, zlib.error, OSError, KeyError, EOFError, NotImplementedError, ValueError) as fault:
            raise Malformed("het bestand", "zip", "het zip- of Excel-bestand is beschadigd of afgekapt") from fault
        self._left -= len(content)
        if self._left < 0:
            raise Malformed("het bestand", "size", "uitgepakt is het veel te groot (een zip-bom)")
        return content

    def texts(self) -> list[tuple[str, bytes]]:
        """The CSV files in it, by their names with the folder (`map/Echo`)."""
        found = []
        for name in self.names:
            path = PurePosixPath(name.replace("\\", "/"))
            if path.suffix.lower() == ".csv" and not any(part.startswith((".", "__MACOSX")) for part in path.parts):
                found.append((_as_written(str(path.with_suffix(""))), self.read(name)))
        return found


def _as_written(name: str) -> str:
    """Names in UTF-8 that do not say so (of macOS and of Unix) come as those of MS-DOS: read as what they are."""
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name
