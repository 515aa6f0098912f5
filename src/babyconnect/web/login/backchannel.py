"""The small HTTP client with which log-in speaks to the issuer: no redirects, short time-outs, limited answers."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import quote_plus

import aiohttp
import orjson

LARGEST = 200_000
SECONDS = 5.0


class BackchannelFault(Exception):
    """The issuer could not be reached or answered something that is not what it should be."""


class Backchannel(Protocol):
    """What log-in needs of a client; tests give one that calls an application in the same process."""

    async def get(self, url: str, bearer: str = "") -> Any:
        """JSON as what it means, anything else as text."""
        ...

    async def post(self, url: str, fields: Mapping[str, str], basic: tuple[str, str] | None) -> tuple[int, Any]: ...


def basic_header(name: str, secret: str) -> str:
    """Client credentials, each urlencoded first (RFC 6749 §2.3.1)."""
    return "Basic " + base64.b64encode(f"{quote_plus(name)}:{quote_plus(secret)}".encode()).decode()


class HttpBackchannel:
    """Over aiohttp; the session is made at first use (inside the loop) and closed by `close`."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS), trust_env=False)
        return self._session

    async def get(self, url: str, bearer: str = "") -> Any:
        status, content = await self._ask("GET", url, None, {"authorization": f"Bearer {bearer}"} if bearer else {})
        if status != 200:
            raise BackchannelFault(f"status {status}")
        return content

    async def post(self, url: str, fields: Mapping[str, str], basic: tuple[str, str] | None) -> tuple[int, Any]:
        return await self._ask("POST", url, fields, {"authorization": basic_header(*basic)} if basic else {})

    async def _ask(
        self, method: str, url: str, fields: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> tuple[int, Any]:
        sent = {"accept": "application/json, application/jwt;q=0.9", **headers}
        try:
            request = self._client().request(method, url, data=fields, headers=sent, allow_redirects=False)
            async with request as answer:
                body = await _limited(answer)
                return answer.status, _meant(body, answer.content_type)
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError, UnicodeDecodeError) as problem:
            raise BackchannelFault(type(problem).__name__) from problem

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


async def _limited(answer: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for part in answer.content.iter_chunked(16_384):
        body += part
        if len(body) > LARGEST:
            raise BackchannelFault("too large")
    return bytes(body)


def _meant(body: bytes, kind: str) -> Any:
    return body.decode() if kind == "application/jwt" else orjson.loads(body) if body else None
