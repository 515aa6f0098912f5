"""A visitor of an ASGI application without a socket or a browser: keeps cookies, fills in forms, follows when told."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson

from babyconnect.web.login.backchannel import basic_header


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def location(self) -> str:
        return self.headers["location"]

    def field(self, name: str) -> str:
        """The value of a hidden field or button of this name."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found, f"the page has no field {name}"
        return html.unescape(found[1])


@dataclass
class Visitor:
    """One browser at one application."""

    app: Any
    jar: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    origin: str = "http://node.test"

    async def get(self, address: str, **headers: str) -> Answer:
        return await self._ask("GET", address, b"", headers)

    async def post(self, address: str, fields: Mapping[str, str], **headers: str) -> Answer:
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", address, urlencode(fields).encode(), {**kind, **headers})

    async def upload(
        self, address: str, fields: Mapping[str, str], name: str, content: bytes, **headers: str
    ) -> Answer:
        """A form with one file in it, as a browser sends it."""
        mark, said = "----proefgrens7MA4YWxk", "Content-Disposition: form-data; name="
        parts = [f'--{mark}\r\n{said}"{field}"\r\n\r\n{value}\r\n' for field, value in fields.items()]
        head = f'--{mark}\r\n{said}"file"; filename="{name}"\r\nContent-Type: x/y\r\n\r\n'
        body = "".join([*parts, head]).encode() + content + f"\r\n--{mark}--\r\n".encode()
        kind = {"content-type": f"multipart/form-data; boundary={mark}"}
        return await self._ask("POST", address, body, {**kind, **headers})

    async def _ask(self, method: str, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(address)
        names = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.jar:
            names["cookie"] = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        scope = {
            "type": "http", "http_version": "1.1", "method": method, "scheme": "http", "path": parts.path,
            "raw_path": parts.path.encode(), "query_string": parts.query.encode(), "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in names.items()],
            "client": ("192.0.2.1", 4000), "server": ("node.test", 80),
        }  # fmt: skip
        sent: list[dict[str, Any]] = []
        asked = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            if asked:
                return asked.pop()
            await asyncio.Event().wait()  # a patient visitor: never disconnects
            raise AssertionError

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        raw = [(name.decode().lower(), value.decode()) for name, value in sent[0]["headers"]]
        cookies = [value for name, value in raw if name == "set-cookie"]
        self._remember(cookies)
        content = b"".join(part.get("body", b"") for part in sent[1:])
        return Answer(sent[0]["status"], dict(raw), cookies, content)

    def _remember(self, cookies: list[str]) -> None:
        for cookie in cookies:
            name, _, rest = cookie.partition("=")
            value = rest.split(";")[0].strip('"')
            if not value or "max-age=0" in rest.lower():
                self.jar.pop(name, None)
            else:
                self.jar[name] = value


class InProcess:
    """A back channel that calls an application in this process instead of a socket."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.answers: dict[str, Any] = {}

    async def get(self, url: str, bearer: str = "") -> Any:
        if url in self.answers:
            return self.answers[url]
        answer = await Visitor(self.app).get(url, **({"authorization": f"Bearer {bearer}"} if bearer else {}))
        return answer.text if "jwt" in answer.headers["content-type"] else orjson.loads(answer.body)

    async def post(self, url: str, fields: Mapping[str, str], basic: tuple[str, str] | None) -> tuple[int, Any]:
        if url in self.answers:
            return 200, self.answers[url]
        headers = {}
        if basic is not None:
            headers["authorization"] = basic_header(*basic)
        answer = await Visitor(self.app).post(url, fields, **headers)
        return answer.status, orjson.loads(answer.body) if answer.body else None
