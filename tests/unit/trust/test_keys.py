"""Keys on disk: for their owner only, and none but the four algorithms."""

from __future__ import annotations

import stat
from pathlib import Path

import orjson
import pytest

from babyconnect.trust import keys
from babyconnect.trust.keys import KeyFault


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_a_key_is_made_kept_and_found_again(tmp_path: Path, algorithm: keys.Algorithm) -> None:
    made = keys.create(tmp_path / "keys", "organisation", algorithm)
    found = keys.load(tmp_path / "keys" / "organisation.jwk")
    assert (found.kid, found.algorithm, found.public()) == (made.kid, algorithm, made.public())
    assert keys.genuine(keys.jwks(made))(made.kid, b"text", found.sign(b"text"))


def test_only_its_owner_may_read_a_key(tmp_path: Path) -> None:
    keys.create(tmp_path, "organisation")
    file = tmp_path / "organisation.jwk"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o640)
    with pytest.raises(KeyFault, match="0600"):
        keys.load(file)


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    made = keys.create(tmp_path, "organisation")
    with pytest.raises(KeyFault):
        keys.create(tmp_path, "organisation")
    assert keys.load(tmp_path / "organisation.jwk").kid == made.kid


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_what_is_published_has_no_private_part(algorithm: keys.Algorithm) -> None:
    (public,) = keys.jwks(keys.generate(algorithm))["keys"]
    assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(public)
    assert public["use"] == "sig" and public["alg"] == algorithm


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b'{"kty":"oct","k":"c2VjcmV0","alg":"HS256"}',
        b'{"kty":"OKP","crv":"Ed25519","x":"AAAA","alg":"EdDSA"}',
    ],
)
def test_what_is_no_signing_key_is_a_fault_that_does_not_show_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "organisation.jwk"
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(KeyFault) as fault:
        keys.load(file)
    assert "c2VjcmV0" not in str(fault.value)


def test_a_public_key_alone_cannot_be_loaded_to_sign(tmp_path: Path) -> None:
    file = tmp_path / "organisation.jwk"
    file.write_bytes(orjson.dumps(keys.generate().public()))
    file.chmod(0o600)
    with pytest.raises(KeyFault):
        keys.load(file)


def test_a_key_shows_only_its_name() -> None:
    key = keys.generate()
    assert key.private.as_dict(private=True)["d"] not in repr(key)


def test_a_signature_of_another_key_or_text_is_not_genuine() -> None:
    key, other = keys.generate(), keys.generate()
    check = keys.genuine(keys.jwks(key))
    assert check(key.kid, b"text", key.sign(b"text"))
    assert not check(key.kid, b"other text", key.sign(b"text"))
    assert not check(key.kid, b"text", other.sign(b"text"))
    assert not check(other.kid, b"text", other.sign(b"text"))
    assert not check(key.kid, b"text", b"")
