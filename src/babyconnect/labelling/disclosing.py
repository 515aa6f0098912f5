"""What a source says about publishing a resource: a working note, an author's choice, a secret address.

Pure; the labels by which it is said are `definitions/publication.toml`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from babyconnect.birthcare.resources import as_list, day
from babyconnect.definitions import document

Resource = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stated:
    """An author's choice as a source sent it: not judged yet (`trust.disclosure.problem` does)."""

    choice: str
    reason: str = ""
    review: dt.date | None = None
    talked: dt.date | None = None
    author: str = ""


def is_working_note(resource: Resource) -> bool:
    """Whether the source calls this a note of its author's own, which is no part of the record."""
    rule = document("publication.toml")["working_notes"]
    # Asked before the structure was checked: nothing is taken for granted.
    meta = resource.get("meta")
    meta = meta if isinstance(meta, Mapping) else {}
    labelled = _labels(meta.get("security")) & set(rule["security"]) or _labels(meta.get("tag")) & set(rule["tags"])
    if labelled or any(profile in rule["profiles"] for profile in as_list(meta.get("profile"))):
        return True
    said = " ".join(text for name in rule["in_elements"] for text in _texts(resource.get(name))).lower()
    return any(word in said for word in rule["words"])


def stated(resource: Resource) -> Stated | None:
    """The author's choice, if the source sent one."""
    rule = document("publication.toml")["disclosure"]
    labels = as_list((resource.get("meta") or {}).get("security"))
    codes = [label.get("code") for label in labels if label.get("system") == rule["system"]]
    if len(codes) != 1 or codes[0] not in rule["codes"]:
        # Two choices at once are none: the default, not digitally, holds.
        return None
    said = {
        part.get("url"): next((part[name] for name in part if name.startswith("value")), "")
        for extension in as_list(resource.get("extension"))
        if extension.get("url") == rule["extension"]
        for part in as_list(extension.get("extension"))
    }
    texts = {name: str(said.get(rule[name], "")) for name in ("reason", "review", "talked", "author")}
    return Stated(codes[0], texts["reason"], day(texts["review"]), day(texts["talked"]), texts["author"])


def without_choice(resource: Resource) -> Resource:
    """The resource without what was said about publishing it; the same object when nothing was."""
    rule = document("publication.toml")["disclosure"]
    meta, extensions = resource.get("meta") or {}, as_list(resource.get("extension"))
    security = [label for label in as_list(meta.get("security")) if label.get("system") != rule["system"]]
    kept = [extension for extension in extensions if extension.get("url") != rule["extension"]]
    if len(security) == len(as_list(meta.get("security"))) and len(kept) == len(extensions):
        return resource
    made = {name: value for name, value in resource.items() if name != "extension"}
    made["meta"] = {
        **{n: v for n, v in meta.items() if n != "security"},
        **({"security": security} if security else {}),
    }
    return {**made, "extension": kept} if kept else made


def says_secret(patient: Resource) -> bool:
    """Whether a Patient as the source sent it says that her address is secret."""
    rule = document("publication.toml")["secrecy"]
    if _labels((patient.get("meta") or {}).get("security")) & set(rule["security"]):
        return True
    said = [text for address in as_list(patient.get("address")) for text in _address_texts(address)]
    return any(text.strip().lower() in rule["texts"] for text in said)


def _address_texts(address: Any) -> Iterator[str]:
    if isinstance(address, Mapping):
        yield from (str(text) for text in (address.get("text"), *as_list(address.get("line"))) if text)
        yield from _texts(address.get("extension"))


def _labels(codings: Any) -> set[str]:
    return {f"{c.get('system', '')}|{c.get('code', '')}" for c in as_list(codings) if isinstance(c, Mapping)}


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for child in node:
            yield from _texts(child)
    elif isinstance(node, Mapping):
        for name, child in node.items():
            if name not in ("system", "url", "code"):
                yield from _texts(child)
