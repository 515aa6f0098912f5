"""Make `definitions/jgz/elements.csv`: elements and groups of BDS 4.1.3 and 4.2.0, and what each calls them.

    python tools/distil_jgz.py [FOLDER OF THE PUBLISHED STANDARD]

From the published file transfers (`hl7-mappings/jgz-dossieroverdracht-8.0`): messages of 4.2.0, what became of them in
4.1.3, and messages of 4.1.3 that became 4.2.0.  What a conversion leaves out it says in a comment ("element 1665 ... is
overgeslagen": 4.1.3 has it not; "... is vervallen": 4.2.0 has it not).  An element that is in a message of both, or in
that of one without such a comment, is of both.  `ALSO`: what the published conversions leave out as well, though no
published message holds it.  Element 957 is not among them: the conversion to 4.2.0 names it, but the published message
of 4.2.0 with which suppliers qualify has it.
"""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

ROOT = Path(__file__).parents[1]
OUT = ROOT / "src/babyconnect/definitions/jgz/elements.csv"
FOLDERS = {"hl7_instance": "4.2.0", "hl7_instance_conversion_bds420_to_bds413": "4.1.3",
           "hl7_instance_conversion_bds413_to_bds420": "4.2.0"}  # fmt: skip
KINDS = {"2.16.840.1.113883.2.4.4.40.267": "element", "2.16.840.1.113883.2.4.4.40.393": "group"}
GONE = re.compile(r"element (\d+) (.+) is (overgeslagen|vervallen)")
GONE_GROUP = re.compile(r"Groep (G\d+)(?: (.+))? (is overgeslagen|vervalt)")
# Parts of a statement: 1344 by the conversion itself, the methods by Nictiz' R026-CR_test_JGZ-338 (from DOBv03), the
# sides by HL7's name for a side, as 1671 has it in hl7_instance/DOB-4.0.0-KWAL_versturen.
HELD = {"1344": "1345/location", "314": "313/methodCode", "316": "315/methodCode", "318": "317/methodCode",
        "826": "825/methodCode", "764": "763/targetSiteCode", "1691": "1671/targetSiteCode"}  # fmt: skip
ALSO = [
    ("element", "1685", "4.2.0", "Subscore Van Wiechen taalonderzoek 2 jaar", "dob-bds420-to-bds413.xsl, section 42"),
    ("element", "1687", "4.2.0", "Beoordeling taalontwikkeling 2 jaar", "dob-bds420-to-bds413.xsl, section 42"),
    ("element", "1688", "4.2.0", "Beoordeling taalontwikkeling 2,6 jaar", "dob-bds420-to-bds413.xsl, section 42"),
    ("element", "1689", "4.2.0", "Beoordeling taalontwikkeling 3 jaar", "dob-bds420-to-bds413.xsl, section 42"),
    ("group", "G087", "4.1.3", "Opname ziekenhuis", "dob-bds413-to-bds420.xsl, section 19"),
]


def main() -> None:
    default = ROOT.parent / "shared/nictiz"
    base = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    found: dict[tuple[str, str], dict[str, str]] = {}
    for kind, code, version, display, source in ALSO:
        found[kind, code] = {"only": version, version: display, "source": source}
    for folder, version in FOLDERS.items():
        for path in sorted((base / "hl7-mappings/jgz-dossieroverdracht-8.0" / folder).glob("*.xml")):
            root = etree.parse(str(path)).getroot()
            source = f"{folder.removeprefix('hl7_instance_')}/{path.stem}"
            for kind, code, display in _stated(root):
                row = found.setdefault((kind, code), {"source": source})
                row.setdefault(version, display)
            for kind, code, display, only in _left_out(root):
                row = found.setdefault((kind, code), {"source": source})
                row.setdefault(only, display)
                row["only"] = only
    _write(found)


def _stated(root: etree._Element) -> Iterator[tuple[str, str, str]]:
    for code in root.iter("{urn:hl7-org:v3}code"):
        if kind := KINDS.get(code.get("codeSystem", "")):
            yield kind, code.get("code", ""), code.get("displayName", "")


def _left_out(root: etree._Element) -> Iterator[tuple[str, str, str, str]]:
    for comment in root.iter(etree.Comment):
        text = " ".join((comment.text or "").split())
        if match := GONE.fullmatch(text):
            yield "element", match[1], match[2], "4.2.0" if match[3] == "overgeslagen" else "4.1.3"
        elif match := GONE_GROUP.fullmatch(text.rstrip(".")):
            yield "group", match[1], match[2] or "", "4.1.3" if match[3] == "vervalt" else "4.2.0"


def _write(found: dict[tuple[str, str], dict[str, str]]) -> None:
    with OUT.open("w", newline="", encoding="utf-8") as file:
        file.write("# Made by tools/distil_jgz.py; `source`: the published message or conversion that shows the row.\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["kind", "code", "versions", "display_4.1.3", "display_4.2.0", "held_in", "source"])
        for (kind, code), row in sorted(found.items(), key=lambda item: (item[0][0], int(item[0][1].lstrip("G")))):
            only = row.get("only", "")
            old = row.get("4.1.3", row.get("4.2.0", "")) if only != "4.2.0" else ""
            new = row.get("4.2.0", row.get("4.1.3", "")) if only != "4.1.3" else ""
            held = HELD.get(code, "") if kind == "element" else ""
            writer.writerow([kind, code, only or "4.1.3 4.2.0", old, new, held, row["source"]])


if __name__ == "__main__":
    main()
