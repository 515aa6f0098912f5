"""One unit made ready to be kept: checked, its client found, ids opaque, references rewritten, labelled, indexed.

Nothing here reads a store or a clock; what the store already holds comes in as an argument.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from babyconnect.birthcare.identifiers import BSN_SYSTEMS, passes_eleven_check
from babyconnect.fhir import json
from babyconnect.fhir.references import targets
from babyconnect.fhir.walk import find
from babyconnect.flows import profile_findings
from babyconnect.flows.findings import Finding
from babyconnect.flows.profile_findings import Placed
from babyconnect.flows.sound import wrong
from babyconnect.labelling import attachments, childs_view, disclosing, displays
from babyconnect.labelling.families import Family, is_shared, unconnected
from babyconnect.labelling.inheriting import inherited
from babyconnect.labelling.labels import UNKNOWN, Labels, labelled, labels, worded
from babyconnect.labelling.member import Key, Member
from babyconnect.labelling.members import Given
from babyconnect.labelling.rewriting import Surroundings, rewritten
from babyconnect.store.contract import SHARED, Publication

Index = Callable[[Mapping[str, Any]], Mapping[str, tuple[str, ...]]]
Known = Mapping[Key, str]
"""Keys that the store already holds, with the client whose compartment they lie in."""

_CONTEXTS = ("context", "encounter", "episodeOfCare")
_TOLD = "whoever is her child is told by bc-Child, bc-Birth or bc-MotherOf, and born when that can be"


@dataclass(frozen=True, slots=True)
class Naming:
    """How a tenant names things: the URN under which the source's own ids are kept; BSN by the source's Patient id."""

    tenant: str
    bsns: Mapping[str, str] = field(default_factory=dict)


def faults(given: Iterable[Given]) -> list[Finding]:
    """What the check of structure says of each resource, and BSNs that cannot be."""
    found: list[Finding] = []
    for one in given:
        issues = wrong(one.resource, one.place)
        found += issues
        if not any(issue.severity == "error" for issue in issues):
            found += _bsn_faults(one)
    return found


def deviations(family: Family) -> list[Finding]:
    """What the profiles that its resources name say of a record."""
    held = {member.key: member.resource for member in family.members}
    addresses = {a: held[key] for member in family.members for a, key in member.links.items() if key in held}
    return profile_findings.summary([Placed(member.place, member.resource) for member in family.members], addresses)


def _bsn_faults(one: Given) -> list[Finding]:
    return [
        Finding("error", f"{one.place} {one.resource['resourceType']}.identifier", "bsn",
                "a BSN that does not pass the eleven-check")
        for identifier in find(one.resource, "Identifier")
        if identifier.get("system") in BSN_SYSTEMS
        and "value" in identifier
        and not passes_eleven_check(str(identifier["value"]))
    ]  # fmt: skip


def client_of(family: Family, known: Known) -> str | Finding:
    """The opaque id of the woman whose record this is, or why there is not exactly one."""
    place = next((m.place for m in family.members if m.key in family.women), family.members[0].place)
    stored = {known[key] for key in (*family.strangers, *family.children) if known.get(key)}
    clients = {key[1] for key in family.women} | stored
    if len(clients) > 1:
        text = f"a record is about one client, this one about {len(clients)}; {_TOLD}"
        return Finding("error", place, "two-clients", text)
    if not clients and len(family.children) == 1:
        # A child's own record (youth health care) of a mother who is not known here.
        clients = {family.children[0][1]}
    if not clients:
        return Finding("error", place, "no-client", "the record does not hold its own client (a Patient)")
    alone = [m for m in unconnected(family) if not any(key in known for key in m.missing.values())]
    if alone:
        return Finding("error", alone[0].place, "no-client", "about a Patient whom nothing ties to its client")
    return clients.pop()


@dataclass(frozen=True, slots=True)
class Said:
    """What a source said about showing: its authors' choices by item (`Type/id`), and that her address, or her
    child's, is secret."""

    client: str
    choices: tuple[tuple[str, disclosing.Stated], ...] = ()
    secret: bool = False


def said(family: Family, client: str) -> Said:
    choices = tuple(("/".join(m.key), one) for m in family.members if (one := disclosing.stated(m.resource)))
    # A child lives where she does: what its Patient alone says is said of hers.
    secret = any(disclosing.says_secret(m.resource) for m in family.members if m.key[0] == "Patient")
    return Said(client, choices, secret)


def publications(
    family: Family, client: str, naming: Naming, index: Index, known: Known
) -> tuple[Iterator[Publication], list[Finding]]:
    """Every member as the store keeps it, made one by one as it is kept, and the warnings: references not supplied,
    labels not known."""
    found = {m.key: _labels(m, family, client) for m in family.members}
    shielded = inherited(family.members, {key: each.shielded for key, each in found.items()})
    files = attachments.holders(family.members)
    for file, of in files.items():
        found[file] = attachments.labels_of(found[file], [Labels(found[key].group, shielded[key]) for key in of])
        shielded[file] = found[file].shielded
    among = Surroundings(
        tenant=naming.tenant,
        names={m.key: displays.of(m.resource) for m in family.members},
        shielded=shielded,
        known=frozenset(key for key, owner in known.items() if owner in (client, SHARED)),
        bsn=_bsns(family, naming),
    )
    episodes = _episodes(family)
    episodes |= {file: episodes[file].union(*(episodes[key] for key in of)) for file, of in files.items()}
    children = {key[1] for key in family.children} | {key[1] for key in family.strangers if known.get(key) == client}

    # A member is let go when it is kept: at the end of a large record only what is kept of it is in memory.
    # Files come last: what points to one is labelled by its last word (its narrative) when it is made.
    waiting = list(reversed(family.members))
    waiting.sort(key=lambda member: member.key not in files)
    last: dict[Key, Labels] = {}

    def made() -> Iterator[Publication]:
        while waiting:
            member = waiting.pop()
            plain = rewritten(replace(member, resource=disclosing.without_choice(member.resource)), among)
            label = Labels(found[member.key].group, shielded[member.key] | worded(plain))
            if member.key in files:
                label = attachments.labels_of(label, [last[key] for key in files[member.key] if key in last])
            last[member.key] = label
            resource = labelled(plain, label, member.key in family.children)
            owner = SHARED if is_shared(member.resource) else client
            subject = childs_view.subject(resource, label.group, children - {client} or {client} & children)
            yield _publication(member, resource, label, Belonging(owner, episodes[member.key], subject), index)

    return made(), _warnings(family, found, among.known)


@dataclass(frozen=True, slots=True)
class Belonging:
    """Whose compartment a resource lies in, in which of her episodes, and in which child's view."""

    client: str
    episodes: frozenset[str]
    subject: str = ""


def _publication(
    member: Member, resource: dict[str, Any], label: Labels, belongs: Belonging, index: Index
) -> Publication:
    kept = {"resource": resource, "client": belongs.client, "episodes": sorted(belongs.episodes)}
    canonical = orjson.dumps(kept, default=json.verbatim, option=orjson.OPT_SORT_KEYS)
    return Publication(
        type=member.key[0],
        id=member.key[1],
        resource=resource,
        client=belongs.client,
        group=label.group,
        shielded=label.shielded,
        episodes=belongs.episodes,
        index=index(resource),
        digest=hashlib.blake2b(canonical, digest_size=32).digest(),
        original=member.original or None,
        subject=belongs.subject,
    )


def _labels(member: Member, family: Family, client: str) -> Labels:
    subjects = {member.links.get(a) or member.missing.get(a) for a in targets(member.resource, "subject")}
    about_child = any(key and key[0] == "Patient" and key[1] != client for key in subjects)
    return labels(member.resource, about_child or member.key in family.children)


def _bsns(family: Family, naming: Naming) -> dict[Key, str]:
    return {
        m.key: naming.bsns[str(m.resource["id"])]
        for m in family.members
        if m.key[0] == "Patient" and m.resource.get("id") in naming.bsns
    }


def _episodes(family: Family) -> dict[Key, frozenset[str]]:
    """The episodes each member belongs to: by context, or its Encounter's; a diagnosis by its episode."""
    direct = {m.key: _contexts(m) for m in family.members}
    diagnoses: dict[Key, set[str]] = {}
    for member in family.members:
        if member.key[0] == "EpisodeOfCare":
            for address in targets(member.resource, "diagnosis", "condition"):
                if address in member.links:
                    diagnoses.setdefault(member.links[address], set()).add(member.key[1])
    return {
        m.key: frozenset(
            {m.key[1]} if m.key[0] == "EpisodeOfCare" else _through(direct[m.key], direct) | diagnoses.get(m.key, set())
        )
        for m in family.members
    }


def _contexts(member: Member) -> set[Key]:
    return {member.links[a] for name in _CONTEXTS for a in targets(member.resource, name) if a in member.links}


def _through(contexts: set[Key], direct: Mapping[Key, set[Key]]) -> set[str]:
    episodes = {key[1] for key in contexts if key[0] == "EpisodeOfCare"}
    for key in contexts:
        if key[0] == "Encounter":
            episodes |= {k[1] for k in direct.get(key, ()) if k[0] == "EpisodeOfCare"}
    return episodes


def _warnings(family: Family, found: Mapping[Key, Labels], known: frozenset[Key]) -> list[Finding]:
    warnings = []
    for member in family.members:
        for key in sorted(set(member.missing.values()) - known):
            text = f"refers to a {key[0] or 'resource'} that was not supplied; kept and shown as such"
            warnings.append(Finding("warning", f"{member.place} {member.key[0]}", "unresolved-reference", text))
        if found[member.key].group == UNKNOWN:
            text = "no row of the table of data groups covers it: kept, shown to nobody"
            warnings.append(Finding("warning", f"{member.place} {member.key[0]}", "label", text))
    return warnings
