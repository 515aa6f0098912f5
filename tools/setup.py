"""All set-up for `make demo` and `make test`, with nothing but Python's own library.

    python3 tools/setup.py [--dev]

Makes .venv, puts uv into it, installs exactly what uv.lock says, and fetches the web assets pinned by integrity hash.
Prints what is downloaded.  Runs again in a second when nothing changed.
"""

from __future__ import annotations

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import time

HOME = pathlib.Path(__file__).resolve().parents[1]
VENV = HOME / ".venv"
UV_VERSION = "0.13.9"


def say(text: str) -> None:
    print(f"[set-up] {text}", flush=True)


def fail(text: str) -> None:
    print(f"set-up: {text}", file=sys.stderr)
    raise SystemExit(1)


def binary(name: str) -> str:
    return str(VENV / "bin" / name)


def make_venv() -> None:
    if pathlib.Path(binary("python")).exists():
        return
    say(f"making {VENV.name} with Python {sys.version.split()[0]}")
    made = subprocess.run([sys.executable, "-m", "venv", str(VENV)], capture_output=True, text=True, check=False)
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)  # half a venv would pass for a whole one next time
        fail("this Python cannot make virtual environments. On Debian: apt-get install python3-venv")


def find_uv() -> str:
    """uv at the pinned version: from the venv, or from the machine when it is the same version."""
    for candidate in (binary("uv"), shutil.which("uv")):
        if candidate and pathlib.Path(candidate).exists():
            version = subprocess.run([candidate, "--version"], capture_output=True, text=True, check=False).stdout
            if UV_VERSION in version:
                return candidate
    say(f"downloading uv {UV_VERSION} (installer, about 20 MB)")
    subprocess.run(
        [binary("python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"uv=={UV_VERSION}"],
        check=True,
    )
    return binary("uv")


def fingerprint(dev: bool) -> str:
    digest = hashlib.sha256(str(dev).encode())
    for name in ("uv.lock", "pyproject.toml", "tools/assets.lock.toml", "tools/setup.py"):
        path = HOME / name
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def install(uv: str, dev: bool) -> None:
    say("installing the packages of uv.lock" + (" with the development group" if dev else ""))
    environment = {
        **os.environ,
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        "UV_PYTHON": binary("python"),
        "UV_NO_CONFIG": "1",
    }
    extent = [] if dev else ["--no-dev", "--inexact"]
    command = [uv, "sync", "--frozen", "--no-progress", "--compile-bytecode", *extent]
    done = subprocess.run(command, cwd=HOME, env=environment, check=False)
    if done.returncode:
        fail("installing failed; is a Python package index reachable? (pip's own settings count)")


def fetch_assets(dev: bool) -> None:
    tool = HOME / "tools" / "fetch_assets.py"
    done = subprocess.run([binary("python"), str(tool), *(["--tests"] if dev else [])], cwd=HOME, check=False)
    if done.returncode:
        fail("fetching the web assets failed; is an npm registry reachable? (NPM_CONFIG_REGISTRY names one)")


def main() -> None:
    dev = "--dev" in sys.argv[1:]
    if sys.version_info < (3, 11):
        fail(f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}")
    started = time.monotonic()
    stamps = [VENV / f".set-up-{kind}" for kind in (("dev",) if dev else ("dev", "run"))]
    if any(s.exists() and s.read_text() == fingerprint("dev" in s.name) for s in stamps):
        return
    make_venv()
    install(find_uv(), dev)
    fetch_assets(dev)
    (VENV / f".set-up-{'dev' if dev else 'run'}").write_text(fingerprint(dev))
    say(f"done in {time.monotonic() - started:.0f} s")


if __name__ == "__main__":
    main()
