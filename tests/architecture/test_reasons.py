"""Every reason that a part of the trust chain can give stands in words in `definitions/reasons.toml`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from babyconnect.trust import reasons

SOURCE = Path(__file__).parents[2] / "src/babyconnect"
GIVERS = {"Rejected": 0, "Denied": 2, "Unbelieved": 0}
"""What carries a reason into the log, and as which argument."""
FILES = sorted([*(SOURCE / "trust").glob("*.py"), SOURCE / "flows/grant.py", SOURCE / "api/bearers.py"])


def given(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in GIVERS:
            place = GIVERS[node.func.id]
            argument = node.args[place] if len(node.args) > place else None
            if isinstance(argument, ast.Constant):
                yield str(argument.value)
        if isinstance(node, ast.FunctionDef) and ("flaw" in node.name or node.name == "untimely"):
            # These say what is wrong, or nothing.
            yield from (
                one.value.value
                for one in ast.walk(node)
                if isinstance(one, ast.Return) and isinstance(one.value, ast.Constant) and one.value.value
            )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_reason_has_its_sentence(path: Path) -> None:
    assert set(given(path)) - {"token_missing"} <= reasons.codes()


def test_the_look_finds_reasons_at_all() -> None:
    assert {"replayed", "key_unknown", "proof_key", "proof_stale", "expired"} <= {
        reason for path in FILES for reason in given(path)
    }
