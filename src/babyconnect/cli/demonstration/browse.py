"""Use a viewer as a browser without scripts would: log in, find a client by BSN, wait for the whole record."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import aiohttp
from lxml import html

from babyconnect.cli.failure import Failure

PATIENCE = aiohttp.ClientTimeout(total=90)


@dataclass(frozen=True, slots=True)
class Screen:
    """What the page said.  `seconds`: from the search until the page was whole; `fault`: why there was no page."""

    complete: bool
    seconds: float
    size: int
    fault: str = ""


class Browser:
    """One browser: cookies, forms, redirects."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def open(self, url: str) -> tuple[str, Any]:
        async with self._session.get(url) as answer:
            return str(answer.url), html.fromstring(await answer.text())

    async def submit(self, url: str, page: Any, having: str, fields: Mapping[str, str]) -> tuple[str, Any]:
        """Fill in and send the form that has a field of this name."""
        form = next((f for f in page.iter("form") if having in f.fields), None)
        if form is None:
            raise Failure(f"{url.partition('?')[0]} has no form with '{having}': {_said(page)}")
        values = {**{name: value or "" for name, value in form.form_values()}, **fields}
        target = urljoin(url, form.get("action") or url)
        headers = {"origin": "/".join(target.split("/")[:3]), "sec-fetch-site": "same-origin"}
        async with self._session.post(target, data=values, headers=headers) as answer:
            return str(answer.url), html.fromstring(await answer.text())


def _said(page: Any) -> str:
    return " ".join(page.text_content().split())[:300]


async def launch_record(desk: str, username: str, password: str, client: str) -> bool:
    """Whether the record of `client` comes whole from the button in her care system, without a second log-in."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=PATIENCE) as session:
        browser = Browser(session)
        url, page = await browser.open(desk)
        url, page = await browser.submit(url, page, "password", {"username": username, "password": password})
        for row in page.xpath("//li[.//button[@name='client']]"):
            if row.xpath("string(.//strong)") == client:
                (button,) = row.xpath(".//button[@name='client']/@value")
                url, page = await browser.submit(url, row, "csrf", {"client": button})
                url, page = await browser.open(f"{url}?geheel=1")
                sections = page.get_element_by_id("secties", None)
                return sections is not None and sections.get("data-klaar") == "ja"
    raise Failure(f"{desk} does not list her")


async def greeted(portal: str, username: str, password: str, name: str) -> bool:
    """Whether a client who logs in at `portal` is greeted by her name."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=PATIENCE) as session:
        browser = Browser(session)
        url, page = await browser.open(f"{portal}/client/aanmelden")
        url, page = await browser.submit(url, page, "password", {"username": username, "password": password})
        return name in page.text_content()


async def open_record(viewer: str, username: str, password: str, bsn: str) -> Screen:
    """Log in at `viewer` (a node's address) and open the client's record, whole."""
    jar = aiohttp.CookieJar(unsafe=True)  # cookies of an address without a name
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=PATIENCE) as session:
        browser = Browser(session)
        url, page = await browser.open(f"{viewer}/viewer/aanmelden")
        url, page = await browser.submit(url, page, "password", {"username": username, "password": password})
        began = time.monotonic()
        url, page = await browser.submit(url, page, "bsn", {"bsn": bsn})
        url, page = await browser.open(f"{url}?geheel=1")
        sections = page.get_element_by_id("secties", None)
        whole = sections is not None and sections.get("data-klaar") == "ja"
        return Screen(whole, time.monotonic() - began, len(html.tostring(page)))
