"""What a custodian decided about a client's record beside the record itself, each decision dated and none overwritten.

One SQLite file beside the store: choices of authors, authority over children, secret addresses, items that the law
forbids to destroy, requests to
destroy.  A new decision is a new row; which one holds is for `trust` to say.  Nothing of it is published, no
index points to it, and destroying a record takes its rows along.  A parent is known by a handle only (a keyed hash).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import apsw
import orjson

from babyconnect.birthcare.identifiers import Bsn
from babyconnect.network.database import Database

Kind = Literal["disclosure", "authority", "secrecy", "hold", "request"]

SCHEMA = """
create table if not exists decided (
  place integer primary key autoincrement, client text not null, kind text not null, key text not null,
  recorded text not null, content blob not null);
create index if not exists decided_of on decided (client, kind);
create index if not exists decided_by_key on decided (kind, key);
"""

_ROWS = "select client, key, recorded, content from decided where "
OF = f"{_ROWS} client = ? and kind = ? order by place"
EVERY = f"{_ROWS} kind = ? order by place"
ABOUT = f"{_ROWS} key = ? and kind = ? order by place"


@dataclass(frozen=True, slots=True)
class Decided:
    """One row.  `key`: an item (`Type/id`), a person's handle, or ""; `content`: what was decided, by kind."""

    client: str
    key: str
    recorded: dt.datetime
    content: Mapping[str, Any]


class Custody:
    """The file, opened; look-ups are immediate, writes durable."""

    def __init__(self, path: Path, key: bytes) -> None:
        """`key`: 32 secret bytes of this node."""
        self._db = Database(path, SCHEMA)
        self._key = hashlib.sha256(b"custody\n" + key).digest()

    def handle(self, bsn: Bsn) -> str:
        """By what a person is known here who need not be a client: nobody finds the number back without the key."""
        return hmac.new(self._key, bsn.value.encode(), hashlib.sha256).hexdigest()

    async def decide(self, kind: Kind, one: Decided) -> None:
        row = (one.client, kind, one.key, one.recorded.isoformat(), orjson.dumps(one.content))

        def change(connection: apsw.Connection) -> None:
            connection.execute("insert into decided (client, kind, key, recorded, content) values (?, ?, ?, ?, ?)", row)

        await self._db.write(change)

    def of(self, kind: Kind, client: str) -> tuple[Decided, ...]:
        """Every decision of a kind about a client's record, the oldest first: the history."""
        return self._rows(OF, client, kind)

    def every(self, kind: Kind) -> tuple[Decided, ...]:
        """Every decision of a kind, over all clients."""
        return self._rows(EVERY, kind)

    def about(self, kind: Kind, key: str) -> tuple[Decided, ...]:
        """Every decision of a kind with this key, over all clients."""
        return self._rows(ABOUT, key, kind)

    def _rows(self, sql: str, *values: str) -> tuple[Decided, ...]:
        found = self._db.known(sql, values)
        if not found:  # so it is for nearly everybody, and it is asked for every answer
            return ()
        return tuple(
            Decided(client, key, dt.datetime.fromisoformat(recorded), orjson.loads(content))
            for client, key, recorded, content in found
        )

    def version(self) -> int:
        """A number that is another one once anything here may be different."""
        return self._db.version()

    async def forget(self, client: str) -> None:
        """The record was destroyed: what was decided about it goes too, from every byte of the file."""
        await self._db.forget(lambda db: db.execute("delete from decided where client = ?", (client,)))

    def close(self) -> None:
        self._db.close()
