"""The independent checker: HAPI FHIR's validator, started once for all the records that a run hands to it.

Its jars come from Maven Central, as `tests/conformance/independent/pom.xml` pins them (kept in ~/.m2 by Maven).
"""

from __future__ import annotations

import fcntl
import json as plain_json
import os
import pathlib
import shutil
import subprocess
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
Resources = Sequence[Mapping[str, Any]]


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
    for name, resources in records.items():
        (folder / f"{name}.json").write_bytes(json.dumps(bundle(resources)))
    # One thread of the compiler and a small heap: other tests run beside it.
    options = ["-Xmx1500m", "-XX:+UseSerialGC", "-cp", classpath()]
    words = [
        "java",
        *options,
        str(HERE / "Checker.java"),
        "check",
        str(folder),
        *(str(nictiz / d) for d in DEFINITIONS),
    ]
    environment = {**os.environ, "ROUNDS": str(rounds)}
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=900, env=environment)
    assert ran.returncode == 0, ran.stderr[-2000:]
    return [plain_json.loads(line) for line in ran.stdout.splitlines()]
