"""Files inside resources, put apart: the data of an Attachment becomes a Binary that the Attachment points to.

A search then brings what a file is and not the file, so that a consult stays small and each look at a file is a read of
its own, decided and logged as such (STU3 §2.24.0.8, Attachment.url; binary.html: securityContext says whose it is).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from babyconnect.fhir.references import targets
from babyconnect.fhir.walk import transform
from babyconnect.labelling.labels import Labels
from babyconnect.labelling.member import Key, Member
from babyconnect.labelling.members import Given

_WHOSE = ("subject", "patient")


def apart(given: Iterable[Given]) -> list[Given]:
    """The resources with every file of an Attachment in a Binary of its own, behind the resource that it is of."""
    return [each for one in given for each in _apart(one)]


def _apart(one: Given) -> Iterator[Given]:
    files: list[Given] = []

    def attachment(node: dict[str, Any]) -> dict[str, Any]:
        data = node.get("data")
        if not isinstance(data, str):
            return node
        made = _binary(one.resource, str(node.get("contentType", "application/octet-stream")), data)
        files.append(replace(one, resource=made, full_url=""))
        kept = {name: value for name, value in node.items() if name != "data"}
        return {**kept, **_counted(data, node), "url": f"Binary/{made['id']}"}

    if one.resource.get("resourceType") == "Binary":
        yield one
        return
    changed = transform(one.resource, {"Attachment": attachment})
    yield replace(one, resource=changed) if files else one
    yield from {made.resource["id"]: made for made in files}.values()


def _binary(of: Mapping[str, Any], type: str, data: str) -> dict[str, Any]:
    name = f"{of['resourceType']}/{of.get('id', '')}"
    number = hashlib.sha256(f"{name}\0{type}\0{data}".encode()).hexdigest()[:40]
    whose = next((address for element in _WHOSE for address in targets(of, element)), "")
    about = {"securityContext": {"reference": whose}} if whose else {}
    return {"resourceType": "Binary", "id": number, "contentType": type, **about, "content": data}


def _counted(data: str, node: Mapping[str, Any]) -> dict[str, int]:
    """How large it is, where its source did not say."""
    try:
        return {} if "size" in node else {"size": len(base64.b64decode("".join(data.split()), validate=True))}
    except (binascii.Error, ValueError):
        return {}


def together(resources: Iterable[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """The other way: each file that lies in a Binary among the resources in its Attachment, for a format that has no
    place for a file of its own.  A Binary that nothing points to stays."""
    found = list(resources)
    files = {f"Binary/{one.get('id')}": one for one in found if one.get("resourceType") == "Binary"}
    used: set[str] = set()

    def attachment(node: dict[str, Any]) -> dict[str, Any]:
        url = str(node.get("url", ""))
        file = files.get(url)
        if file is None or "data" in node or not isinstance(file.get("content"), str):
            return node
        used.add(url)
        kept = {name: value for name, value in node.items() if name != "url"}
        return {**kept, "contentType": node.get("contentType", file.get("contentType")), "data": file["content"]}

    whole = [transform(one, {"Attachment": attachment}) for one in found]
    return tuple(one for one in whole if f"Binary/{one.get('id')}" not in used or one["resourceType"] != "Binary")


def holders(members: Iterable[Member]) -> dict[Key, tuple[Key, ...]]:
    """Which resources point to each Binary: whoever may not see these may not see the file."""
    found: dict[Key, dict[Key, None]] = {}
    for member in members:
        for key in member.links.values():
            if key[0] == "Binary" and member.key[0] != "Binary":
                found.setdefault(key, {})[member.key] = None
    return {key: tuple(of) for key, of in found.items()}


def labels_of(own: Labels, of: Sequence[Labels]) -> Labels:
    """A file's labels: every shielded group of what points to it, and its data group where that is one."""
    groups = {label.group for label in of}
    return Labels(groups.pop() if len(groups) == 1 else own.group, own.shielded.union(*(one.shielded for one in of)))
