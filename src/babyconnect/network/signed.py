"""A node's way to the regional services: kept-alive connections, every request signed, faults as `RegionFault`.

The signature is a short-lived assertion by the organisation's key in the directory (`Sign`), bound to method, path and
body, so that a request cannot be turned into another one on its way.  429 and 503 are waited for as `Retry-After` says,
within the patience of the caller; nothing but a connection that never opened is tried again by itself.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import orjson

from babyconnect.network.contract import Answered, Calling, RegionFault, Sign

FHIR_JSON = "application/fhir+json"
FORM = "application/x-www-form-urlencoded"
PATIENCE_SECONDS = 2.0
AT_ONCE = 32
"""Requests under way at a time, and so connections: the others wait their turn, within their patience."""
IDEMPOTENT = frozenset({"GET", "PUT", "DELETE"})


def digest(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()


def json_object(body: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(body)
    except ValueError:
        raise RegionFault("the answer is no JSON") from None
    if not isinstance(value, dict):
        raise RegionFault("the answer is no JSON object")
    return value


def retry_after(answer: Answered) -> float:
    value = answer.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else 0.2


class Region:
    """Requests to one region.  `audience` is the region's identity, which the assertion names."""

    def __init__(self, base: str, audience: str, sign: Sign, http: Calling) -> None:
        self.base = base.rstrip("/")
        self.audience = audience
        self._sign = sign
        self._http = http
        self._room = asyncio.Semaphore(AT_ONCE)

    async def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        form: Mapping[str, str] | None = None,
        claims: Mapping[str, Any] | None = None,
        traceparent: str = "",
        patience: float = PATIENCE_SECONDS,
    ) -> tuple[int, dict[str, Any]]:
        """Status and JSON body.  Any 5xx, redirect, refusal to talk or rubbish is a RegionFault."""
        content, media = orjson.dumps(body) if body is not None else b"", FHIR_JSON
        if form is not None:
            content, media = urlencode(form).encode(), FORM
        deadline = time.monotonic() + patience
        while True:
            status, answer, wait = await self._once(
                method, path, (content, media), claims or {}, traceparent, deadline=deadline
            )
            if status not in (429, 503):
                return status, answer
            if time.monotonic() + wait >= deadline:
                raise RegionFault(f"the region is busy ({status})")
            await asyncio.sleep(wait)

    async def transaction(self, resources: Sequence[Mapping[str, Any]]) -> list[str]:
        """Many resources in one Bundle, all or none; their `Type/id`s.  Raises RegionFault."""
        entries = [
            {"resource": one, "request": {"method": "POST", "url": str(one["resourceType"])}} for one in resources
        ]
        body = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
        status, answer = await self.send("POST", "/fhir/r4", body, patience=30.0)
        made = [entry.get("response", {}).get("location", "") for entry in answer.get("entry", [])]
        if status != 200 or len(made) != len(resources):
            raise RegionFault(f"the region refused a transaction ({status})")
        return made

    async def _once(
        self,
        method: str,
        path: str,
        body: tuple[bytes, str],
        claims: Mapping[str, Any],
        traceparent: str,
        *,
        deadline: float,
    ) -> tuple[int, dict[str, Any], float]:
        content, media = body
        bound = {**claims, "htm": method, "htu": path, "digest": digest(content)}
        headers = {"Authorization": f"Bearer {self._sign(self.audience, bound)}", "Accept": FHIR_JSON}
        if content:
            headers["Content-Type"] = media
        if traceparent:
            headers["traceparent"] = traceparent
        try:
            async with asyncio.timeout(max(0.001, deadline - time.monotonic())), self._room:
                answer = await self._http.send(method, self.base + path, headers, content, owner=self.audience)
        except (OSError, TimeoutError) as fault:
            if getattr(fault, "early", False) and method in IDEMPOTENT:
                return 503, {}, 0.0
            # The text of a fault can hold an address, never a client: BSNs and pseudonyms travel in bodies.
            raise RegionFault(f"the region is unreachable ({type(fault).__name__})") from None
        if answer.status in (429, 503):
            return answer.status, {}, retry_after(answer)
        if 300 <= answer.status < 400 or answer.status >= 500:
            raise RegionFault(f"the region answered {answer.status}")
        return answer.status, json_object(answer.body) if answer.body else {}, 0.0
