"""A child that was admitted: its stay has a group of its own in the record, which refers to the contact.

The transactions tell a stay of the child from a check of the child in the hospital by that group alone; resources tell
it by whose contact it is (`Encounter.subject`), its class, and that it says from where or to where (`hospitalization`).
"""

from __future__ import annotations

from babyconnect.definitions import document
from babyconnect.translate.to_ada.draft import Draft
from babyconnect.translate.to_ada.graph import Graph, Resource, found
from babyconnect.translate.to_ada.placing import Placing
from babyconnect.translate.to_ada.wishes import Wish


def admit(graph: Graph, placing: Placing, draft: Draft) -> None:
    """Have each stay of a child referred to from the group of that child, where the transaction has one."""
    anchors = document("ada/anchors.toml")["admission"]
    for key, resource in graph.all.items():
        if not _is_stay(resource, anchors["classes"].split()):
            continue
        child = placing.home(graph.target(resource.get("subject")), anchors["child"])
        contact = placing.home(key, anchors["contact"])
        if child is None or contact is None or not draft.steps(draft.root, anchors["stay"]):
            continue
        holder = placing.make(anchors["stay"], Wish(led=[(anchors["group"], anchors["who"], child)]))
        if holder is not None and not holder.attributes:
            draft.reference(holder, contact)


def _is_stay(resource: Resource, classes: list[str]) -> bool:
    kind = next((one.value for one in found(resource, "class/code")), "")
    return resource.get("resourceType") == "Encounter" and kind in classes and bool(resource.get("hospitalization"))
