"""The tree over the log: RFC 6962's own definitions and figures, and the laws of its proofs."""

from __future__ import annotations

import functools
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.audit import merkle
from babyconnect.audit.merkle import Growing, Leaves
from tests.support.cases import cases

# The leaves and roots by which implementations of Certificate Transparency check each other.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def rfc(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962 §2.1, as it stands there."""
    if len(entries) <= 1:
        return hashlib.sha256(b"\0" + entries[0] if entries else b"").digest()
    half = 1
    while half * 2 < len(entries):
        half *= 2
    return hashlib.sha256(b"\1" + rfc(entries[:half]) + rfc(entries[half:])).digest()


def known(count: int, before: int = 0) -> Leaves:
    entries = [bytes([n % 256, n // 256]) for n in range(count)]
    gone = Growing()
    gone.add(entries[:before])
    return Leaves(before, tuple(gone.peaks), [merkle.leaf(entry) for entry in entries[before:]])


@functools.cache
def root(count: int) -> bytes:
    return rfc([bytes([n % 256, n // 256]) for n in range(count)])


@pytest.mark.parametrize("size", range(9))
def test_the_roots_are_those_that_every_implementation_has(size: int) -> None:
    growing = Growing()
    growing.add(ENTRIES[:size])
    assert growing.root().hex() == ROOTS[size] == rfc(ENTRIES[:size]).hex()
    assert Leaves(0, (), [merkle.leaf(entry) for entry in ENTRIES[:size]]).subtree(0, size).hex() == ROOTS[size]


def test_the_paths_of_the_tree_of_seven_are_those_that_the_rfc_draws() -> None:
    tree = Leaves(0, (), [merkle.leaf(entry) for entry in ENTRIES[:7]])
    a, b, c, d, e, f, j = tree.hashed
    g, h, i = merkle.node(a, b), merkle.node(c, d), merkle.node(e, f)
    k, l = merkle.node(g, h), merkle.node(i, j)  # noqa: E741 - the names of RFC 6962 §2.1.3
    assert merkle.inclusion(tree, 0, 7) == [b, h, l]
    assert merkle.inclusion(tree, 3, 7) == [c, g, l]
    assert merkle.inclusion(tree, 4, 7) == [f, j, k]
    assert merkle.inclusion(tree, 6, 7) == [i, k]
    assert merkle.consistency(tree, 3, 7) == [c, d, g, l]
    assert merkle.consistency(tree, 4, 7) == [l]
    assert merkle.consistency(tree, 6, 7) == [i, j, k]


@settings(max_examples=cases(300), deadline=None)
@given(st.integers(1, 300), st.data())
def test_every_record_of_every_tree_can_be_proved_and_nothing_else(size: int, data: st.DataObject) -> None:
    before = data.draw(st.integers(0, size - 1))
    tree = known(size, before)
    index = data.draw(st.integers(before, size - 1))
    within = data.draw(st.integers(index + 1, size))
    path, own = merkle.inclusion(tree, index, within), tree.hashed[index - before]
    assert merkle.included(own, index, within, path, root(within))
    assert not merkle.included(merkle.leaf(b"other"), index, within, path, root(within))
    assert not merkle.included(own, index, within, [*path, own], root(within))
    if path:
        assert not merkle.included(own, index, within, path[:-1], root(within))
        bent = data.draw(st.integers(0, len(path) - 1))
        assert not merkle.included(own, index, within, [*path[:bent], own, *path[bent + 1 :]], root(within))
    elsewhere = data.draw(st.integers(0, within - 1))
    if elsewhere != index:
        assert not merkle.included(own, elsewhere, within, path, root(within))


@settings(max_examples=cases(300), deadline=None)
@given(st.integers(1, 300), st.data())
def test_a_tree_that_grew_can_be_proved_and_one_that_was_rewritten_cannot(second: int, data: st.DataObject) -> None:
    before = data.draw(st.integers(0, second))
    first = data.draw(st.integers(max(1, before), second))
    path = merkle.consistency(known(second, before), first, second)
    assert merkle.consistent(first, second, root(first), root(second), path)
    assert not merkle.consistent(first, second, merkle.leaf(b"other"), root(second), path)
    assert not merkle.consistent(first, second, root(first), merkle.leaf(b"other"), path)
    if path:
        bent = data.draw(st.integers(0, len(path) - 1))
        wrong = [*path[:bent], merkle.leaf(b"other"), *path[bent + 1 :]]
        assert not merkle.consistent(first, second, root(first), root(second), wrong)
        assert not merkle.consistent(first, second, root(first), root(second), path[:-1])


@given(st.integers(0, 200), st.integers(0, 200))
def test_a_tree_grows_the_same_in_one_step_or_two(first: int, more: int) -> None:
    entries = [bytes([n]) for n in range(first + more if first + more < 256 else 255)]
    one, two = Growing(), Growing()
    one.add(entries)
    two.add(entries[:first])
    two.add(entries[first:])
    assert (one.size, one.peaks, one.root()) == (two.size, two.peaks, two.root())
    assert len(one.peaks) == len(merkle.widths(one.size))


def test_what_lies_before_the_first_kept_record_can_no_longer_be_proved() -> None:
    with pytest.raises(LookupError):
        merkle.inclusion(known(20, 10), 3, 20)
    with pytest.raises(LookupError):
        merkle.consistency(known(20, 10), 3, 20)
    with pytest.raises(LookupError):
        merkle.inclusion(known(20), 20, 20)
