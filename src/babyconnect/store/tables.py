"""The tables that SQLite and PostgreSQL share, and every statement on them.

Names of tables are written `{t}name`: empty for SQLite, the tenant's schema for PostgreSQL.  `BYTES` and `KEY` in the
definitions become the engine's own types.  All current JSON of one client and type lies joined on one shelf, so that
a search reads one row; the version rows hold every rendering of every version.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

Row = Sequence[Any]
Statement = Callable[[str], str]
"""The text of a statement by its name."""
T = TypeVar("T")


class Fetching(Protocol):
    """Whatever runs a statement; rows are tuples in the order of the statement's columns."""

    async def fetch(self, statement: str, *values: Any) -> Sequence[Row]: ...


class Connection(Fetching, Protocol):
    """One connection inside one transaction."""

    async def many(self, statement: str, values: Sequence[Row]) -> None: ...

    async def put_shelf(self, statement: str, key: tuple[str, str, int], directory: bytes, body: bytearray) -> None:
        """Set one shelf; its body may be large, and is not copied as a whole where the engine can do without.

        `key`: client, type and stamp.
        """


class Engine(Fetching, Protocol):
    """What an engine adds to the shared tables: connections, and making sure that erased bytes are gone."""

    def statement(self, name: str) -> str:
        """The statement of this name in STATEMENTS, as the engine wants it."""

    def written(self) -> int | None:
        """A number that is another one once anybody wrote; None where that cannot be told at once."""

    def seen(self) -> int | None:
        """That number as it was before what `fetch` reads now was as it is: what was read may be newer, not older."""

    def reading(self) -> AbstractAsyncContextManager[Connection]:
        """A connection to read with, of which all statements see one moment."""

    def pieces(self, batch: Iterable[T]) -> AsyncIterator[Sequence[T]]:
        """A batch a piece at a time: making its items may be work, which the engine does where it disturbs nobody."""

    async def write(self, work: Callable[[Connection], Coroutine[Any, Any, T]], erasing: bool = False) -> T:
        """Run work in one transaction; with `erasing`, leave no byte of what it deleted behind in any file."""


DEFINITIONS = (
    """CREATE TABLE IF NOT EXISTS {t}version (
        type KEY NOT NULL, id KEY NOT NULL, version INTEGER NOT NULL, updated KEY NOT NULL, client KEY NOT NULL,
        labels BYTES NOT NULL, digest BYTES NOT NULL,
        json BYTES NOT NULL, xml BYTES NOT NULL, json_masked BYTES, xml_masked BYTES,
        PRIMARY KEY (type, id, version))""",
    """CREATE TABLE IF NOT EXISTS {t}current (
        type KEY NOT NULL, id KEY NOT NULL, version INTEGER NOT NULL, client KEY NOT NULL, PRIMARY KEY (type, id))""",
    "CREATE INDEX IF NOT EXISTS current_by_client ON {t}current (client, type, id)",
    """CREATE TABLE IF NOT EXISTS {t}shelf (
        client KEY NOT NULL, type KEY NOT NULL, stamp BIGINT NOT NULL, directory BYTES NOT NULL, body BYTES NOT NULL,
        PRIMARY KEY (client, type))""",
    "CREATE TABLE IF NOT EXISTS {t}compartment (client KEY NOT NULL PRIMARY KEY, stamp BIGINT NOT NULL)",
    """CREATE TABLE IF NOT EXISTS {t}bearer (
        identifier KEY NOT NULL, id KEY NOT NULL, client KEY NOT NULL, PRIMARY KEY (identifier, id))""",
    "CREATE INDEX IF NOT EXISTS bearer_by_id ON {t}bearer (id)",
    "CREATE TABLE IF NOT EXISTS {t}joined (client KEY NOT NULL PRIMARY KEY, name KEY NOT NULL)",
    "CREATE INDEX IF NOT EXISTS joined_by_name ON {t}joined (name, client)",
    """CREATE TABLE IF NOT EXISTS {t}original (
        digest KEY NOT NULL PRIMARY KEY, media KEY NOT NULL, content BYTES NOT NULL, report BYTES NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS {t}held (
        original KEY NOT NULL, type KEY NOT NULL, id KEY NOT NULL, PRIMARY KEY (original, type, id))""",
    "CREATE INDEX IF NOT EXISTS held_by_resource ON {t}held (type, id)",
)

TABLES = ("version", "current", "shelf", "compartment", "bearer", "joined", "original", "held")

STATEMENTS = {
    # Writing
    "latest": """SELECT v.version, v.client, v.labels, v.digest FROM {t}current c
        JOIN {t}version v ON v.type = c.type AND v.id = c.id AND v.version = c.version
        WHERE c.type = $1 AND c.id = $2""",
    "add_version": """INSERT INTO {t}version (type, id, version, updated, client, labels, digest, json, xml,
        json_masked, xml_masked) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)""",
    "set_current": """INSERT INTO {t}current (type, id, version, client) VALUES ($1, $2, $3, $4)
        ON CONFLICT (type, id) DO UPDATE SET version = excluded.version, client = excluded.client""",
    "set_shelf": """INSERT INTO {t}shelf (client, type, stamp, directory, body) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (client, type) DO UPDATE
        SET stamp = excluded.stamp, directory = excluded.directory, body = excluded.body""",
    "drop_shelf": "DELETE FROM {t}shelf WHERE client = $1 AND type = $2",
    "set_stamp": """INSERT INTO {t}compartment (client, stamp) VALUES ($1, $2)
        ON CONFLICT (client) DO UPDATE SET stamp = excluded.stamp""",
    "drop_stamp": "DELETE FROM {t}compartment WHERE client = $1",
    "drop_bearers": "DELETE FROM {t}bearer WHERE id = $1",
    "add_bearer": """INSERT INTO {t}bearer (identifier, id, client) VALUES ($1, $2, $3)
        ON CONFLICT (identifier, id) DO UPDATE SET client = excluded.client""",
    "add_original": """INSERT INTO {t}original (digest, media, content, report) VALUES ($1, $2, $3, $4)
        ON CONFLICT (digest) DO UPDATE SET report = excluded.report""",
    "add_held": "INSERT INTO {t}held (original, type, id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    "owner": "SELECT client FROM {t}current WHERE type = $1 AND id = $2",
    # Joining: of each record of a client who has several, the name of that client
    "every_joined": "SELECT client, name FROM {t}joined",
    "joined": "SELECT name FROM {t}joined WHERE client = $1",
    "members": "SELECT client FROM {t}joined WHERE name = $1 ORDER BY client",
    "join": """INSERT INTO {t}joined (client, name) VALUES ($1, $2)
        ON CONFLICT (client) DO UPDATE SET name = excluded.name""",
    "part": "DELETE FROM {t}joined WHERE client = $1",
    "numbers_in": """SELECT DISTINCT b.identifier FROM {t}current c JOIN {t}bearer b ON b.id = c.id
        WHERE c.client = $1 AND c.type = 'Patient'""",
    "numbers_of": "SELECT identifier FROM {t}bearer WHERE id = $1",
    "bearers": "SELECT client FROM {t}bearer WHERE identifier = $1 AND id = client ORDER BY client",
    "shelves_of": "SELECT type FROM {t}shelf WHERE client = $1",
    "types_of": "SELECT DISTINCT type FROM {t}current WHERE client = $1",
    "lying": """SELECT v.id, v.version, v.updated, v.labels, v.json FROM {t}current c
        JOIN {t}version v ON v.type = c.type AND v.id = c.id AND v.version = c.version
        WHERE c.client = $1 AND c.type = $2""",
    # Erasing
    "contents_of": "SELECT json FROM {t}version WHERE type = $1 AND id = $2",
    "versions_of": "SELECT version, client FROM {t}version WHERE type = $1 AND id = $2",
    "keys_of_client": "SELECT DISTINCT type, id FROM {t}version WHERE client = $1",
    "drop_versions": "DELETE FROM {t}version WHERE type = $1 AND id = $2",
    "drop_current": "DELETE FROM {t}current WHERE type = $1 AND id = $2",
    "originals_of": "SELECT original FROM {t}held WHERE type = $1 AND id = $2",
    "drop_original": "DELETE FROM {t}original WHERE digest = $1",
    "drop_held": "DELETE FROM {t}held WHERE original = $1",
    # Reading
    "shelf": "SELECT directory, body FROM {t}shelf WHERE client = $1 AND type = $2",
    "record": "SELECT type, directory, body FROM {t}shelf WHERE client = $1 AND type <> 'Binary' ORDER BY type",
    "directory": "SELECT directory FROM {t}shelf WHERE client = $1 AND type = $2",
    "stamp": "SELECT stamp FROM {t}compartment WHERE client = $1",
    "body": """SELECT c.stamp, s.body FROM {t}compartment c
        LEFT JOIN {t}shelf s ON s.client = c.client AND s.type = $2 WHERE c.client = $1""",
    "clients_of": """SELECT DISTINCT COALESCE(j.name, b.client) AS known FROM {t}bearer b
        LEFT JOIN {t}joined j ON j.client = b.client WHERE b.identifier = $1 ORDER BY known""",
    "bearing": """SELECT COALESCE(j.name, b.client), b.id, b.client FROM {t}bearer b
        LEFT JOIN {t}joined j ON j.client = b.client WHERE b.identifier = $1""",
    # A client, and the Patient that she is shown by.
    "clients": """SELECT c.id AS known, c.id FROM {t}current c
        WHERE c.type = 'Patient' AND c.id = c.client AND c.id > $1
        AND NOT EXISTS (SELECT 1 FROM {t}joined j WHERE j.client = c.client)
        UNION ALL SELECT name, MIN(client) FROM {t}joined WHERE name > $1 GROUP BY name ORDER BY 1 LIMIT $2""",
    "versions": """SELECT v.version, v.updated, COALESCE(j.name, v.client), v.labels, {form}, j.name FROM {t}version v
        LEFT JOIN {t}joined j ON j.client = v.client WHERE v.type = $1 AND v.id = $2 ORDER BY v.version DESC""",
    # The newest version is the current one: erasing takes all versions.
    "resource": """SELECT v.version, v.updated, COALESCE(j.name, v.client), v.labels, {form}, j.name FROM {t}version v
        LEFT JOIN {t}joined j ON j.client = v.client
        WHERE v.type = $1 AND v.id = $2 ORDER BY v.version DESC LIMIT 1""",
    "renderings": """SELECT v.id, {form} FROM {t}current c
        JOIN {t}version v ON v.type = c.type AND v.id = c.id AND v.version = c.version
        WHERE c.client = $1 AND c.type = $2""",
    "origins": """SELECT h.type, h.id, h.original, o.media FROM {t}current c
        JOIN {t}version v ON v.type = c.type AND v.id = c.id AND v.version = c.version
        JOIN {t}held h ON h.type = c.type AND h.id = c.id JOIN {t}original o ON o.digest = h.original
        WHERE c.client = $1 AND v.digest <> $2 ORDER BY h.type, h.id, h.original""",
    "get_original": "SELECT digest, media, content, report FROM {t}original WHERE digest = $1",
}

FORMS = {
    "json": "json",
    "xml": "xml",
    "json_masked": "COALESCE(json_masked, json)",
    "xml_masked": "COALESCE(xml_masked, xml)",
}


def statements(prefix: str) -> dict[str, str]:
    """Every statement by name; one that asks for a rendering is there once per form, as `name:form`."""
    plain = {name: text.replace("{t}", prefix) for name, text in STATEMENTS.items()}
    formed = {f"{n}:{form}": t.replace("{form}", column) for n, t in plain.items() for form, column in FORMS.items()}
    return {n: t for n, t in plain.items() if "{form}" not in t} | {
        n: t for n, t in formed.items() if "{form}" in plain[n.partition(":")[0]]
    }


def definitions(prefix: str, bytes_type: str, key_type: str) -> list[str]:
    """The definitions of the tables in an engine's own types."""
    return [
        d.replace("{t}", prefix).replace("BYTES", bytes_type).replace("KEY NOT NULL", f"{key_type} NOT NULL")
        for d in DEFINITIONS
    ]
