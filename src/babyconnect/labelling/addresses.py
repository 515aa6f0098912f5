"""From a source's addresses to opaque keys: what each resource of a batch is called, and what each reference means."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.fhir import json
from babyconnect.fhir.references import parse
from babyconnect.labelling.identity import Identity
from babyconnect.labelling.member import Key


@dataclass(slots=True)
class Addresses:
    """The addresses of one batch.  `scope`: what the source's ids are unique within ("" = the whole source)."""

    identity: Identity
    scope: str = ""
    held: dict[str, Key] = field(default_factory=dict)
    bases: set[str] = field(default_factory=set)

    def add(self, resource: Mapping[str, Any], full_url: str = "", known_as: str = "") -> Key:
        """Give a resource its key; `known_as`: a stronger name than the source's id (a registered number)."""
        type_name = str(resource["resourceType"])
        source_id = resource.get("id") or full_url or hashlib.sha256(json.dumps(resource)).hexdigest()
        scope = "" if known_as else self.scope
        key = (type_name, self.identity.opaque(type_name, known_as or str(source_id), scope))
        self.held[f"{type_name}/{source_id}"] = key
        if full_url:
            self.held[full_url] = key
            address = parse(full_url)
            if address and address.base:
                self.bases.add(address.base)
        return key

    def resolve(self, reference: str) -> tuple[Key, bool] | None:
        """The key that a reference means and whether the batch holds it; None for `#contained`."""
        if reference.startswith("#"):
            return None
        if reference in self.held:
            return self.held[reference], True
        address = parse(reference)
        if address is None:
            return ("", self.identity.opaque("", reference, self.scope)), False
        local = not address.base or address.base in self.bases
        if local and address.relative in self.held:
            return self.held[address.relative], True
        name = address.id if local else f"{address.base}/{address.id}"
        return (address.type, self.identity.opaque(address.type, name, self.scope if local else "")), False
