"""Outside parts a test may need.  Absent: the test is skipped, with a line that says how to get the part.

In CI (`BABYCONNECT_REQUIRE=postgres,chromium,…`) the absence of a required part is a failure: a green run must not hide
tests that never ran.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

NODE_AT_LEAST = 20
HOW = {
    "postgres": "apt-get install postgresql (the test run starts and stops its own server)",
    "chromium": "apt-get install chromium",
    "node": "apt-get install nodejs npm (the test run installs what it needs by its lock file, with `npm ci`)",
    "java": "apt-get install default-jdk-headless maven, and a connection to Maven Central the first time",
    "sslyze": "a connection to PyPI (the test run installs it by its lock file, in build/scanner)",
    "shared": "set NICTIZ_DATA to the folder with the published standard (default: ../shared/nictiz)",
}


def required(part: str) -> bool:
    return part in os.environ.get("BABYCONNECT_REQUIRE", "").split(",")


def absent(part: str, detail: str = "") -> None:
    """Skip, or fail where the part is required."""
    message = f"{part} is absent{': ' + detail if detail else ''}. To get it: {HOW[part]}"
    if required(part):
        pytest.fail(message)
    pytest.skip(message)


def nictiz() -> pathlib.Path:
    """The folder with the published standard, or a skip."""
    folder = pathlib.Path(os.environ.get("NICTIZ_DATA", pathlib.Path(__file__).parents[3] / "shared" / "nictiz"))
    if not (folder / "SOURCES.md").exists():
        absent("shared")
    return folder


def node_packages(folder: pathlib.Path) -> pathlib.Path:
    """The folder, with the packages of its lock file installed; a skip without Node, npm or a registry."""
    if not shutil.which("node") or not shutil.which("npm"):
        absent("node")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.strip().lstrip("v").split(".")[0]) < NODE_AT_LEAST:
        absent("node", f"it is {version.strip()}, and {NODE_AT_LEAST} or later is needed")
    with (folder / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test processes side by side install once
        done = folder / "node_modules" / ".installed"
        if not done.exists() or done.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
            ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=240)
            if ran.returncode:
                absent("node", f"npm ci failed: {ran.stderr.strip()[-200:]}")
            done.touch()
    return folder


def sslyze() -> pathlib.Path:
    """The TLS scanner, in an environment of its own by its lock file; a skip without PyPI."""
    here = pathlib.Path(__file__).parents[1]
    wanted, home = here / "federation" / "scanner" / "requirements.txt", here.parent / "build" / "scanner"
    home.parent.mkdir(exist_ok=True)
    with wanted.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = home / ".installed"
        if not done.exists() or done.read_text() != wanted.read_text():
            uv = shutil.which("uv", path=os.pathsep.join((str(pathlib.Path(sys.executable).parent), *_path())))
            if uv is None:
                absent("sslyze", "no uv")
            into = ["--quiet", "--require-hashes", "--python", home / "bin" / "python", "-r", wanted]
            commands = [
                [uv, "venv", "--quiet", "--clear", "--python", sys.executable, home],
                [uv, "pip", "install", *into],
            ]
            for command in commands:
                ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
                if ran.returncode:
                    absent("sslyze", ran.stderr.strip()[-200:])
            done.write_text(wanted.read_text())
    return home / "bin" / "sslyze"


def _path() -> list[str]:
    return os.environ.get("PATH", "").split(os.pathsep)


def postgres_binaries() -> pathlib.Path:
    """The folder with initdb and postgres, or a skip."""
    found = shutil.which("initdb")
    candidates = [pathlib.Path(found).parent] if found else []
    candidates += sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    absent("postgres")
    raise AssertionError  # absent() never returns


def chromium() -> str:
    """The path of Debian's Chromium, or a skip."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    absent("chromium")
    raise AssertionError
