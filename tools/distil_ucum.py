"""Distil the symbols of UCUM into `definitions/terminology/ucum.csv`: prefixes, units with or without them, sizes.

Run at development time:  python tools/distil_ucum.py [--cache DIR]

Source: `ucum-essence.xml` (UCUM 1.9, the last whose table is published as data) from Maven Central's org.fhir:ucum,
pinned by SHA-256.  UCUM is copyright Regenstrief Institute and the UCUM Organization; its licence allows the use of its
codes in software.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import tempfile
import urllib.request
import zipfile
from pathlib import Path

from lxml import etree

JAR = "https://repo1.maven.org/maven2/org/fhir/ucum/1.0.9/ucum-1.0.9.jar"
SHA256 = "82d3f91372667cc8ab72407cd9ef2e9ff7c917f75a27fd49bcebc526111227a0"
OUT = Path(__file__).parent.parent / "src/babyconnect/definitions/terminology/ucum.csv"
HEAD = """# The symbols of UCUM (Unified Code for Units of Measure 1.9, ucum-essence.xml; tools/distil_ucum.py).
# kind: prefix, metric (a unit that a prefix may stand before) or unit.
# value, term: how many of what it is (of a prefix: the factor).  scale: `own` = a base unit, an arbitrary one or one on
# a scale of its own, which nothing else can be counted in; `Cel`, `degF`, `degRe` = temperatures, not from 0 K.
"""
_TEMPERATURES = ("Cel", "degF", "degRe")
# Otherwise than UCUM has it: an amount of substance is no number (a share in mmol/mol is none in per cent), and a
# calendar's month and year have no fixed number of days.
_OURS = {"mol": ("", "", "own"), "a": ("", "", "own"), "mo": ("1", "a/12", "")}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "babyconnect-distil")
    jar = fetch(arguments.parse_args().cache)
    root = etree.fromstring(zipfile.ZipFile(io.BytesIO(jar)).read("ucum-essence.xml"))
    text = io.StringIO()
    text.write(HEAD)
    table = csv.writer(text, lineterminator="\n")
    table.writerow(("code", "kind", "value", "term", "scale", "citation"))
    for node in root.iter("{*}prefix", "{*}base-unit", "{*}unit"):
        name = etree.QName(node).localname
        metric = name == "base-unit" or node.get("isMetric") == "yes"
        kind = "prefix" if name == "prefix" else "metric" if metric else "unit"
        table.writerow((node.get("Code"), kind, *size(node), f"UCUM: {node.findtext('{*}name')}"))
    OUT.write_text(text.getvalue(), encoding="utf-8")
    print(OUT.name, len(text.getvalue().splitlines()) - 3, "symbols")


def size(node: etree._Element) -> tuple[str, str, str]:
    """Value, term and scale of a symbol."""
    if node.get("Code") in _OURS and etree.QName(node).localname != "prefix":
        return _OURS[node.get("Code")]
    value = node.find("{*}value")
    if value is None:
        return "", "", "own"
    function = value.find("{*}function")
    if function is not None:
        temperature = function.get("name") in _TEMPERATURES
        return (
            (function.get("value", ""), function.get("Unit", ""), function.get("name", ""))
            if temperature
            else ("", "", "own")
        )
    if node.get("isArbitrary") == "yes" and value.get("Unit") == "1":
        return "", "", "own"
    return value.get("value", ""), value.get("Unit", ""), ""


def fetch(cache: Path) -> bytes:
    kept = cache / JAR.rsplit("/", 1)[-1]
    if not kept.exists():
        cache.mkdir(parents=True, exist_ok=True)
        with urllib.request.urlopen(JAR) as answer:
            kept.write_bytes(answer.read())
    content = kept.read_bytes()
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise SystemExit(f"{kept} is not the jar that was expected")
    return content


if __name__ == "__main__":
    main()
