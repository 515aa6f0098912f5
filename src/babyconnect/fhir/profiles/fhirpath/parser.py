"""FHIRPath as a tree of tuples, for the closed set of expressions in `definitions/profiles/invariants.csv`.

http://hl7.org/fhirpath/N1 (the grammar that STU3's invariants are written in).  A tree is `("path", name)`,
`("call", name, arguments)`, `("constant", name)`, `("literal", value)`, `("this",)`, `("step", before, after)` or
`(operator, left, right)`.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

Tree = tuple[Any, ...]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^'\\]|\\.)*')|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<constant>%[\w-]+)"
    r"|(?P<this>\$this)|(?P<sign><=|>=|!=|[.(),|=<>+&]))"
)
# From loose to tight, as the specification orders them.
_LEVELS: tuple[frozenset[str], ...] = (
    frozenset({"implies"}),
    frozenset({"or", "xor"}),
    frozenset({"and"}),
    frozenset({"in", "contains"}),
    frozenset({"=", "!="}),
    frozenset({"<", ">", "<=", ">="}),
    frozenset({"|"}),
    frozenset({"is", "as"}),
    frozenset({"+", "&"}),
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


def parse(expression: str) -> Tree:
    """The tree of an expression; ValueError when it is not one."""
    tokens = _tokens(expression)
    parser = _Parser(tokens)
    tree = parser.level(0)
    if parser.at < len(tokens):
        raise ValueError(f"{expression}: not understood at {tokens[parser.at][1]}")
    return tree


def _tokens(expression: str) -> list[tuple[str, str]]:
    found, at, text = [], 0, expression.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"{expression}: not understood at character {at}")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        at = match.end()
    return found


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self.at = 0

    def level(self, number: int) -> Tree:
        if number == len(_LEVELS):
            return self._steps()
        left = self.level(number + 1)
        while self._peek() in _LEVELS[number] and self._tokens[self.at][0] in ("name", "sign"):
            operator = self._take()[1]
            right = ("type", self._take()[1]) if operator in ("is", "as") else self.level(number + 1)
            left = (operator, left, right)
        return left

    def _steps(self) -> Tree:
        tree = self._term()
        while self._peek() == ".":
            self._take()
            tree = ("step", tree, self._term())
        return tree

    def _term(self) -> Tree:
        kind, text = self._take()
        if text == "(":
            tree = self.level(0)
            self._expect(")")
            return tree
        if kind == "string":
            return ("literal", re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1]))
        if kind == "number":
            return ("literal", Decimal(text) if "." in text else int(text))
        if kind == "constant":
            return ("constant", text[1:])
        if kind == "this":
            return ("this",)
        if kind != "name":
            raise ValueError(f"not understood: {text}")
        if self._peek() == "(":
            return ("call", text, self._arguments())
        return ("literal", text == "true") if text in ("true", "false") else ("path", text)

    def _arguments(self) -> tuple[Tree, ...]:
        self._take()
        found: list[Tree] = []
        while self._peek() != ")":
            found.append(self.level(0))
            if self._peek() == ",":
                self._take()
        self._take()
        return tuple(found)

    def _peek(self) -> str:
        return self._tokens[self.at][1] if self.at < len(self._tokens) else ""

    def _take(self) -> tuple[str, str]:
        if self.at >= len(self._tokens):
            raise ValueError("an expression that ends too early")
        self.at += 1
        return self._tokens[self.at - 1]

    def _expect(self, text: str) -> None:
        if self._take()[1] != text:
            raise ValueError(f"{text} expected")
