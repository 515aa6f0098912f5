"""A browser as far as cookies, redirects and forms go, over real connections; and people who log in with it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlencode, urlsplit

from babyconnect.cli.demonstration.plan import Plan
from tests.attacks.edge import Said, ask

FORM = {"content-type": "application/x-www-form-urlencoded"}


class Running(Protocol):
    """Organisations that serve people, whichever way they were started."""

    plan: Plan

    def base(self, who: str, /) -> str: ...


@dataclass
class Browser:
    edge: Running
    jar: dict[str, str] = field(default_factory=dict)
    seen: list[Said] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)

    def get(self, address: str, **headers: str) -> Said:
        return self.send("GET", address, headers, None)

    def post(self, address: str, fields: dict[str, str] | None = None, **headers: str) -> Said:
        body = urlencode(fields or {}).encode()
        return self.send("POST", address, {**FORM, **headers}, body)

    def send(self, method: str, address: str, headers: dict[str, str], body: bytes | None) -> Said:
        parts = urlsplit(address)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        cookies = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        sent = {**({"cookie": cookies} if cookies else {}), **{k.replace("_", "-"): v for k, v in headers.items()}}
        answer = ask(parts.port or 0, method, path, sent, body)
        self.addresses.append(address)
        self.seen.append(answer)
        for name, value in answer.lines:
            if name == "set-cookie":
                key, _, rest = value.partition("=")
                self.jar[key] = rest.partition(";")[0]
                if "max-age=0" in value.lower():
                    del self.jar[key]
        return answer

    def follow(self, answer: Said, base: str) -> tuple[Said, str]:
        """The page at the end of the redirects, and its address."""
        address = base
        for _ in range(10):
            if answer.status not in (302, 303, 308):
                break
            to = answer.headers["location"]
            if not to.startswith("http"):
                parts = urlsplit(address)
                to = f"{parts.scheme}://{parts.netloc}{to}"
            address = to
            answer = self.get(address)
        return answer, address

    def token(self, address: str) -> str:
        """A form token of this session."""
        return fields_of(self.get(address)).get("csrf", "")


def fields_of(page: Said) -> dict[str, str]:
    """The hidden fields of a page's forms."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", page.body.decode("utf-8", "replace")):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and value:
            found.setdefault(name[1], html.unescape(value[1]))
    return found


def logged_in(edge: Running, username: str, slug: str = "practice", site: str = "/viewer") -> Browser:
    """Somebody who came in by the front door."""
    browser, base = Browser(edge), edge.base(slug)
    page, address = browser.follow(browser.get(f"{base}{site}/aanmelden"), base)
    fields = {"ticket": fields_of(page)["ticket"], "username": username, "password": edge.plan.password}
    there, _ = browser.follow(browser.post(address.partition("?")[0], fields), address)
    assert there.status == 200, there
    assert browser.token(f"{base}{site}/"), "not logged in"
    return browser
