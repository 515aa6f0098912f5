"""One STU3 resource to R4: every element by its row, or as it is; what R4 has no place for goes into HL7's extension.

Source: HL7 FHIR R4, "Extensions for converting between versions" (the address
`http://hl7.org/fhir/3.0/StructureDefinition/extension-Type.element` holds an element of STU3 in R4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from babyconnect.fhir.grammar import R4, Element, elements, is_type
from babyconnect.translate.r4 import tables
from babyconnect.translate.r4.building import element_of, put
from babyconnect.translate.r4.profiles import profiled
from babyconnect.translate.r4.required import completed
from babyconnect.translate.r4.tables import Change

SPECIFICATION = tables.NL_CORE + "ext-CodeSpecification"
OF_STU3 = "http://hl7.org/fhir/3.0/StructureDefinition/extension-"


@dataclass(frozen=True, slots=True)
class Kept:
    """An element that R4 has no place for: it stands in an extension.  `place`: `Observation.related`."""

    place: str


@dataclass(slots=True)
class Conversion:
    """What is needed on the way: new addresses of resources (`Type/id`), and what had to go into an extension."""

    addresses: Mapping[str, str] = field(default_factory=dict)
    kept: list[Kept] = field(default_factory=list)

    def resource(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        """The resource in R4; its type must be one of `tables.types`."""
        name = resource["resourceType"]
        type_name = tables.types()[name]
        made: dict[str, Any] = {"resourceType": type_name}
        body = {key: value for key, value in resource.items() if key != "resourceType"}
        self._fill(made, body, name, R4 + type_name)
        address = self.addresses.get(f"{name}/{resource.get('id', '')}")
        if address:
            made["id"] = address.partition("/")[2]
        return completed(profiled(made, resource))

    def _object(self, value: Mapping[str, Any], stu3: str, r4: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        self._fill(made, value, stu3, r4)
        if stu3 == "Coding" and made.get("system") in tables.systems():
            made["system"] = tables.systems()[made["system"]]
        elif stu3 == "Reference" and "reference" in made:
            made["reference"] = self._address(made["reference"])
        return made

    def _fill(self, made: dict[str, Any], value: Mapping[str, Any], stu3: str, r4: str) -> None:
        for name, one, extra, element in _members(value, stu3):
            if element.base in ("extension", "modifierExtension") and one:
                self._extensions(made, one, stu3, r4, name)
                continue
            change = tables.changes().get(f"{stu3}.{element.name}") or tables.changes().get(f"{stu3}.{element.base}")
            if change is None:
                if not self._lay(made, r4, (name,), element, (one, extra)):
                    self._keep(made, f"{stu3}.{element.base}", element, (one, extra))
            else:
                self._change(made, (stu3, r4), change, element, (one, extra))

    def _lay(
        self, made: dict[str, Any], r4: str, path: tuple[str, ...], element: Element, content: tuple[Any, Any]
    ) -> bool:
        """The content of an STU3 element at a path of R4."""
        target, parent = None, r4
        for step in path:
            target = element_of(parent, step)
            assert target is not None, f"{parent}.{step}"
            parent = target.type
        assert target is not None
        value, extra = content
        return put(made, r4, path, self._converted(value, element, target), self._beside(extra))

    def _converted(self, value: Any, element: Element, target: Element) -> Any:
        if isinstance(value, list):
            return [self._converted(one, element, target) for one in value]
        if isinstance(value, Mapping) and element.type == "Resource":
            return self.resource(value) if value.get("resourceType") in tables.types() else dict(value)
        if isinstance(value, Mapping):
            return self._object(value, element.type, target.type)
        return value

    def _beside(self, extra: Any) -> Any:
        """The id and extensions beside a primitive value."""
        if isinstance(extra, list):
            return [self._beside(one) for one in extra]
        return self._object(extra, "Element", f"{R4}Element") if isinstance(extra, Mapping) else extra

    def _address(self, reference: str) -> str:
        name, _, rest = reference.partition("/")
        if reference in self.addresses:
            return self.addresses[reference]
        return f"{tables.types()[name]}/{rest}" if rest and name in tables.types() else reference

    # Extensions -----------------------------------------------------------------------------------------------------

    def _extensions(self, made: dict[str, Any], values: list[Any], stu3: str, r4: str, name: str) -> None:
        for one in values:
            url = one.get("url", "")
            by, to = tables.extensions().get((url, stu3)) or tables.extensions().get((url, "")) or ("url", url)
            content = self._object(one, "Extension", f"{R4}Extension")
            if by == "url":
                made.setdefault(name, []).append({**content, "url": to})
                continue
            if by == "beside":
                element, _, url = to.partition(" ")
                made.setdefault(f"_{element}", {}).setdefault("extension", []).append({**content, "url": url})
                continue
            value = next((v for key, v in content.items() if key.startswith("value")), None)
            if value is None or not put(made, r4, (to,), value):
                made.setdefault(name, []).append(content)

    def _keep(self, made: dict[str, Any], place: str, element: Element, content: tuple[Any, Any]) -> None:
        """An element of STU3 as an extension of R4."""
        value, extra = content
        bare = place.removesuffix("[x]")
        values = value if isinstance(value, list) else [value]
        extras = extra if isinstance(extra, list) else [extra]
        for number, one in enumerate(values):
            beside = extras[number] if number < len(extras) else None
            made.setdefault("extension", []).append(self._as_extension(OF_STU3 + bare, one, beside, element))
        self.kept.append(Kept(bare))

    def _as_extension(self, url: str, value: Any, extra: Any, element: Element) -> dict[str, Any]:
        if element.primitive or not isinstance(value, Mapping):
            name = "value" + element.type[0].upper() + element.type[1:]
            return {"url": url} | ({name: value} if value is not None else {}) | (
                {f"_{name}": self._beside(extra)} if extra is not None else {}
            )  # fmt: skip
        if "." not in element.type and is_type(R4 + element.type):
            name = "value" + element.type[0].upper() + element.type[1:]
            return {"url": url, name: self._object(value, element.type, R4 + element.type)}
        return {"url": url, "extension": list(self._parts(value, element.type))}

    def _parts(self, value: Mapping[str, Any], type_name: str) -> Iterator[dict[str, Any]]:
        for name, one, extra, element in _members(value, type_name):
            if name == "extension":
                yield from (self._object(each, "Extension", f"{R4}Extension") for each in one)
                continue
            ones = one if isinstance(one, list) else [one]
            yield from (self._as_extension(element.base.removesuffix("[x]"), each, extra, element) for each in ones)

    # The closed list of changes -----------------------------------------------------------------------------------

    def _change(
        self,
        made: dict[str, Any],
        types: tuple[str, str],
        change: Change,
        element: Element,
        content: tuple[Any, Any],
    ) -> None:
        if change.by == "unfold":
            self._unfold(made, types, element, content[0])
        elif not getattr(self, f"_by_{change.by}")(made, types, change, element, content):
            self._keep(made, f"{types[0]}.{element.base}", element, content)

    def _unfold(self, made: dict[str, Any], types: tuple[str, str], element: Element, value: Mapping[str, Any]) -> None:
        """Its members have their places at the parent; what is the object's own (id, extensions) keeps it whole."""
        own = value.keys() & {"id", "extension", "modifierExtension"}
        self._fill(made, {name: one for name, one in value.items() if name not in own}, element.type, types[1])
        if own:
            self._keep(made, f"{types[0]}.{element.base}", element, (dict(value), None))

    def _by_extension(self, *_: Any) -> bool:
        return False

    def _by_rename(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                   content: tuple[Any, Any]) -> bool:  # fmt: skip
        *above, last = change.becomes
        suffix = element.name[len(element.base) - 3 :] if element.base.endswith("[x]") else ""
        return self._lay(made, types[1], (*above, last + suffix), element, content)

    def _by_concept(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                    content: tuple[Any, Any]) -> bool:  # fmt: skip
        """A code as a coding, with the zib's own code beside it where it stood in an extension."""
        value, extra = content
        if value is None or (change.place, value) in NOT_IN_R4:
            return False
        more = self._beside(extra) or {}
        specified = [e for e in more.get("extension", ()) if e["url"] == SPECIFICATION]
        codings = [{"system": change.argument, "code": value}]
        codings += [c for e in specified for c in e.get("valueCodeableConcept", {}).get("coding", ())]
        others = [e for e in more.get("extension", ()) if e["url"] != SPECIFICATION]
        rest = {key: v for key, v in more.items() if key != "extension"} | ({"extension": others} if others else {})
        return put(made, types[1], change.becomes, rest | {"coding": codings})

    def _by_code(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                 content: tuple[Any, Any]) -> bool:  # fmt: skip
        value, extra = content
        laid = put(
            made, types[1], change.becomes, tables.codes().get((change.place, value), value), self._beside(extra)
        )
        return laid and not _says_more(change.place, value)

    def _by_override(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                     content: tuple[Any, Any]) -> bool:  # fmt: skip
        """A code that says what the status is in R4, whatever the status says in STU3."""
        code = tables.codes().get((change.place, content[0]))
        if code:
            self._say(made, types[0], change.becomes[-1], code)
        return code is not None and content[1] is None

    def _say(self, made: dict[str, Any], stu3: str, name: str, code: str) -> None:
        """This code, whatever the element of the same name said; what it said is kept."""
        before = made.pop(name, None)
        made[name] = code
        if before not in (None, code):
            self._keep(made, f"{stu3}.{name}", elements(stu3)[name], (before, None))

    def _by_text(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                 content: tuple[Any, Any]) -> bool:  # fmt: skip
        value, extra = content
        return value is not None and put(made, types[1], change.becomes, {"text": value} | _only_id(extra))

    def _by_note(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                 content: tuple[Any, Any]) -> bool:  # fmt: skip
        value, extra = content
        note = ({"text": value} if value is not None else {}) | ({"_text": self._beside(extra)} if extra else {})
        return put(made, types[1], change.becomes, note)

    def _by_status(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                   content: tuple[Any, Any]) -> bool:  # fmt: skip
        value, extra = content
        if value is True:
            self._say(made, types[0], "status", change.argument)
        return value is not None and extra is None

    def _by_quantity(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                     content: tuple[Any, Any]) -> bool:  # fmt: skip
        return content[0] is not None and put(made, types[1], change.becomes, content[0], self._beside(content[1]))

    def _by_codings(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                    content: tuple[Any, Any]) -> bool:  # fmt: skip
        concepts = [{"coding": [self._object(one, "Coding", f"{R4}Coding")]} for one in content[0]]
        return put(made, types[1], change.becomes, concepts)

    def _by_first(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                  content: tuple[Any, Any]) -> bool:  # fmt: skip
        first, *others = content[0]
        laid = self._lay(made, types[1], change.becomes, element, (first, None))
        if not others or not change.argument:
            return laid and not others
        return laid and self._lay(made, types[1], (change.argument,), element, (others, None))

    def _by_member(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                   content: tuple[Any, Any]) -> bool:  # fmt: skip
        """The one member that R4 kept of an object; when there was more, the whole also stands in an extension."""
        values = content[0] if isinstance(content[0], list) else [content[0]]
        member = elements(element.type)
        laid = True
        for one in values:
            name = next((n for n in one if n in member and member[n].base.removesuffix("[x]") == change.argument), "")
            if name:
                laid &= self._lay(made, types[1], change.becomes, member[name], (one[name], None))
            laid &= set(one) == {name}
        return laid

    def _by_context(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                    content: tuple[Any, Any]) -> bool:  # fmt: skip
        """STU3's context is an encounter or an episode of care; R4 has an element for the first only."""
        address = str(content[0].get("reference", ""))
        if "Encounter/" in address or address.startswith("#"):
            return self._lay(made, types[1], change.becomes, element, content)
        if "EpisodeOfCare/" not in address or types[0] not in tables.episodes():
            return False
        reference = self._object(content[0], "Reference", f"{R4}Reference")
        made.setdefault("extension", []).append({"url": tables.episodes()[types[0]], "valueReference": reference})
        return True

    def _by_related(self, made: dict[str, Any], types: tuple[str, str], change: Change, element: Element,
                    content: tuple[Any, Any]) -> bool:  # fmt: skip
        """Members and sources have elements of their own in R4; the other kinds (sequel, replaces, …) have none."""
        others = []
        target = elements("Observation.related")["target"]
        for one in content[0]:
            name = {"has-member": "hasMember", "derived-from": "derivedFrom"}.get(one.get("type", ""))
            if name is None or set(one) != {"type", "target"}:
                others.append(one)
            else:
                self._lay(made, types[1], (name,), target, (one["target"], None))
        if others:
            self._keep(made, "Observation.related", element, (others, None))
        return True


NOT_IN_R4 = {("Condition.verificationStatus", "unknown")}
"""Codes that became no concept of R4 (HL7 FHIR R4, Condition, R3 Diff)."""


def _says_more(place: str, code: Any) -> bool:
    """Several codes of STU3 become this one's: which it was is kept."""
    becomes = tables.codes().get((place, code))
    return (
        becomes is not None
        and sum(to == becomes for (element, _), to in tables.codes().items() if element == place) > 1
    )


def _only_id(extra: Any) -> dict[str, Any]:
    return {"id": extra["id"]} if isinstance(extra, Mapping) and "id" in extra else {}


def _members(value: Mapping[str, Any], type_name: str) -> Iterator[tuple[str, Any, Any, Element]]:
    """(name, value, what stands beside it, its element) of every element of an STU3 object."""
    table = elements(type_name)
    for key in dict.fromkeys(key.removeprefix("_") for key in value):
        yield key, value.get(key), value.get(f"_{key}"), table[key]
