"""What goes from a roster, and nothing beside it, when a record or a part is destroyed or taken back (WGBO 7:455).

Inside a transaction of `network.roster`, whose tables these are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import apsw
import orjson

Rows = Callable[[str, tuple[Any, ...]], list[tuple[Any, ...]]]

# Of these records (a JSON list) all but what the resources kept say.
_HERS, _KEPT = "(select value from json_each(?1))", "(select value from json_each(?2))"
_LEFT_OUT = (
    f"delete from born where episode in (select id from episode where client in {_HERS})"  # noqa: S608
    f" and (id not in {_KEPT} or episode not in {_KEPT})",
    f"delete from dating where client in {_HERS} and id not in {_KEPT}",  # noqa: S608
    f"delete from episode where client in {_HERS} and id not in {_KEPT}",  # noqa: S608
)
# What was to be told of her is not: of what stays the index hears nothing until something is published again.
_UNTOLD = f"delete from renewed where client in {_HERS}"  # noqa: S608
# And, unless another client here bears the same name, what is by her handle or her pseudonym.
_LEFT_BEHIND = (
    f"delete from appointment where handle in (select handle from client where client in {_HERS})"  # noqa: S608
    f" and handle not in (select handle from client where client not in {_HERS})",
    f"delete from pointer where pseudonym in (select pseudonym from client where client in {_HERS}) and pseudonym"  # noqa: S608
    f" not in (select pseudonym from client where client not in {_HERS} and pseudonym is not null)",
)
_SAID = (("dating", "id"), ("episode", "id"), ("born", "id"), ("born", "episode"))
"""Where what a resource said is kept, by its id."""


def keep_only(connection: apsw.Connection, records: Collection[str], kept: Collection[str]) -> None:
    """Of these records of one client what these resources say."""
    given = [orjson.dumps(list(ids)).decode() for ids in (records, kept)]
    for sql in _LEFT_OUT:
        connection.execute(sql, given)
    for sql in (_UNTOLD, *_LEFT_BEHIND):
        connection.execute(sql, given[:1])


def said_by(rows: Rows, id: str) -> bool:
    """Whether this resource said anything that is kept."""
    return any(rows(f"select 1 from {table} where {column} = ?", (id,)) for table, column in _SAID)  # noqa: S608


def take_back(connection: apsw.Connection, id: str) -> None:
    for table, column in _SAID:
        connection.execute(f"delete from {table} where {column} = ?", (id,))  # noqa: S608 - a closed list


def forget(connection: apsw.Connection, record: str) -> None:
    """All of a record, and by its handle and pseudonym what no other record here has too."""
    mine = "select {} from client where client = ?1"
    only = "and handle not in (select handle from client where client <> ?1)"
    for table in ("enrolment", "appointment"):
        connection.execute(f"delete from {table} where handle in ({mine.format('handle')}) {only}", (record,))  # noqa: S608
    alone = "and pseudonym not in (select pseudonym from client where client <> ?1 and pseudonym is not null)"
    connection.execute(f"delete from pointer where pseudonym in ({mine.format('pseudonym')}) {alone}", (record,))  # noqa: S608
    connection.execute("delete from born where episode in (select id from episode where client = ?)", (record,))
    for table in ("episode", "dating", "client", "waiting", "renewed"):
        connection.execute(f"delete from {table} where client = ?", (record,))  # noqa: S608 - a closed list
    for table in ("joined", "formerly"):
        connection.execute(f"delete from {table} where record = ?", (record,))  # noqa: S608 - a closed list
