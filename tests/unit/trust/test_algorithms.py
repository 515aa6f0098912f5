"""Signatures on the primitives: one spelling of everything, and a key that can do one thing."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import import_key
from joserfc.jws import JWSRegistry

from babyconnect.trust import algorithms, keys


@given(st.binary(max_size=200))
def test_base64url_is_written_and_read_as_the_standard_has_it(content: bytes) -> None:
    text = base64.urlsafe_b64encode(content).rstrip(b"=")
    assert algorithms.encoded(content) == text
    assert algorithms.decoded(text) == content


@given(st.binary(max_size=40))
def test_whatever_is_read_is_the_only_spelling_of_what_it_means(text: bytes) -> None:
    try:
        found = algorithms.decoded(text)
    except ValueError:
        return
    assert algorithms.encoded(found) == text


@pytest.mark.parametrize("text", [b"A", b"AB==", b"AB=", b"Ab+/", b"AB\n", b"A B", b"QR", b"QUI=", b"\xc3\xa9"])
def test_another_spelling_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - binascii.Error is one, and which does not matter
        algorithms.decoded(text)


@pytest.mark.parametrize("algorithm", algorithms.ALGORITHMS)
def test_what_we_sign_another_library_verifies_and_the_other_way_round(algorithm: keys.Algorithm) -> None:
    key = keys.generate(algorithm)
    theirs = import_key(key.private.as_dict(private=True))
    model = JWSRegistry.algorithms[algorithm]
    mine = keys.find(keys.jwks(key), key.kid)
    assert mine is not None and mine.algorithm == algorithm
    assert model.verify(b"text", key.sign(b"text"), theirs)
    assert mine.verify(b"text", model.sign(b"text", theirs))
    assert not mine.verify(b"other", model.sign(b"text", theirs))


SMALL_ORDER = ["AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]


@pytest.mark.parametrize("x", SMALL_ORDER)
def test_a_key_of_small_order_verifies_nothing(x: str) -> None:
    """With such a key a signature of zeros is good for many texts, where a library does not look."""
    key = algorithms.imported("EdDSA", (("kty", "OKP"), ("crv", "Ed25519"), ("x", x)))
    assert key is None or not any(key.verify(b"%d" % n, algorithms.decoded(x.encode()) + b"\0" * 32) for n in range(64))


@pytest.mark.parametrize("signature", [b"", b"\0" * 63, b"\0" * 64, b"\0" * 65, b"\xff" * 64])
@pytest.mark.parametrize("algorithm", algorithms.ALGORITHMS)
def test_a_made_up_signature_verifies_nothing(algorithm: keys.Algorithm, signature: bytes) -> None:
    key = keys.generate(algorithm)
    found = keys.find(keys.jwks(key), key.kid)
    assert found is not None and not found.verify(b"text", signature)


def test_two_keys_of_one_name_are_no_key() -> None:
    one, other = keys.generate().public(), keys.generate().public()
    assert keys.find({"keys": [one, {**other, "kid": one["kid"]}]}, one["kid"]) is None
    assert keys.find({"keys": [one, one]}, one["kid"]) is None


@pytest.mark.parametrize("bits", [1024, 8192])
def test_an_rsa_key_too_small_or_too_large_is_no_key(bits: int) -> None:
    modulus = algorithms.encoded((2 ** (bits - 1) + 1).to_bytes(bits // 8)).decode()
    assert algorithms.imported("RS256", (("kty", "RSA"), ("n", modulus), ("e", "AQAB"))) is None
