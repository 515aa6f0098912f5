"""Which searches a consult makes (`definitions/consult_searches.toml`), one by one or as one batch Bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from babyconnect.definitions import document


@dataclass(frozen=True, slots=True)
class Search:
    """A search relative to the FHIR base; when a source refuses it, `required` says whether that spoils the answer."""

    url: str
    required: bool


def _table() -> Any:
    return document("consult_searches.toml")


def episode_search() -> str:
    return str(_table()["episode"]["query"])


def is_maternal_record(resource: Any) -> bool:
    """Whether a resource is an EpisodeOfCare of a pregnancy (bc-MaternalRecord)."""
    if resource["resourceType"] != "EpisodeOfCare":
        return False
    system, _, code = str(_table()["episode"]["type"]).partition("|")
    return any(
        coding.get("system") == system and coding.get("code") == code
        for concept in resource.get("type", [])
        for coding in concept.get("coding", [])
    )


def one_by_one(episodes: Sequence[str]) -> list[Search]:
    """The searches for these episode ids; those by context are left out when there is no episode."""
    joined = ",".join(f"EpisodeOfCare/{id}" for id in episodes)
    return [
        Search(row["query"].replace("{episodes}", joined), bool(row.get("required")))
        for row in _table()["search"]
        if joined or "{episodes}" not in row["query"]
    ]


def finding(form: Sequence[tuple[str, str]]) -> bytes:
    """The same Bundle with `POST Patient/_search` before them, its form as Parameters (the source API's own batch)."""
    listed = [{"name": name, "valueString": value} for name, value in form]
    find = {
        "request": {"method": "POST", "url": "Patient/_search"},
        "resource": {"resourceType": "Parameters", "parameter": listed},
    }
    head, entry, rest = batched()[1].partition(b'"entry":[')
    return b"".join((head, entry, orjson.dumps(find), b",", rest))


@cache
def batched() -> tuple[tuple[Search, ...], bytes]:
    """The searches of a batch, in order, and the Bundle that asks them."""
    rows = [Search(episode_search(), True)]
    rows += [Search(row["batch"], bool(row.get("required"))) for row in _table()["search"] if "batch" in row]
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": row.url}} for row in rows],
    }
    return tuple(rows), orjson.dumps(bundle)
