"""The certified provider of somebody else, in a process of its own, and a browser without scripts that uses it."""

from __future__ import annotations

import contextlib
import json
import pathlib
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urljoin

import aiohttp
from lxml import html

from tests.support.needs import node_packages

FOLDER = pathlib.Path(__file__).parent / "oidc"


@contextlib.contextmanager
def certified_provider(
    clients: Sequence[Mapping[str, Any]], people: Mapping[str, Mapping[str, Any]], claims: str = "id_token"
) -> Iterator[str]:
    """Its issuer.  `claims`: where it puts what a scope asks for, in the `id_token` or at `userinfo` only."""
    wanted = json.dumps({"port": 0, "clients": clients, "people": people, "claims": claims})
    process = subprocess.Popen(
        ["node", "provider.mjs", wanted],
        cwd=node_packages(FOLDER),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    try:
        issuer = process.stdout.readline().strip()
        assert issuer, "the provider did not start"
        yield issuer
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


class Browser:
    """Cookies, forms, redirects; no scripts."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.url = ""
        self.text = ""

    async def open(self, url: str) -> Browser:
        async with self._session.get(urljoin(self.url, url)) as answer:
            return await self._at(answer)

    async def submit(self, having: str = "", **fields: str) -> Browser:
        """Sends the form that has a field of this name; the first one without a name."""
        forms = html.fromstring(self.text).forms
        form = next(form for form in forms if not having or having in form.fields)
        values = {**{name: value or "" for name, value in form.form_values()}, **fields}
        target = urljoin(self.url, form.get("action") or self.url)
        headers = {"origin": "/".join(target.split("/")[:3])}
        async with self._session.post(target, data=values, headers=headers) as answer:
            return await self._at(answer)

    async def _at(self, answer: aiohttp.ClientResponse) -> Browser:
        self.url, self.text = str(answer.url), await answer.text()
        return self

    async def pass_provider(self, name: str) -> Browser:
        """Log in with a name and agree to whatever the provider asks."""
        if 'name="login"' in self.text:
            await self.submit("login", login=name, password="x")
        while "/interaction/" in self.url:
            await self.submit("prompt")
        return self


@contextlib.asynccontextmanager
async def browsing() -> Any:
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name
    async with aiohttp.ClientSession(cookie_jar=jar) as session:
        yield Browser(session)
