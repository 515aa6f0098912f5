"""The oblivious function behind pseudonyms: one client one pseudonym; nobody between learns whom it is about."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nacl import bindings

from babyconnect.network.pseudonyms import oprf

KEY = oprf.new_scalar(secrets.token_bytes)
SMALL_ORDER = [
    bytes(32),
    b"\x01" + bytes(31),
    bytes.fromhex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
]


def pseudonym(bsn: str, organisation: str = "ura:1", scope: str = "s", key: bytes = KEY) -> bytes:
    data = oprf.scoped_input(bsn, organisation, scope)
    scalar = oprf.new_scalar(secrets.token_bytes)
    return oprf.finalise(data, scalar, oprf.evaluate(key, oprf.blind(data, scalar)))


@settings(max_examples=20, deadline=None)
@given(st.text("0123456789", min_size=9, max_size=9))
def test_the_blind_does_not_show_in_the_pseudonym(bsn):
    assert pseudonym(bsn) == pseudonym(bsn)


def test_another_client_recipient_scope_or_key_gives_another_pseudonym():
    other = oprf.new_scalar(secrets.token_bytes)
    all_of_them = {
        pseudonym("999900730"),
        pseudonym("999990019"),
        pseudonym("999900730", organisation="ura:2"),
        pseudonym("999900730", scope="t"),
        pseudonym("999900730", key=other),
    }
    assert len(all_of_them) == 5


def test_the_same_client_is_blinded_differently_every_time():
    data = oprf.scoped_input("999900730", "ura:1", "s")
    assert oprf.blind(data, oprf.new_scalar(secrets.token_bytes)) != oprf.blind(
        data, oprf.new_scalar(secrets.token_bytes)
    )


FIELD = 2**255 - 19
MIXED_ORDER = [bindings.crypto_core_ed25519_add(oprf.to_group(b"x"), small) for small in SMALL_ORDER[2:]]
NOT_CANONICAL = [(value + FIELD).to_bytes(32, "little") for value in range(19)]


@pytest.mark.parametrize("point", [*SMALL_ORDER, *MIXED_ORDER, *NOT_CANONICAL, b"", b"x" * 31, b"x" * 33, b"\xff" * 32])
def test_what_is_not_in_the_group_is_not_computed_with(point):
    with pytest.raises(oprf.BadPoint):
        oprf.evaluate(KEY, point)
    with pytest.raises(oprf.BadPoint):
        oprf.finalise(b"x", KEY, point)


def test_a_scalar_is_never_zero():
    zeros = iter([bytes(64), bytes(64), b"\x07" + bytes(63)])
    assert oprf.new_scalar(lambda _: next(zeros)) == b"\x07" + bytes(31)


@given(st.binary(min_size=32, max_size=32))
def test_bytes_are_computed_with_exactly_when_they_are_a_point_of_the_group(point):
    if bindings.crypto_core_ed25519_is_valid_point(point):
        assert len(oprf.evaluate(KEY, point)) == 32
    else:
        with pytest.raises(oprf.BadPoint):
            oprf.evaluate(KEY, point)
