"""The product's modules, read as text: what each imports and what it calls."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import babyconnect

SOURCE = Path(babyconnect.__file__).parent


@functools.cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    return tuple((str(p.relative_to(SOURCE)), ast.parse(p.read_text())) for p in sorted(SOURCE.rglob("*.py")))


@functools.cache
def imported(tree: ast.Module) -> set[str]:
    """Every module and every `module.name` a module imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@functools.cache
def calls(tree: ast.Module) -> set[str]:
    """Names of what a module calls, or asks for by name as text."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found.add(node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", ""))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


@functools.cache
def calls_on(tree: ast.Module) -> set[str]:
    """`name.attribute` of what a module calls on something that has a name of its own, as in `AuditLog.open()`."""
    return {
        f"{node.func.value.attr if isinstance(node.func.value, ast.Attribute) else node.func.value.id}.{node.func.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name | ast.Attribute)
    }
