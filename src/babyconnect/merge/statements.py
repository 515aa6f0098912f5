"""What the sources state, side by side: equal values together, every origin kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from babyconnect.birthcare.record import Child, Death, Item, Origin, Stated
from babyconnect.birthcare.resources import Resource
from babyconnect.merge.facts import coded, value_of

Claim = tuple[str, str, Item]
"""(value to compare, text to show, item)."""


def gather(claims: Iterable[Claim]) -> tuple[Stated, ...]:
    """Claims by value, each with everyone who makes it; in the order of the values."""
    piles: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim[0]:
            piles[claim[0]].append(claim)
    return tuple(_stated(value, pile) for value, pile in sorted(piles.items()))


def _stated(value: str, pile: Sequence[Claim]) -> Stated:
    origins: dict[Origin, None] = dict.fromkeys(o for _, _, item in pile for o in item.origins)
    return Stated(
        text=min(text for _, text, _ in pile),
        origins=tuple(sorted(origins)),
        items=tuple(sorted({item.id for _, _, item in pile})),
        moment=max(item.moment for _, _, item in pile),
        value=value,
    )


def claims_of(items: Sequence[Item], *facts: str) -> list[Claim]:
    """Every statement of these facts among the items."""
    found = []
    for item in items:
        if (fact := item.fact) in facts:
            value, text = value_of(fact, item.resource)
            found.append((value, text, item))
    return found


def latest_of_each_source(claims: Iterable[Claim]) -> list[Claim]:
    """Of each source only what it stated last: an earlier count is not a contradiction."""
    last: dict[str, str] = {}
    claims = [claim for claim in claims if claim[0]]
    for _, _, item in claims:
        for origin in item.origins:
            ura = origin.source.ura.value
            last[ura] = max(last.get(ura, ""), item.moment)
    return [claim for claim in claims if any(claim[2].moment == last[o.source.ura.value] for o in claim[2].origins)]


def allergy_claims(items: Sequence[Item]) -> list[Claim]:
    """Allergies: what to, or `none`; a refuted or resolved one is `-` and the code."""
    found = []
    for item in items:
        if item.type != "AllergyIntolerance" or item.subject != "woman":
            continue
        resource = item.resource
        value, text = coded(resource.get("code"))
        gone = resource.get("clinicalStatus") in ("inactive", "resolved") or resource.get("verificationStatus") in (
            "refuted",
            "entered-in-error",
        )
        found.append((f"-{value}" if gone else value, f"{text} (niet meer actueel)" if gone else text, item))
    return found


def multiple_claims(items: Sequence[Item], children: Sequence[Child], everything: dict[str, Item]) -> list[Claim]:
    """`multiple` or `single`: from findings in pregnancy and from what the children's records say."""
    found: list[Claim] = [
        ("multiple", "meerling", item) for _, _, item in claims_of(items, "multiple", "multiple_condition")
    ]
    for child in children:
        for name in child.persons:
            said = everything[name].resource.get("multipleBirthBoolean")
            if said is not None:
                found.append(
                    ("multiple", "meerling", everything[name]) if said else ("single", "eenling", everything[name])
                )
    return found


def _deceased(resource: Resource) -> str:
    """`dead|<moment>`, `alive`, or "" of a Patient."""
    if moment := resource.get("deceasedDateTime"):
        return f"dead|{moment}"
    said = resource.get("deceasedBoolean")
    return "" if said is None else ("dead|" if said else "alive")


def _perinatal(item: Item) -> str:
    resource = item.resource
    if item.fact != "perinatal_death" or resource.get("valueBoolean") is False:
        return ""
    moments = [c.get("valueDateTime", "") for c in resource.get("component") or ()]
    return f"dead|{next((m for m in moments if m), '')}"


def death_of(persons: Sequence[Item], about: Sequence[Item], born_here: bool = False) -> Death:
    """One state over all sources.  Life recorded by another source after it, or another day, makes it disputed.

    `born_here`: it is about a child, so that a perinatal death among `about` is its own (never the woman's).
    """
    claims = [(_deceased(item.resource), item) for item in persons]
    claims += [(_perinatal(item), item) for item in about] if born_here else []
    stated = gather((value, "overleden" if value.startswith("dead") else "in leven", item) for value, item in claims)
    dead = [s for s in stated if s.value.startswith("dead")]
    if not dead:
        return Death(False, False, stated)
    days = {s.value[5:15] for s in dead if s.value[5:]}
    tellers = {o.source.ura for s in dead for o in s.origins}
    after = [
        item
        for item in about
        if days
        and item.type == "Observation"
        and item.moment[:10] > max(days)
        and any(o.source.ura not in tellers for o in item.origins)
    ]
    seen = gather(("seen", "waarneming na overlijden", item) for item in after)
    disputed = len(days) > 1 or len(dead) < len(stated) or bool(after)
    return Death(True, disputed, (*stated, *seen))
