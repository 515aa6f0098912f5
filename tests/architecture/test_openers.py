"""Whoever opens a log, a register or a key, or reads the log, by name: one more is a decision, not an accident."""

from __future__ import annotations

import ast

import pytest

from tests.architecture.modules import calls, calls_on, imported, modules

OPENS_A_LOG = {
    "wiring/answering.py": "a node",
    "wiring/region.py": "a region",
    "wiring/asking.py": "a terminal that consults",
    "wiring/destroying.py": "a terminal that destroys",
    "wiring/exporting.py": "a terminal that exports the log",
    "wiring/publishing.py": "a terminal that takes back what a sheet no longer holds",
}
READS_THE_LOG = {
    "flows/oversight.py": "pages: logs the reader first",
    "flows/reconciling.py": "what two logs say of one exchange",
    "wiring/exporting.py": "export: logs who exports first",
    "cli/audit.py": "verifies and shows the file that a terminal was pointed at",
    "cli/demonstration/check.py": "compares the demonstration's logs with what was asked",
}
OPENS_A_REGISTER = {
    "Custody": {"wiring/link.py"},
    "Roster": {"wiring/link.py", "wiring/asking.py"},
    "Registers": {"wiring/link.py"},
    "Emergencies": {"wiring/deciding.py"},
    "Subscribed": {"wiring/mitz.py"},
    "ConsentService": {"wiring/region.py"},
    "CodeService": {"wiring/region.py"},
    "EvidenceService": {"wiring/region.py"},
    "IndexService": {"wiring/region.py"},
    "PseudonymService": {"wiring/region.py"},
    "DirectoryService": {"wiring/region.py"},
}
OPENS_A_KEY = {"wiring/files.py", "wiring/keyring.py"}
SIGNS = {
    "flows/signatures.py": "what a node says to the region",
    "trust/asserting.py": "a request for a token",
    "trust/presenting.py": "a request for a token, by presentations",
    "trust/dpop.py": "a proof that a token is its sender's",
}
VALUES_OF_READING = {"Entry", "Wanted", "text_of"}
READING = "babyconnect.audit.reading"


def reads_the_log(tree: ast.Module) -> bool:
    named = {name.removeprefix(f"{READING}.") for name in imported(tree) if name.startswith(f"{READING}.")}
    return bool(named - VALUES_OF_READING) or any(call.startswith("reading.") for call in calls_on(tree))


def callers(call: str) -> set[str]:
    return {name for name, tree in modules() if call in calls_on(tree)}


def test_only_listed_modules_open_a_log() -> None:
    assert callers("AuditLog.open") == set(OPENS_A_LOG)


def test_only_listed_modules_read_the_log() -> None:
    readers = {name for name, tree in modules() if not name.startswith("audit/") and reads_the_log(tree)}
    assert readers == set(READS_THE_LOG)


@pytest.mark.parametrize("register", OPENS_A_REGISTER)
def test_a_register_is_opened_where_it_is_built_in(register: str) -> None:
    assert {name for name, tree in modules() if register in calls(tree)} == OPENS_A_REGISTER[register]


def test_a_signing_key_is_read_and_made_by_the_builder_alone() -> None:
    assert callers("keys.load") | callers("keys.create") == OPENS_A_KEY


def test_only_listed_modules_sign_in_the_name_of_the_organisation() -> None:
    assert callers("jose.seal") | callers("jose.sealed") == set(SIGNS)


@pytest.mark.parametrize(
    "text", ["from babyconnect.audit.reading import search", "from babyconnect.audit import reading\nreading.search()"]
)
def test_the_test_itself_would_notice(text: str) -> None:
    assert reads_the_log(ast.parse(text))
