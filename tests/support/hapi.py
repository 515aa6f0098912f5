"""The independent checker: HAPI FHIR's validator, started once for all the records that a run hands to it.

Its jars come from Maven Central, as `tests/conformance/independent/pom.xml` pins them (kept in ~/.m2 by Maven).
"""

from __future__ import annotations

import fcntl
import hashlib
import json as plain_json
import os
import pathlib
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from typing import Any

from babyconnect.fhir import json
from tests.support.needs import absent

HERE = pathlib.Path(__file__).parents[1] / "conformance" / "independent"
BUILD = pathlib.Path(__file__).parents[2] / "build" / "independent"
DEFINITIONS = (
    "geboortezorg-stu3/structuredefinitions",
    "geboortezorg-stu3/valuesets",
    "stu3-zib2017/structuredefinitions",
    "stu3-zib2017/valuesets",
)
R4_DEFINITIONS = tuple(f"r4-zib2020/{kind}" for kind in ("structuredefinitions", "valuesets", "codesystems"))
# HL7's own profiles of the International Patient Summary (CC0), as its npm package has them.
IPS, IPS_SHA256 = "hl7.fhir.uv.ips@2.0.0", "4a5cff17580f869140614ac51097d81540c63644d550ced8d4cd9b9bce7345c4"
Resources = Sequence[Mapping[str, Any]]
# What runs once is not worth Java's second compiler, which would take a third of its time; what is measured warm is.
ONCE, WARM = ("-XX:TieredStopAtLevel=1",), ()


def classpath() -> str:
    """The jars, fetched where they are not yet; a skip without Java, Maven or a repository."""
    for part in ("java", "mvn"):
        if not shutil.which(part):
            absent("java", f"no {part}")
    BUILD.mkdir(parents=True, exist_ok=True)
    pom, kept = HERE / "pom.xml", BUILD / "classpath"
    with pom.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists() or kept.stat().st_mtime < pom.stat().st_mtime or not _there(kept.read_text()):
            command = ["mvn", "-q", "-B", "-f", str(pom), "dependency:build-classpath", f"-Dmdep.outputFile={kept}"]
            ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
            if ran.returncode:
                absent("java", f"Maven: {ran.stdout.strip()[-300:]}")
    return kept.read_text()


def _there(jars: str) -> bool:
    return all(pathlib.Path(jar).exists() for jar in jars.strip().split(os.pathsep))


def bundle(resources: Resources) -> dict[str, Any]:
    """A whole record, with addresses that references of the form `Type/id` lead to."""
    entries = [{"fullUrl": f"https://example.org/fhir/{r['resourceType']}/{r['id']}", "resource": r} for r in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def checked(
    records: Mapping[str, Resources], nictiz: pathlib.Path, folder: pathlib.Path, rounds: int = 1
) -> list[dict[str, Any]]:
    """What HAPI says of each record: messages (`record`, `severity`, `rule`, `place`, `text`), and a line per record
    with how many `resources` it holds and how many `milliseconds` it took in the last round."""
    bundles = {name: bundle(resources) for name, resources in records.items()}
    definitions = [nictiz / each for each in DEFINITIONS]
    return _said(bundles, folder, definitions, {"ROUNDS": str(rounds)}, WARM if rounds > 1 else ONCE)


def checked_r4(
    bundles: Mapping[str, Mapping[str, Any]], definitions: Sequence[pathlib.Path], folder: pathlib.Path
) -> list[dict[str, Any]]:
    """The same of Bundles in R4."""
    return _said(bundles, folder, definitions, {"FHIR": "R4"}, ONCE)


def summary_profiles() -> pathlib.Path:
    """HL7's package of the International Patient Summary, fetched where it is not there yet; a skip without npm."""
    folder = BUILD / "ips"
    if not (folder / "package").exists():
        if not shutil.which("npm"):
            absent("node", "no npm")
        folder.mkdir(parents=True, exist_ok=True)
        ran = subprocess.run(["npm", "pack", IPS], capture_output=True, text=True, check=False, timeout=120, cwd=folder)
        packed = next(folder.glob("*.tgz"), None)
        if ran.returncode or packed is None:
            absent("node", f"npm: {ran.stderr.strip()[-300:]}")
        assert packed is not None and hashlib.sha256(packed.read_bytes()).hexdigest() == IPS_SHA256
        with tarfile.open(packed) as archive:
            # Checked against its digest above; Python before 3.11.4 knows no filter.
            safely = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
            archive.extractall(folder, **safely)
    profiles = folder / "profiles"
    profiles.mkdir(exist_ok=True)
    for kind in ("StructureDefinition", "ValueSet", "CodeSystem"):
        for file in (folder / "package").glob(f"{kind}-*.json"):
            # HAPI has R4's own definitions, and does not find them by their version.
            (profiles / file.name).write_text(file.read_text(encoding="utf-8").replace("|4.0.1", ""), encoding="utf-8")
    return profiles


def _said(bundles: Mapping[str, Mapping[str, Any]], folder: pathlib.Path, definitions: Sequence[pathlib.Path],
          settings: Mapping[str, str], compiling: Sequence[str]) -> list[dict[str, Any]]:  # fmt: skip
    for name, one in bundles.items():
        (folder / f"{name}.json").write_bytes(json.dumps(dict(one)))
    # A small heap and one thread to clear it: other tests run beside it.
    options = ["-Xmx1500m", "-XX:+UseSerialGC", *compiling, "-cp", classpath()]
    words = [
        "java",
        *options,
        str(HERE / "Checker.java"),
        "check",
        str(folder),
        *map(str, definitions),
    ]
    environment = {**os.environ, **settings}
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=900, env=environment)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return [plain_json.loads(line) for line in ran.stdout.splitlines()]
