"""Keys that an organisation wants others to believe it by: public, few, allowed, each under its own thumbprint."""

from __future__ import annotations

from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import import_key

from babyconnect.trust import algorithms

MOST_PUBLISHED = 4


def presentable(content: object) -> dict[str, Any] | None:
    """The JWKS as it may be published, or None.  Whatever else was in it, private halves above all, is not taken."""
    listed = content.get("keys") if isinstance(content, dict) else None
    if not isinstance(listed, list) or not 0 < len(listed) <= MOST_PUBLISHED:
        return None
    found = [_one(jwk) for jwk in listed]
    kids = {one["kid"] for one in found if one}
    return {"keys": found} if None not in found and len(kids) == len(found) else None


def _one(jwk: object) -> dict[str, Any] | None:
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str) or "d" in jwk:
        return None
    algorithm, members = algorithms.algorithm_of(jwk), algorithms.public_members(jwk)
    if algorithm is None or members is None or algorithms.imported(algorithm, members) is None:
        return None
    try:
        kid = import_key(dict(members)).thumbprint()
    except (JoseError, ValueError):
        return None
    # Its thumbprint (RFC 7638): a key cannot be given another's name.
    return {**dict(members), "kid": kid, "alg": algorithm, "use": "sig"} if kid == jwk["kid"] else None
