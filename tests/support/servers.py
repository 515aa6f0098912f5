"""Real servers that the test run starts and stops itself: PostgreSQL, in a folder of its own, over a socket file."""

from __future__ import annotations

import contextlib
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator

from tests.support.needs import absent

UNSAFE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests of what a store answers, not of what survives a loss of power."""

SETTINGS = {
    "listen_addresses": "",
    "shared_buffers": "64MB",
    "max_connections": "60",
    # Erased bytes must not live on in recycled segments of the write-ahead log; see babyconnect.store.postgres.
    "wal_recycle": "off",
    "min_wal_size": "32MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def _account() -> pwd.struct_passwd:
    """Who runs the server: PostgreSQL refuses to run as root."""
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid())
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    absent("postgres", "no account other than root to run it")
    raise AssertionError


@contextlib.contextmanager
def postgres(binaries: pathlib.Path, settings: dict[str, str] | None = None) -> Iterator[tuple[str, pathlib.Path]]:
    """A running server: its DSN and its data folder.  Stopped, and its files gone, at the end."""
    account = _account()
    home = pathlib.Path(tempfile.mkdtemp(prefix="babyconnect-pg-"))
    who = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    if who:
        os.chown(home, account.pw_uid, account.pw_gid)
    data = home / "data"
    try:
        made = subprocess.run(
            [binaries / "initdb", "-D", data, "-U", "babyconnect", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            capture_output=True,
            text=True,
            cwd=home,
            check=False,
            **who,
        )
        if made.returncode:
            absent("postgres", made.stderr.strip()[-200:])
        options = [part for key, value in (SETTINGS | (settings or {})).items() for part in ("-c", f"{key}={value}")]
        log = (home / "log").open("wb")
        server = subprocess.Popen(
            [binaries / "postgres", "-D", data, "-k", home, *options], stdout=log, stderr=log, cwd=home, **who
        )
        try:
            _wait(home, server)
            yield f"postgresql://babyconnect@/postgres?host={home}", data
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            log.close()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _wait(home: pathlib.Path, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server says in its own file that it is ready (line 8 of postmaster.pid)."""
    until = time.monotonic() + 60
    while time.monotonic() < until and server.poll() is None:
        with contextlib.suppress(OSError):
            lines = (home / "data" / "postmaster.pid").read_text().splitlines()
            if len(lines) > 7 and lines[7].strip() == "ready":
                return
        time.sleep(0.05)
    raise RuntimeError("PostgreSQL did not start: " + (home / "log").read_text()[-500:])
