"""Open the store that a node's settings name."""

from __future__ import annotations

import apsw

from babyconnect.settings import SettingsRefused
from babyconnect.store.contract import Store
from babyconnect.wiring import files
from babyconnect.wiring.link import Link


async def open_store(link: Link) -> Store:
    """The tenant's store; the engine's module is loaded only when it is chosen."""
    chosen = link.chosen.store
    match chosen.engine:
        case "sqlite":
            from babyconnect.store import sqlite

            path = link.beside(chosen.path)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                return await sqlite.open_store(path)
            except apsw.Error as fault:
                raise SettingsRefused(f"{link.path}: store.path: {path} cannot be opened: {fault}") from fault
        case "postgres":
            import asyncpg

            from babyconnect.store import postgres

            if not chosen.dsn_file:
                raise SettingsRefused(f"{link.path}: store.dsn_file: needed for the engine postgres")
            dsn = files.text(link.beside(chosen.dsn_file))
            try:
                return await postgres.open_store(dsn, chosen.tenant)
            except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as fault:
                # Only the kind of fault: its text may quote the connection string, which holds a password.
                kind = type(fault).__name__
                raise SettingsRefused(f"{link.path}: store.dsn_file: PostgreSQL cannot be used: {kind}") from fault
        case "memory":
            from babyconnect.store.memory import MemoryStore

            return MemoryStore()
    raise SettingsRefused(f"{link.path}: store.engine: one of sqlite, postgres, memory")
