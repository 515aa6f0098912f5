"""The Dutch display of a reference to a resource.

A display travels inside other resources, also those that somebody may see who may not see what is referred to.  So it
names persons and organisations, kinds of resource and days of contact; never a diagnosis, an outcome, gravidity or a
source's own id (domain: G/P can reveal an abortion; no fact about the mother in a child's resource).
"""

from __future__ import annotations

import datetime as dt
import re

from babyconnect.translate import moments
from babyconnect.translate.instances import Instance
from babyconnect.translate.sites import Site, Tree
from babyconnect.translate.tables import AdaMap

_FIELD = re.compile(r"\{([0-9>]+)\}")


def label(instance: Instance, tree: Tree, table: AdaMap, today: dt.date) -> str:
    """The rule's label with its fields filled in: `{756}` is the text of that data element within the resource."""
    site = instance.homes[0][1]

    def fill(found: re.Match[str]) -> str:
        source = _within(site, found[1], tree, table)
        return _text(source, today) if source is not None else ""

    text = _FIELD.sub(fill, instance.rule.label)
    return re.sub(r"\s+", " ", text).strip(" ,-") or instance.rule.template.type


def _within(site: Site, path: str, tree: Tree, table: AdaMap) -> Site | None:
    here: Site | None = site
    for concept in path.split(">"):
        if here is not None and here.element.is_reference:
            here = tree.target(here, table.targets.get(here.concept, ""))
        here = next((s for s in tree.within(here, concept) if s.filled), None) if here is not None else None
    return here


def _text(site: Site, today: dt.date) -> str:
    """A moment as a Dutch day, a code by its name, else the value; a group as the texts in it."""
    element = site.element
    if element.attributes.get("datatype") in ("datetime", "date"):
        day = moments.fhir(element.value, today) or ""
        return "-".join(reversed(day[:10].split("-")))
    return element.attributes.get("displayName", "").strip() or element.value
