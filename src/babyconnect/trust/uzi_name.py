"""The URA in a certificate's subject alternative names, read strictly (UZI-register CPS; `certificates.toml`).

A certificate says at most once whose it is.  Two names of the kind, another form, a name that only looks like one (in
a DNS name, a URI, the subject): none of them is read as a URA.  Every byte of the DER string is accounted for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography import x509

from babyconnect.birthcare.identifiers import Ura
from babyconnect.definitions import document
from babyconnect.trust.jose import Rejected

_STRINGS = (0x0C, 0x16)
"""UTF8String and IA5String: the two in which these names are found."""
_SEQUENCE, _OID = 0x30, 0x06


@dataclass(frozen=True, slots=True)
class UziName:
    """Whose a certificate is: the organisation's URA, and the system's UZI number and AGB code beside it."""

    ura: Ura
    uzi: str
    agb: str


def table() -> dict[str, Any]:
    found: dict[str, Any] = document("certificates.toml")["organisation"]
    return found


def text_of(name: UziName) -> str:
    """The name as a certificate holds it."""
    rules = table()
    return (
        f"{rules['issuing_oids'][0]}-{rules['versions'][0]}-{name.uzi}-{rules['card_type']}-{name.ura}"
        f"-{rules['role']}-{name.agb}"
    )


def read(names: Iterable[x509.GeneralName]) -> UziName | Rejected:
    """The one UZI name among a certificate's alternative names."""
    rules = table()
    others = [name for name in names if isinstance(name, x509.OtherName)]
    found = [name.value for name in others if name.type_id.dotted_string == rules["other_name"]]
    if len(found) != 1:
        return Rejected("ura_ambiguous" if found else "ura_missing")
    text = string(found[0])
    match = _form().fullmatch(text) if text is not None else None
    if match is None:
        return Rejected("ura_malformed")
    ura = Ura(match["ura"])
    for name in others:
        if name.type_id.dotted_string == rules["permanent_identifier"]:
            said = permanent_identifier(name.value)
            if said is None:
                return Rejected("ura_malformed")
            if said[1] == rules["ura_assigner"] and said[0] != ura.value:
                return Rejected("ura_ambiguous")
    return UziName(ura, match["uzi"], match["agb"])


@lru_cache(maxsize=1)
def _form() -> re.Pattern[str]:
    rules = table()
    one_of = {key: "|".join(map(re.escape, rules[key])) for key in ("issuing_oids", "versions")}
    return re.compile(
        rf"(?:{one_of['issuing_oids']})-(?:{one_of['versions']})-(?P<uzi>[0-9]{{1,9}})-{rules['card_type']}"
        rf"-(?P<ura>[0-9]{{8}})-{re.escape(rules['role'])}-(?P<agb>[0-9]{{8}})",
        re.ASCII,
    )


def string(der: bytes) -> str | None:
    """One DER string of printable ASCII, whole; None for anything else."""
    content = _content(der, _STRINGS)
    if content is None or not content.isascii():
        return None
    text = content.decode("ascii")
    return text if text.isprintable() else None


def permanent_identifier(der: bytes) -> tuple[str, str] | None:
    """RFC 4043: (value, assigner); either may be absent and is "" then.  None when it is not one."""
    rest = _content(der, (_SEQUENCE,))
    if rest is None:
        return None
    value, assigner = "", ""
    if rest[:1] == b"\x0c":
        part, rest = _first(rest)
        said = string(part)
        if said is None:
            return None
        value = said
    if rest:
        part, rest = _first(rest)
        oid = _content(part, (_OID,))
        if oid is None or rest:
            return None
        assigner = _dotted(oid)
    return value, assigner


def _first(der: bytes) -> tuple[bytes, bytes]:
    """The first element and what comes after it."""
    end = 2 + der[1] if len(der) > 1 and der[1] < 0x80 else len(der)
    return der[:end], der[end:]


def _content(der: bytes, tags: tuple[int, ...]) -> bytes | None:
    """What one DER element holds, when the element is all there is and its length has the short form."""
    if len(der) < 2 or der[0] not in tags or der[1] >= 0x80 or len(der) != 2 + der[1]:
        return None
    return der[2:]


def _dotted(content: bytes) -> str:
    """An object identifier in numbers; "" when its bytes are none (X.690 §8.19)."""
    if not content or content[-1] & 0x80:
        return ""
    numbers, number = [], 0
    for byte in content:
        number = number << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(number)
            number = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first, *numbers[1:]]))
