"""A search as it was asked, read strictly: what is not in the table of parameters is refused, never ignored.

FHIR STU3 search.html.  An identifier (a BSN is one) comes in the body of `POST [type]/_search` and nowhere else: URLs
end up in logs, histories and proxies.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote_plus

from babyconnect.api.outcomes import Refusal
from babyconnect.birthcare.identifiers import passes_eleven_check
from babyconnect.fhir.search_dates import span
from babyconnect.fhir.search_names import Parameter, parameters
from babyconnect.store.contract import Clause, Query
from babyconnect.store.selection import PREFIXES

MAX_PARAMETERS = 50
MAX_VALUES = 100
MAX_COUNT = 1000
PAGE = 1000
"""Matches on a page when the asker names no `_count`, so that no answer is without end."""

_NAME = re.compile(r"([A-Za-z_][A-Za-z-]*)(?::([A-Za-z]+))?(?:\.([a-z-]+))?", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_REFERENCE = re.compile(r"(?:([A-Za-z]{1,40})/)?([A-Za-z0-9\-.]{1,64})", re.ASCII)
RELATED = "_has:RelatedPerson:patient:identifier"
"""Of a child: who asks on its behalf (STU3 search.html#has).  Of the body only, and of a client's request only."""
_NUMBERS = frozenset({"identifier", RELATED})
_ONCE = frozenset({"_format", "_count", "_after"}) | _NUMBERS
"""What steers an answer: given twice, which is meant cannot be known.  What selects may repeat, and narrows."""
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is asked.  `told`: the parameters that may be repeated in a link; the others may not.

    `identifier` is `system|value`, from the body of a POST, and is part of `query` as well; `related` is no part of it.
    """

    query: Query
    told: str
    format: str | None = None
    identifier: str | None = None
    related: str = ""

    def next(self, after: str) -> str:
        """The parameters of the link to the following page."""
        kept = [pair for pair in parse_qsl(self.told, keep_blank_values=True) if pair[0] != "_after"]
        return "&".join([*(f"{quote_plus(k)}={quote_plus(v)}" for k, v in kept), f"_after={after}"])


def from_url(type: str, query_string: str, base: str) -> SearchRequest | Refusal:
    """A search by GET."""
    try:
        return _remembered(type, query_string, base)
    except _Refused as refused:
        return refused.refusal


class _Refused(Exception):
    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal


@functools.lru_cache(maxsize=2048)
def _remembered(type: str, query_string: str, base: str) -> SearchRequest:
    """A consult asks the same again and again; what is refused, and may hold a BSN, is not remembered."""
    pairs = split(query_string)
    found = pairs if isinstance(pairs, Refusal) else read(type, pairs, (), base)
    if isinstance(found, Refusal):
        raise _Refused(found)
    return found


def split(encoded: str) -> Pairs | Refusal:
    """The pairs of a query string or form."""
    try:
        return parse_qsl(encoded, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict")
    except ValueError:
        return Refusal("not_understood")


def read(type: str, url: Pairs, form: Pairs, base: str) -> SearchRequest | Refusal:
    """A search of a type by the pairs of its URL and of its form."""
    if any(name == RELATED or name.partition(":")[0] == "identifier" for name, _ in url):
        return Refusal("bsn_in_url")
    request = _Reading(type, base)
    for name, value in (*url, *form):
        refusal = request.take(name, value)
        if refusal:
            return refusal
    told = "&".join(f"{quote_plus(k)}={quote_plus(v, safe='/:,')}" for k, v in (*url, *form) if k not in _NUMBERS)
    query = Query(type, tuple(request.clauses), tuple(request.includes), request.count, request.after)
    return SearchRequest(query, told, request.format, request.identifier, request.related)


class _Reading:
    """One request being read, parameter by parameter."""

    def __init__(self, type: str, base: str) -> None:
        self.type = type
        self.base = base
        self.clauses: list[Clause] = []
        self.includes: list[tuple[str, str]] = []
        self.count: int = PAGE
        self.after: str | None = None
        self.format: str | None = None
        self.identifier: str | None = None
        self.related = ""
        self.taken: set[str] = set()

    def take(self, name: str, value: str) -> Refusal | None:
        if name in _ONCE:
            if name in self.taken:
                return Refusal("parameter", f"{name} more than once")
            self.taken.add(name)
        match name:
            case "_format":
                self.format = value
                return None
            case "_count":
                return self._count(value)
            case "_after":
                self.after = value
                return None if is_id(value) else Refusal("value", "_after")
            case "_include":
                return self._include(value)
            case _ if name == RELATED:
                self.related = value
                return None if self.type == "Patient" and value else Refusal("parameter")
        return self._clause(name, value)

    def _count(self, value: str) -> Refusal | None:
        if not (value.isascii() and value.isdigit() and len(value) < 8 and int(value) > 0):
            return Refusal("value", "_count")
        self.count = min(int(value), MAX_COUNT)
        return None

    def _include(self, value: str) -> Refusal | None:
        source, _, name = value.partition(":")
        name, _, target = name.partition(":")
        parameter = parameters(source).get(name)
        if source != self.type or parameter is None or parameter.kind != "reference":
            return Refusal("parameter", "_include")
        if target and target not in parameter.targets:
            return Refusal("value", "_include")
        self.includes.append((source, name))
        return None

    def _clause(self, name: str, value: str) -> Refusal | None:
        match = _NAME.fullmatch(name)
        parameter = parameters(self.type).get(match[1]) if match else None
        if match is None or parameter is None:
            return Refusal("parameter")
        target, chain = match[2], match[3]
        if (target or chain) and parameter.kind != "reference":
            return Refusal("parameter", f"{parameter.name} with a modifier")
        if target and target not in parameter.targets:
            return Refusal("parameter", f"{parameter.name} with this type")
        tested = parameter
        if chain:
            found = _chained(parameter, target, chain)
            if found is None:
                return Refusal("parameter", f"{parameter.name} with this chain")
            target, tested = found.resource, found
        values = [v.replace("\\,", ",").replace("\\|", "|").replace("\\\\", "\\") for v in _parts(value)]
        read_values = tuple(_value(tested, None if chain else target, v, self.base) for v in values)
        if len(values) > MAX_VALUES or not all(read_values):
            return Refusal("value", parameter.name)
        kept = tuple(v for v in read_values if v)
        self.clauses.append(Clause(parameter.name, kept, target, chain))
        if parameter.name == "identifier":
            self.identifier = kept[0]
            # One identifier with its system: an answer to several at once would be a broadcast.
            if len(kept) != 1 or not kept[0].partition("|")[2] or kept[0].startswith("|"):
                return Refusal("value", "identifier")
        return None


def is_id(text: str) -> bool:
    """Whether it may be one of our ids: a BSN never is one, so that no mistake of an asker brings one into the log."""
    return _ID.fullmatch(text) is not None and not passes_eleven_check(text)


def _parts(value: str) -> list[str]:
    """Values parted by commas that are not escaped (STU3 search.html#escaping)."""
    return re.split(r"(?<!\\),", value)


def _chained(parameter: Parameter, target: str | None, chain: str) -> Parameter | None:
    """The parameter a chain ends in, when the chain can mean only one."""
    ends = [parameters(type).get(chain) for type in ([target] if target else parameter.targets)]
    found = [end for end in ends if end is not None]
    return found[0] if len(found) == 1 and found[0].name != "identifier" else None


def _value(parameter: Parameter, target: str | None, value: str, base: str) -> str | None:
    """The value as the store compares it; None when it is none of this parameter's kind."""
    if parameter.name == "_id":
        return value if is_id(value) else None
    match parameter.kind:
        case "token":
            return value if value not in ("", "|") and len(value) <= 1000 else None
        case "date":
            return value if _is_date(value) else None
        case "reference":
            return _reference(parameter, target, value.removeprefix(f"{base}/"))


def _is_date(value: str) -> bool:
    try:
        span(value[2:] if value[:2] in PREFIXES else value)
    except ValueError:
        return False
    return True


def _reference(parameter: Parameter, target: str | None, value: str) -> str | None:
    match = _REFERENCE.fullmatch(value)
    if match is None:
        return None
    type, id = match[1], match[2]
    if not is_id(id):
        return None
    if type is None:
        return f"{target}/{id}" if target else id
    return value if type in parameter.targets and target in (None, type) else None
