"""Mutual TLS of a node or a region, from its `[tls]` section: the listener, and the material both directions use."""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from babyconnect.api.asgi import App
from babyconnect.api.machines import Machines, Refused, Served
from babyconnect.api.peers import Secured, facts
from babyconnect.api.server import Listener
from babyconnect.settings import SettingsRefused, TlsSection, beside
from babyconnect.trust.private_files import FileFault
from babyconnect.trust.tls import OLDEST, Files, Material


def material(path: pathlib.Path, chosen: TlsSection) -> Material | None:
    """What connections are made with; None when the configuration at `path` has no mutual TLS."""
    if not chosen.certificate_file:
        if chosen.listen:
            raise SettingsRefused(f"{path}: tls.listen: without tls.certificate_file nothing can be served there")
        return None
    if not (chosen.key_file and chosen.client_ca_file and chosen.crl_file):
        # Without the lists a stolen certificate would be believed until it ends, and nobody would notice.
        raise SettingsRefused(f"{path}: tls.certificate_file needs tls.key_file, tls.client_ca_file and tls.crl_file")
    if chosen.minimum_version not in OLDEST:
        raise SettingsRefused(f"{path}: tls.minimum_version: 1.3 or 1.2 is expected")
    named = Files(
        beside(path, chosen.certificate_file),
        beside(path, chosen.key_file),
        beside(path, chosen.client_ca_file),
        beside(path, chosen.crl_file),
        chosen.minimum_version,
    )
    try:
        return Material(named, lambda: dt.datetime.now(dt.UTC))
    except FileFault as fault:
        raise SettingsRefused(f"{path}: tls: {fault}") from fault


def behind_both(app: App, chosen: TlsSection, served: Served, ura: str = "", refused: Refused | None = None) -> App:
    """`app` as both listeners answer with it; without mutual TLS as it is."""
    if not (chosen.certificate_file and chosen.listen):
        return app
    return Machines(app, replace(served, only=()) if chosen.machines_over_plain else served, ura, refused)


def listeners(path: pathlib.Path, chosen: TlsSection, shared: bool = False) -> list[Listener]:
    """The listener for other organisations, when there is one.  `shared`: with other processes of this node."""
    found = material(path, chosen)
    if found is None or not chosen.listen:
        return []
    host, _, port = chosen.listen.rpartition(":")
    judge = found

    def of(transport: asyncio.BaseTransport) -> Mapping[str, Any]:
        connection = transport.get_extra_info("ssl_object")
        return facts(Secured(connection.getpeercert(binary_form=True), judge))

    return [Listener(host.strip("[]") or "127.0.0.1", int(port), found.serving(), of, shared)]
