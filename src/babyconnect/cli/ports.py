"""Whether a port is free.  The server shares a port with whoever listens there already, so each command looks first."""

from __future__ import annotations

import errno
import socket

from babyconnect.cli.failure import Failure


def taken(host: str, port: int) -> bool:
    """Whether somebody listens there; Failure when the address itself cannot be used."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # what just closed does not count
        try:
            probe.bind((host, port))
        except OSError as fault:
            if fault.errno == errno.EADDRINUSE:
                return True
            raise Failure(f"cannot listen at {host}:{port}: {fault.strerror or fault}") from fault
    return False


def require_free(listen: str) -> None:
    """`HOST:PORT` of a configuration; Failure says why nothing can be served there."""
    host, _, port = listen.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) <= 65535:
        raise Failure(f"listen: HOST:PORT is expected, not '{listen}'")
    if taken(host.strip("[]") or "127.0.0.1", int(port)):
        raise Failure(f"port {port} is in use; give another in listen")
