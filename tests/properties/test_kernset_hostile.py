"""Whatever comes in as a kernset is refused in words or becomes a message that parses; nothing in it breaks out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from babyconnect.birthcare.ada import AdaElement, AdaRecord
from babyconnect.definitions import document, rows
from babyconnect.translate.hl7v3.build import NAMESPACE, SDTC
from babyconnect.translate.hl7v3.message import outputs, write

TODAY = dt.date(2026, 11, 22)
QUIET = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
VALUES = ["", " ", "T-999999Y", "T+9{10:00}", "9" * 400, "1e999", "<&>\"'", "]]>", "\u202e", "true", "UNK", "false",
          "2026-02-30", "../../etc", "1.2.3", "T-5D", "12", "x]y"]  # fmt: skip
HOSTILE = st.sampled_from(VALUES)
ATTRIBUTES = (
    "value",
    "code",
    "codeSystem",
    "displayName",
    "unit",
    "root",
    "nullFlavor",
    "originalText",
    "datatype",
    "id",
)
BSN = "2.16.840.1.113883.2.4.6.3"
NUMBER = "999900730"


def tree(paths: Mapping[str, dict[str, str]], name: str) -> AdaElement:
    """The elements at these paths, each in what it lies in."""
    root = AdaElement(name, "", {}, (), 1)
    for path, attributes in paths.items():
        *above, last = path.split("/")
        root = put(root, above, (AdaElement(last, "", attributes, (), 2),))
    return root


@st.composite
def kernsets(draw: st.DrawFn) -> tuple[str, AdaRecord]:
    """Some elements of a kernset, with whatever in their attributes."""
    output = draw(st.sampled_from(outputs()))
    wanted = document("hl7v3/messages.toml")[output]
    known = [row["path"] for row in rows(f"hl7v3/{wanted['elements']}")]
    chosen = draw(st.lists(st.sampled_from(known), max_size=25, unique=True))
    attributes = st.dictionaries(st.sampled_from(ATTRIBUTES), HOSTILE, max_size=4)
    (transaction,) = wanted["transactions"]
    root = tree({path: draw(attributes) for path in chosen}, transaction)
    return output, AdaRecord(transaction, "", "", "", "", root)


@QUIET
@given(kernsets())
def test_a_kernset_of_any_content_is_refused_in_words_or_becomes_a_message_that_parses(
    made: tuple[str, AdaRecord],
) -> None:
    output, record = made
    message = write(record, output, TODAY)

    if not message.content:
        assert any(finding.severity == "error" for finding in message.findings)
        return
    root = etree.fromstring(message.content)
    assert all(etree.QName(element).namespace in (NAMESPACE, SDTC) for element in root.iter(etree.Element))
    assert root.getroottree().docinfo.doctype == ""


@QUIET
@given(
    kernsets(),
    st.sampled_from(["burgerservicenummer", "identificatienummer", "bsn_kind", "lokale_persoonsidentificatie"]),
)
def test_a_bsn_anywhere_in_a_kernset_is_in_no_message(made: tuple[str, AdaRecord], name: str) -> None:
    output, record = made
    number = AdaElement(name, "", {"value": NUMBER, "root": BSN}, (), 2)
    text = AdaElement("lokale_persoonsidentificatie", "", {"value": f"p{NUMBER}", "root": "1.2.3"}, (), 3)
    paths = [row["path"] for row in rows(f"hl7v3/{document('hl7v3/messages.toml')[output]['elements']}")]
    places = [path.rpartition("/")[0] for path in paths if path.endswith(f"/{name}")]
    root = record.root
    for place in places:
        root = put(root, place.split("/"), (number, text))

    assert NUMBER.encode() not in write(AdaRecord(record.transaction, "", "", "", "", root), output, TODAY).content


def put(element: AdaElement, path: list[str], new: tuple[AdaElement, ...]) -> AdaElement:
    """The tree with these in this place, which is made when it is not there."""
    here = element.children
    if not path:
        here = (*new, *here)
    else:
        at = next((i for i, child in enumerate(here) if child.name == path[0]), None)
        old = here[at] if at is not None else AdaElement(path[0], "", {}, (), 1)
        rest = here[:at] + here[at + 1 :] if at is not None else here
        here = (put(old, path[1:], new), *rest)
    return AdaElement(element.name, element.concept, element.attributes, here, element.line)
