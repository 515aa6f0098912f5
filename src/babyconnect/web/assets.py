"""The files that pages are dressed with: our own (`static/`) and the fetched ones (`assets/`, tools/fetch_assets.py).

Read once, served from memory, compressed once, named by their content so that a browser keeps them for a year.  Pages
stay readable when `assets/` is absent: a name that is not there yields no link.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

MEDIA = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".woff2": "font/woff2",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    """One file; `address` is its name with a hash of its content."""

    address: str
    media: str
    content: bytes
    compressed: bytes


def _asset(file: Traversable, rewritten: bytes) -> Asset:
    stem, _, ending = file.name.rpartition(".")
    digest = hashlib.sha256(rewritten).hexdigest()[:12]
    packed = rewritten if ending == "woff2" else gzip.compress(rewritten, 9, mtime=0)
    return Asset(f"{stem}.{digest}.{ending}", MEDIA["." + ending], rewritten, packed)


class Assets:
    """Every file by its plain name.  Where a style sheet names another as `url(NAME)`, it gets the hashed address."""

    def __init__(self) -> None:
        self._by_name: dict[str, Asset] = {}
        files = [file for file in self._files() if "." + file.name.rpartition(".")[2] in MEDIA]
        for file in sorted(files, key=lambda file: (file.name.endswith(".css"), file.name)):
            self._by_name[file.name] = _asset(file, self._with_addresses(file))
        self._by_address = {asset.address: asset for asset in self._by_name.values()}

    @staticmethod
    def _files() -> list[Traversable]:
        home = resources.files(__package__)
        folders = [home.joinpath("static"), home.joinpath("assets")]
        return [file for folder in folders if folder.is_dir() for file in folder.iterdir() if file.is_file()]

    def _with_addresses(self, file: Traversable) -> bytes:
        content = file.read_bytes()
        if file.name.endswith(".css"):
            for name, asset in self._by_name.items():
                content = content.replace(f"url({name})".encode(), f"url({asset.address})".encode())
        return content

    def address(self, name: str) -> str:
        """The address of a file below the static folder, or "" when it was not fetched."""
        asset = self._by_name.get(name)
        return asset.address if asset else ""

    async def serve(self, request: Request) -> Response:
        asset = self._by_address.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        headers = {"cache-control": FOREVER, "vary": "accept-encoding"}
        if asset.compressed is not asset.content and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(asset.compressed, media_type=asset.media, headers={**headers, "content-encoding": "gzip"})
        return Response(asset.content, media_type=asset.media, headers=headers)
