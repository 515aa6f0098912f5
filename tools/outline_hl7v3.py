"""Print the structure that published messages share, with the elements of the records whose values stand there.

    python tools/outline_hl7v3.py {2.2,2.3.5,2.3.6,3.0} [FOLDER OF THE PUBLISHED STANDARD]

The draft of the rows in `definitions/hl7v3` was made from it, and a new version's is: a line per element, in the order
of the samples, how often it occurs, what is the same everywhere (`a=b`), what differs (`a~b/c`), and after
`<=` each element of the records that has exactly the values which stand there, record by record.  Where several have
(answers to questions do), or none (dates: T is not resolved here), the choice is made by name, by hand, and by the
tests of the pairs.
"""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

PAIRS = "hl7-mappings/ada-2-hl7v3"
FOLDERS = {"2.2": ("peri-2.2/kernset_aanleverbericht", "hl7", "result_"),
           "2.3.5": ("peri-2.3.5/kernset_geboortezorg", "hl7", ""),
           "2.3.6": ("peri-2.3.6/kernset_geboortezorg", "hl7", ""),
           "3.0": ("peri-3.0/kernset_neonatologie", "cda", "")}  # fmt: skip
ROOTS = ("{urn:hl7-org:v3}CareProvisionEvent", "{urn:hl7-org:v3}ClinicalDocument")
Values = dict[str, list[str]]


@dataclass
class Node:
    """One element of the outline, over all messages."""

    name: str
    children: dict[str, Node] = field(default_factory=dict)
    attributes: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    values: Values = field(default_factory=lambda: defaultdict(list))
    count: int = 0


def local(element: etree._Element) -> str:
    return str(etree.QName(element).localname)


def elements(parent: etree._Element) -> list[etree._Element]:
    return [child for child in parent if isinstance(child.tag, str)]


def key(element: etree._Element) -> str:
    """What makes two elements the same row: the name, templates and code of the statement that it is or wraps."""
    said = [
        f"{local(c)}={c.get('root') or c.get('code')}" for c in elements(element) if local(c) in ("templateId", "code")
    ]
    inner = elements(element)
    wrapped = key(inner[0]) if len(inner) == 1 and not element.attrib.get("classCode") else ""
    return " ".join([local(element), *said, wrapped]).strip()


def feed(node: Node, element: etree._Element, name: str) -> None:
    node.count += 1
    for attribute, value in element.attrib.items():
        node.attributes[str(attribute).rpartition("}")[2]][str(value)] += 1
    told = [element.get(a) for a in ("code", "nullFlavor", "value", "extension")]
    node.values[name].append(next(filter(None, told), (element.text or "").strip()))
    before = ""
    for child in elements(element):
        known = node.children
        if key(child) not in known:
            names = list(known)
            names.insert(names.index(before) + 1 if before in known else len(names), key(child))
            known[key(child)] = Node(local(child))
            node.children = {n: known[n] for n in names}
        feed(node.children[key(child)], child, name)
        before = key(child)


def of_record(element: etree._Element, found: dict[str, Values], name: str, above: str = "") -> None:
    for child in elements(element):
        path = f"{above}/{child.tag}".lstrip("/")
        found[path][name].append(child.get("code") or child.get("value") or "")
        of_record(child, found, name, path)


def shown(node: Node, records: dict[str, Values], depth: int = 0) -> Iterator[str]:
    parts = []
    for attribute, values in node.attributes.items():
        same = len(values) == 1 and sum(values.values()) == node.count
        parts.append(f"{attribute}={next(iter(values))}" if same else f"{attribute}~{'/'.join(list(values)[:3])}")
    here = {name: sorted(values) for name, values in node.values.items()}
    differs = len({value for values in here.values() for value in values}) > 1
    sources = [
        path for path, values in records.items() if differs and {n: sorted(v) for n, v in values.items()} == here
    ]
    yield "  " * depth + " ".join([node.name, str(node.count), *parts, *(["<=", *sources[:4]] if sources else [])])
    for child in node.children.values():
        yield from shown(child, records, depth + 1)


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in FOLDERS:
        print(__doc__, file=sys.stderr)
        return 2
    data = Path(sys.argv[2] if len(sys.argv) > 2 else os.environ.get("NICTIZ_DATA", "../shared/nictiz"))
    folder, kind, prefix = FOLDERS[sys.argv[1]]
    outline, records = Node(""), defaultdict(lambda: defaultdict(list))
    for file in sorted((data / PAIRS / folder / "ada_instance").glob("*.xml")):
        message = data / PAIRS / folder / f"{kind}_instance" / f"{prefix}{file.name}"
        if message.exists():
            root = next(etree.parse(str(message)).getroot().iter(*ROOTS))
            outline.name = local(root)
            feed(outline, root, file.name)
            (record,) = elements(next(etree.parse(str(file)).getroot().iter("data")))
            of_record(record, records, file.name)
    print("\n".join(shown(outline, records)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
