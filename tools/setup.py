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


SYSTEM = "/usr/bin/python3"
TOLD = """
import sys, sysconfig
built = sysconfig.get_config_var("CONFIG_ARGS") or ""
fast = "--enable-optimizations" in built or sys.base_prefix == "/usr"
print(int(sys.version_info >= (3, 11)), int(fast), sys.version.split()[0])
"""
"""Debian, Ubuntu and Fedora train their own with a profile, but by their own rules: its configuration does not tell."""


def told(python: str) -> tuple[bool, bool, str]:
    """Of an interpreter: whether it is new enough, whether it was built with optimisation, and its version."""
    done = subprocess.run([python, "-c", TOLD], capture_output=True, text=True, check=False)
    new, fast, version = done.stdout.split() if done.returncode == 0 else ("0", "0", "")
    return new == "1", fast == "1", version


def interpreters() -> list[str]:
    """With which the environment is made, the best first.

    An interpreter that was built without optimisation (as version managers do by default) takes a quarter more time for
    everything.  Where the one on the path is such a one, the system's own is taken, unless PYTHON names one.
    """
    own = sys.executable
    if os.environ.get("PYTHON") or told(own)[1]:
        return [own]
    names = [SYSTEM, *(f"python3.{minor}" for minor in range(14, 10, -1))]
    found = [path for name in names if (path := shutil.which(name)) and told(path)[:2] == (True, True)]
    return [*found, own]


def make_venv() -> None:
    if pathlib.Path(binary("python")).exists():
        return
    for python in interpreters():
        say(f"making {VENV.name} with Python {told(python)[2]} ({python})")
        if subprocess.run([python, "-m", "venv", str(VENV)], capture_output=True, check=False).returncode == 0:
            return
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
