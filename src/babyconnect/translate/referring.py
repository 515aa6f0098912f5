"""What a reference element of a record becomes in the resources that its rows name, once every resource is there.

Forms: `reference`; `practitioner` (with her role beside it); a participant made of a professional (`performer`,
`attendant`, `administrator`); `interval` (the period that the element refers to); `self` (the resource of the element).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from babyconnect.translate.instances import Instance
from babyconnect.translate.sites import Site
from babyconnect.translate.tables import AdaMap, Row
from babyconnect.translate.values import TRANSFORMS, Context, Given

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Callable, Sequence

    from babyconnect.translate.findings import Severity
    from babyconnect.translate.linking import Linker
    from babyconnect.translate.sites import Tree

PARTICIPANTS: Mapping[str, tuple[str, ...]] = {
    "performer": ("role", "actor", "onBehalfOf"),
    "attendant": ("actor", "onBehalfOf"),
    "administrator": ("role", "actor"),
}
"""Which parts a participant has: Procedure.performer; one whose role the slice gives; Immunization.practitioner."""
REFERENCES = frozenset({"reference", "practitioner", "interval", *PARTICIPANTS})


class Record(Protocol):
    """What this asks of the translation of a record."""

    today: dt.date
    table: AdaMap
    tree: Tree
    linker: Linker
    used: set[int]

    def targets(self, site: Site, row: Row) -> Sequence[Instance]: ...
    def put(self, target: Instance, path: str, given: Given | None) -> bool: ...
    def remark(self, site: Site) -> Callable[[Severity, str, str], None]: ...
    def find(self, severity: Severity, site: Site, rule: str, text: str) -> None: ...


class Referring:
    """Puts references where rows say."""

    def __init__(self, record: Record) -> None:
        self._record = record

    def refer(self, site: Site, row: Row) -> None:
        record = self._record
        if row.transform == "self":
            made: dict[str, Any] | None = record.linker.reference(next(iter(site.instances.values())))
            targets = record.targets(site if row.resource.startswith("@") else site.parent or site, row)
        else:
            targets = record.targets(site, row)
            made = self._reference(site, row) if targets else None
        for target in targets:
            target.resume(site)
            if made is not None and record.put(target, row.path, Given(made)):
                record.used.add(site.number)

    def _reference(self, site: Site, row: Row) -> dict[str, Any] | None:
        if row.transform == "interval":
            return self._interval(site)
        linker = self._record.linker
        target = linker.target(site, row.argument)
        if target is None:
            self._record.find("warning", site, "unresolved-reference", "refers to what this record does not hold")
            missing = linker.missing(site, row.argument)
            return {"actor": missing} if row.transform in PARTICIPANTS else missing
        made = linker.reference(target, "plain" if row.transform == "reference" else "practitioner")
        return self._participant(target, made, row.transform) if row.transform in PARTICIPANTS else made

    def _participant(self, target: Instance, made: dict[str, Any], form: str) -> dict[str, Any]:
        """The professional, with her function and employer as her own element gives them."""
        anchor, home = self._record.table.anchors["professional"], target.homes[0][1]
        parts: dict[str, Any] = {"actor": made}
        function = next(self._record.tree.within(home, anchor["function"]), None)
        if function is not None and function.filled and "role" in PARTICIPANTS[form]:
            self._record.used.add(function.number)
            lists = self._record.table.lists.get(function.concept, ())
            context = Context(self._record.today, lists, "", self._record.remark(function))
            given = TRANSFORMS["concept"](function.element, context)
            parts["role"] = given.value if given else None
        employer = next(self._record.tree.within(home, anchor["employer"]), None)
        rule = anchor["organisation_rule"]
        organisation = self._record.linker.target(employer, rule) if employer is not None else None
        if organisation is not None:
            parts["onBehalfOf"] = self._record.linker.reference(organisation)
        return {name: parts[name] for name in PARTICIPANTS[form] if name in parts}

    def _interval(self, site: Site) -> dict[str, Any] | None:
        """A Period of the building block that the element refers to."""
        record, anchor = self._record, self._record.table.anchors["interval"]
        found = record.tree.target(site, record.table.targets.get(site.concept, ""))
        if found is None:
            record.find("warning", site, "unresolved-reference", "refers to what this record does not hold")
            return None
        period = {}
        for name in ("start", "end"):
            part = next(record.tree.within(found, anchor[name]), None)
            context = Context(record.today, (), "", record.remark(part or site))
            given = TRANSFORMS["moment"](part.element, context) if part is not None else None
            if part is not None and given and given.value:
                record.used.add(part.number)
                period[name] = given.value
        return period or None
