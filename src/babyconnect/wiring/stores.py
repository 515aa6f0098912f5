"""Open the store that a node's settings name."""

from __future__ import annotations

from babyconnect.settings import SettingsRefused
from babyconnect.store.contract import Store
from babyconnect.store.faults import StoreFault
from babyconnect.wiring import files
from babyconnect.wiring.link import Link


async def open_store(link: Link, writes: bool = True) -> Store:
    """The tenant's store; the engine's module is loaded only when it is chosen.  `writes`: not only read."""
    chosen = link.chosen.store
    match chosen.engine:
        case "sqlite":
            from babyconnect.store import sqlite

            path = link.beside(chosen.path)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                return await sqlite.open_store(path, writes, link.chosen.node.workers)
            except StoreFault as fault:
                raise SettingsRefused(f"{link.path}: store.path: {fault}") from fault
        case "postgres":
            from babyconnect.store import postgres

            if not chosen.dsn_file:
                raise SettingsRefused(f"{link.path}: store.dsn_file: needed for the engine postgres")
            dsn = files.text(link.beside(chosen.dsn_file))
            try:
                return await postgres.open_store(dsn, chosen.tenant)
            except ValueError as problem:
                raise SettingsRefused(f"{link.path}: store.tenant: {problem}") from problem
            except StoreFault as fault:
                raise SettingsRefused(f"{link.path}: store.dsn_file: {fault}") from fault
        case "memory":
            from babyconnect.store.memory import MemoryStore

            return MemoryStore()
    raise SettingsRefused(f"{link.path}: store.engine: one of sqlite, postgres, memory")
