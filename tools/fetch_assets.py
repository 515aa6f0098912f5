"""Fetch the third-party web assets of the viewer: registry packages pinned by integrity hash (design.md §6).

Run `python tools/fetch_assets.py` (set-up for the viewer) or with `--tests` (adds what only tests need).  It downloads
the tarballs of `assets.lock.toml` from an npm registry, checks each against its sha512 *before* opening it, and writes
only the files that the pages use to `src/babyconnect/web/assets/`.  No Node is needed; only the standard library is
used, so it runs before any dependency is installed.  The registry: `--registry`, else NPM_CONFIG_REGISTRY, else the
`registry` line of ~/.npmrc, else https://registry.npmjs.org.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import io
import os
import sys
import tarfile
import time
import tomllib
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LOCK = HERE / "assets.lock.toml"
ASSETS = HERE.parent / "src" / "babyconnect" / "web" / "assets"
TEST_ASSETS = HERE.parent / "build" / "test-assets"
DEFAULT_REGISTRY = "https://registry.npmjs.org"
LARGEST = 20_000_000
ATTEMPTS = 3


class AssetFault(Exception):
    """A package could not be had, or is not what the lock file says."""


def registry_address() -> str:
    """Where packages come from on this machine, by npm's own settings, without npm."""
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        if os.environ.get(name):
            return os.environ[name].rstrip("/")
    npmrc = Path.home() / ".npmrc"
    if npmrc.is_file():
        for line in npmrc.read_text(errors="replace").splitlines():
            key, _, value = line.partition("=")
            if key.strip() == "registry" and value.strip():
                return value.strip().rstrip("/")
    return DEFAULT_REGISTRY


def tarball_address(registry: str, name: str, version: str) -> str:
    """npm's own layout: @scope/name/-/name-version.tgz."""
    return f"{registry}/{name}/-/{name.rsplit('/', 1)[-1]}-{version}.tgz"


def checked(content: bytes, integrity: str, name: str) -> bytes:
    """The content, if it has exactly the pinned sha512; else a fault."""
    algorithm, _, expected = integrity.partition("-")
    if algorithm != "sha512":
        raise AssetFault(f"{name}: the lock file must pin sha512, not {algorithm}")
    found = base64.b64encode(hashlib.sha512(content).digest()).decode()
    if not hmac.compare_digest(found, expected):
        raise AssetFault(f"{name}: integrity differs from the lock file; nothing of it is used")
    return content


def download(address: str, name: str) -> bytes:
    """The bytes at an address, with a few attempts; at most LARGEST."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with urllib.request.urlopen(address, timeout=60) as answer:  # the registry is the operator's choice
                content: bytes = answer.read(LARGEST + 1)
                break
        except (urllib.error.URLError, TimeoutError, OSError) as fault:
            if attempt == ATTEMPTS:
                raise AssetFault(f"{name}: could not be downloaded: {fault}") from fault
            time.sleep(attempt)
    if len(content) > LARGEST:
        raise AssetFault(f"{name}: larger than {LARGEST} bytes")
    return content


def members(tarball: bytes, wanted: list[str], name: str) -> dict[str, bytes]:
    """Only the wanted files, by exact name: no path of an archive is ever used to write to."""
    found: dict[str, bytes] = {}
    with tarfile.open(fileobj=io.BytesIO(tarball), mode="r:gz") as archive:
        for path in wanted:
            try:
                file = archive.extractfile(f"package/{path}")
            except KeyError:
                file = None
            if file is None:
                raise AssetFault(f"{name}: the package has no file {path}")
            found[path] = file.read()
    return found


def without_source_map(css: bytes) -> bytes:
    """Source maps are not shipped, so the line that asks for one would only be a failed request."""
    return b"\n".join(line.split(b"/*# sourceMappingURL=")[0] for line in css.splitlines()) + b"\n"


def place(package: dict[str, Any], files: dict[str, bytes], bundles: dict[Path, list[bytes]]) -> None:
    """Style sheets with the same target are joined in order of the lock file; anything else is written as it is."""
    folder = TEST_ASSETS if package.get("tests_only", False) else ASSETS
    for file in package["files"]:
        content, target = files[file["path"]], folder / file["to"]
        if target.suffix == ".css":
            bundles.setdefault(target, []).append(without_source_map(content))
        else:
            bundles[target] = [content]


def up_to_date(stamp: Path, key: str) -> bool:
    return stamp.is_file() and stamp.read_text() == key


def fetch(registry: str, with_tests: bool, force: bool) -> None:
    """Everything of the lock file (or everything but what only tests need) into the assets folder."""
    lock_bytes = LOCK.read_bytes()
    packages = [
        p for p in tomllib.loads(lock_bytes.decode())["package"] if with_tests or not p.get("tests_only", False)
    ]
    key = hashlib.sha256(lock_bytes + str(with_tests).encode()).hexdigest()
    full_key = hashlib.sha256(lock_bytes + b"True").hexdigest()
    stamp = ASSETS / ".lock"
    if not force and (up_to_date(stamp, key) or up_to_date(stamp, full_key)):
        print(f"web assets: already there ({ASSETS.name}/, by the lock file)")
        return
    bundles: dict[Path, list[bytes]] = {}
    total = 0
    for package in packages:
        name = f"{package['name']}@{package['version']}"
        content = download(tarball_address(registry, package["name"], package["version"]), name)
        total += len(content)
        print(f"  {name:55} {len(content) / 1024:8.1f} kB")
        wanted = [file["path"] for file in package["files"]]
        place(package, members(checked(content, package["integrity"], name), wanted, name), bundles)
    for path, parts in bundles.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"".join(parts))
    stamp.write_text(key)
    kept = sum(len(part) for parts in bundles.values() for part in parts)
    print(f"web assets: downloaded {total / 1024:.0f} kB in {len(packages)} packages, kept {kept / 1024:.0f} kB")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--registry", default=registry_address(), help="base address of an npm registry")
    parser.add_argument("--tests", action="store_true", help="also what only the tests need (axe-core)")
    parser.add_argument("--force", action="store_true", help="download again, even when up to date")
    options = parser.parse_args()
    try:
        fetch(options.registry.rstrip("/"), options.tests, options.force)
    except AssetFault as fault:
        print(f"web assets: {fault}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
