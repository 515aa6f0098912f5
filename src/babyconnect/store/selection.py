"""What a query finds among the entries of one client, and what a filter lets through; pure, the same for every engine.

FHIR STU3 search.html: tokens, references (bare ids included), dates with prefixes, chains and `_include`.  Chains and
includes follow only what is itself allowed: a withheld Encounter must not be told by the Observations it would lead to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from babyconnect.birthcare.access import Filter, Shielded
from babyconnect.fhir.search_dates import span
from babyconnect.fhir.search_names import parameters
from babyconnect.store.contract import SHARED, Clause, Query

CHILD_PARAMETERS = frozenset({"code", "date", "status"})
PLACE_PARAMETERS = frozenset({"location"})
PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap")


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A current resource as searching sees it: where its JSON lies on its shelf, its labels, what it is found by."""

    id: str
    version: int
    updated: str
    start: int
    length: int
    group: str
    shielded: tuple[str, ...]
    episodes: tuple[str, ...]
    index: dict[str, tuple[str, ...]]
    subject: str = ""


Compartment = Mapping[str, Sequence[Entry]]
"""A client's entries by resource type, each in the order of their ids."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a query found: entries of its type, then (type, id) of what they include; `next` as in Page."""

    matches: tuple[Entry, ...]
    included: tuple[tuple[str, str], ...]
    next: str | None


def released(  # noqa: PLR0917 - the labels of one resource, side by side with the filter that is held against them
    allowed: Filter,
    client: str,
    group: str,
    shielded: Iterable[str],
    episodes: Iterable[str],
    name: str = "",
    subject: str = "",
) -> bool:
    """Whether a filter lets a resource (`name`: its `Type/id`) through: every condition must hold, and what is not
    foreseen stays in."""
    held = frozenset(episodes)
    return (
        client in (allowed.client, SHARED)
        and group in allowed.groups
        and (allowed.shielded.issuperset(shielded) or _chosen(allowed, shielded, name))
        and (not held or not held.isdisjoint(allowed.episodes))
        and (not allowed.subject or allowed.subject == subject)
    )


def _chosen(allowed: Filter, shielded: Iterable[str], name: str) -> bool:
    """Whether only its label of safety kept it back, and its author chose to show it."""
    return name in allowed.chosen and (allowed.shielded | {Shielded.SAFETY}).issuperset(shielded)


def types_needed(query: Query) -> frozenset[str]:
    """The resource types whose entries a query looks at, beside those it only includes."""
    return frozenset({query.type, *(c.target for c in query.clauses if c.chain and c.target)})


def select(query: Query, allowed: Filter, compartment: Compartment) -> Selection:
    """Find what the query asks among `allowed.client`'s entries, page by page in the order of their ids."""
    visible = {
        type: [_seen(e, allowed) for e in entries if is_visible(type, e, allowed)]
        for type, entries in compartment.items()
    }
    tests = [_test(query.type, clause, visible) for clause in query.clauses]
    found = [e for e in visible.get(query.type, ()) if all(test(e) for test in tests)]
    if query.after is not None:
        found = [e for e in found if e.id > query.after]
    page = found[: query.count] if query.count else found
    return Selection(tuple(page), _included(query, page), page[-1].id if len(page) < len(found) else None)


def is_visible(type: str, entry: Entry, allowed: Filter) -> bool:
    """Whether an entry of `allowed.client` is released."""
    labels = (entry.group, entry.shielded, entry.episodes, f"{type}/{entry.id}", entry.subject)
    return released(allowed, allowed.client, *labels)


def _seen(entry: Entry, allowed: Filter) -> Entry:
    """Nothing is found by what is not shown: by a mother's record in a child's view, by a place that is secret."""
    if allowed.subject:
        kept = {name: values for name, values in entry.index.items() if name in CHILD_PARAMETERS}
    elif "address" in allowed.hidden and PLACE_PARAMETERS & entry.index.keys():
        kept = {name: values for name, values in entry.index.items() if name not in PLACE_PARAMETERS}
    else:
        return entry
    return msgspec.structs.replace(entry, index=kept)


def _included(query: Query, page: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
    """Targets of the includes, each once, without those that are matches themselves."""
    here = {(query.type, e.id) for e in page}
    names = [name for type, name in query.includes if type == query.type]
    targets = [t for e in page for name in names for t in e.index.get(name, ())]
    pairs = (tuple(t.split("/")) for t in dict.fromkeys(targets) if t.count("/") == 1)
    return tuple((p[0], p[1]) for p in pairs if (p[0], p[1]) not in here)


def _test(type: str, clause: Clause, visible: Compartment) -> Callable[[Entry], bool]:
    if clause.parameter == "_id":
        wanted = frozenset(clause.values)
        return lambda entry: entry.id in wanted
    if clause.parameter == "_lastUpdated":
        spans = [_date(value) for value in clause.values]
        return lambda entry: any(holds(span(entry.updated)) for holds in spans)
    parameter = parameters(type)[clause.parameter]
    if clause.chain is not None:
        return _any_of(clause.parameter, _chained(clause, visible))
    match parameter.kind:
        case "token":
            tokens = [_token(value) for value in clause.values]
            return lambda entry: any(t(v) for v in entry.index.get(clause.parameter, ()) for t in tokens)
        case "reference":
            targets = (clause.target,) if clause.target else parameter.targets
            return _any_of(clause.parameter, frozenset(r for v in clause.values for r in _reference(v, targets)))
        case "date":
            dates = [_date(value) for value in clause.values]
            return lambda entry: any(d(_ends(v)) for v in entry.index.get(clause.parameter, ()) for d in dates)


def _any_of(name: str, wanted: frozenset[str]) -> Callable[[Entry], bool]:
    return lambda entry: not wanted.isdisjoint(entry.index.get(name, ()))


def _chained(clause: Clause, visible: Compartment) -> frozenset[str]:
    """References to the visible resources of the chain's type that satisfy the chain's end."""
    target, end = clause.target or "", Clause(clause.chain or "", clause.values)
    test = _test(target, end, visible)
    return frozenset(f"{target}/{entry.id}" for entry in visible.get(target, ()) if test(entry))


def _token(value: str) -> Callable[[str], bool]:
    system, bar, code = value.partition("|")
    if not bar:
        return lambda held: held.partition("|")[2] == value
    if not code:
        return lambda held: held.partition("|")[0] == system
    return lambda held: held == value


def _reference(value: str, targets: Sequence[str]) -> tuple[str, ...]:
    return (value,) if "/" in value else tuple(f"{target}/{value}" for target in targets)


def _ends(interval: str) -> tuple[str, str]:
    start, _, end = interval.partition("/")
    return start, end


def _date(value: str) -> Callable[[tuple[str, str]], bool]:
    """The test of one date value on a resource's span (STU3 search.html#prefix); ValueError when it is no date."""
    prefix, text = (value[:2], value[2:]) if value[:2] in PREFIXES else ("eq", value)
    low, high = span(text)
    tests: Mapping[str, Callable[[tuple[str, str]], bool]] = {
        "eq": lambda held: low <= held[0] and held[1] <= high,
        "ne": lambda held: not (low <= held[0] and held[1] <= high),
        "gt": lambda held: held[1] > high,
        "lt": lambda held: held[0] < low,
        "ge": lambda held: held[1] > high or (low <= held[0] and held[1] <= high),
        "le": lambda held: held[0] < low or (low <= held[0] and held[1] <= high),
        "sa": lambda held: held[0] >= high,
        "eb": lambda held: held[1] <= low,
        "ap": lambda held: held[0] < high and low < held[1],
    }
    return tests[prefix]
