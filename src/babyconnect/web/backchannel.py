"""The small HTTP client with which log-in speaks to the issuer: no redirects, short time-outs, limited answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp
import orjson

LARGEST = 200_000
SECONDS = 5.0


class BackchannelFault(Exception):
    """The issuer could not be reached or answered something that is not what it should be."""


class Backchannel(Protocol):
    """What log-in needs of a client; tests give one that calls an application in the same process."""

    async def get(self, url: str) -> Any: ...

    async def post(self, url: str, fields: Mapping[str, str], basic: tuple[str, str] | None) -> tuple[int, Any]: ...


class HttpBackchannel:
    """Over aiohttp; the session is made at first use (inside the loop) and closed by `close`."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SECONDS), trust_env=False)
        return self._session

    async def get(self, url: str) -> Any:
        status, content = await self._ask("GET", url, None, None)
        if status != 200:
            raise BackchannelFault(f"status {status}")
        return content

    async def post(self, url: str, fields: Mapping[str, str], basic: tuple[str, str] | None) -> tuple[int, Any]:
        return await self._ask("POST", url, fields, basic)

    async def _ask(
        self, method: str, url: str, fields: Mapping[str, str] | None, basic: tuple[str, str] | None
    ) -> tuple[int, Any]:
        headers = {"Accept": "application/json"}
        if basic is not None:
            headers["Authorization"] = aiohttp.BasicAuth(*basic).encode()
        try:
            request = self._client().request(method, url, data=fields, headers=headers, allow_redirects=False)
            async with request as answer:
                body = await answer.content.read(LARGEST)
                return answer.status, orjson.loads(body)
        except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError) as problem:
            raise BackchannelFault(type(problem).__name__) from problem

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
