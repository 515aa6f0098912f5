"""Access tokens of the sources, kept in memory while they live: one per source, person, purpose, evidence and client.

The holder binds a token to a client, so a token is never used for another client; opening the same record again
needs no new one.  Keys are keyed hashes, so that no list of BSNs lies in memory.
"""

from __future__ import annotations

import functools
import hashlib
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote_plus

import orjson

from babyconnect.exchange.contract import Asking, Source, Stopped, TokenForm
from babyconnect.exchange.http1 import Answer

MOST_TOKENS = 20_000
LONGEST_LIFE = 900
MARGIN_SECONDS = 10
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]{1,4096}=*")
_NONCE = re.compile(r"[!#-\[\]-~]{1,256}")
_PLAIN = re.compile(r"[A-Za-z0-9_.\-]*")
_quoted = functools.lru_cache(maxsize=64)(quote_plus)
FORM_HEADERS = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class Token(NamedTuple):
    """A token and how it is sent: `Bearer`, or `DPoP` with a proof beside it."""

    text: str
    scheme: str


class Tokens:
    def __init__(self, form: TokenForm, now: Callable[[], float]) -> None:
        """`now`: monotonic seconds."""
        self._form = form
        self._now = now
        self._secret = secrets.token_bytes(32)
        self._kept: OrderedDict[bytes, tuple[Token, float]] = OrderedDict()

    def key(self, asking: Asking, source: Source) -> bytes:
        """Under which a token for this question at this source is kept."""
        # Written as two lists, with quotes, so that no two questions at two sources read the same.
        where = repr([source.token_endpoint, source.party.ura.value, source.grant])
        return hashlib.blake2b((where + asking.once(_what)).encode(), key=self._secret, digest_size=32).digest()

    def kept(self, key: bytes) -> Token | None:
        token, until = self._kept.get(key, (None, 0.0))
        if token and self._now() < until:
            return token
        self._kept.pop(key, None)
        return None

    def body(self, asking: Asking, source: Source) -> bytes:
        # Nearly all of it is a signature, whose letters need no quoting; the rest is the same time and again.
        pairs = self._form(asking, source).items()
        return "&".join([f"{name}={v if _PLAIN.fullmatch(v) else _quoted(v)}" for name, v in pairs]).encode()

    def keep(self, key: bytes, answer: Answer) -> Token:
        """The token in a token endpoint's answer; Stopped when there is none."""
        token, life = read_token(answer)
        self._kept[key] = (token, self._now() + life - MARGIN_SECONDS)
        while len(self._kept) > MOST_TOKENS:
            self._kept.popitem(last=False)
        return token

    def forget(self, key: bytes) -> None:
        self._kept.pop(key, None)


def _what(asking: Asking) -> str:
    """Everything about a question that a token for it rests on."""
    person = asking.person
    parts = [person.id, person.role.value, asking.purpose.value, asking.bsn.value]
    parts += [person.loa, str(person.responsible), str(asking.emergency), str(asking.logged_in)]
    parts += [asking.related.value if asking.related else ""]
    for relation in asking.relations:
        parts += [relation.basis, relation.reference, str(relation.start), str(relation.end)]
    return repr(parts)


def read_token(answer: Answer) -> tuple[Token, float]:
    if answer.status in (400, 401, 403):
        # The error code is from a closed list; the description is theirs and is not repeated.
        raise Stopped("refused", "no token was given")
    if answer.status != 200:
        raise Stopped(*failure(answer.status))
    try:
        content: Any = orjson.loads(answer.body)
        token, kind, life = content["access_token"], content["token_type"], content.get("expires_in", 60)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Stopped("invalid", "the token endpoint answered rubbish") from None
    scheme = {"bearer": "Bearer", "dpop": "DPoP"}.get(str(kind).lower())
    if not isinstance(token, str) or not _TOKEN.fullmatch(token) or scheme is None:
        raise Stopped("invalid", "not a token that can be used")
    if not isinstance(life, int | float) or not 0 < life < 10**9:
        raise Stopped("invalid", "not a lifetime")
    return Token(token, scheme), min(float(life), LONGEST_LIFE)


def wants_nonce(answer: Answer) -> str:
    """The nonce that a server wants in the next proof (RFC 9449 §8), "" when it does not ask for one."""
    nonce = answer.headers.get("dpop-nonce", "")
    if answer.status not in (400, 401) or not _NONCE.fullmatch(nonce):
        return ""
    asked = b"use_dpop_nonce" in answer.body or "use_dpop_nonce" in answer.headers.get("www-authenticate", "")
    return nonce if asked else ""


def failure(status: int) -> tuple[Any, str]:
    """What an HTTP status other than the one hoped for comes to: a status of the source and the reason."""
    if status in (401, 403):
        return "refused", f"HTTP {status}"
    if status in (408, 429, 502, 503, 504):
        return "unreachable", f"HTTP {status}"
    return "invalid", "a redirect" if 300 <= status < 400 else f"HTTP {status}"
