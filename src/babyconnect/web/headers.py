"""Security headers on every answer of a page application (OWASP ASVS 5, chapters 3 and 14; CSP level 3).

No inline script or style exists anywhere, so the policy needs no nonce.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

RETRY_SECONDS = "60"
"""The windows of our limits for people (`web.limits`) are a minute."""
PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()"


def origin_of(address: str) -> str:
    return "{0.scheme}://{0.netloc}".format(urlsplit(address))


def content_security_policy(frame_ancestors: str = "'none'", form_actions: str = "'self'") -> str:
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
        f"connect-src 'self'; form-action {form_actions}; base-uri 'none'; frame-ancestors {frame_ancestors}; "
        "require-trusted-types-for 'script'; trusted-types babyconnect"
    )


class SecurityHeaders:
    """Wraps an application; whatever a page already set itself (its own policy, caching of a static file) stays."""

    def __init__(self, app: App, frame_ancestors: str = "'none'", secure: bool = False, leads_to: str = "") -> None:
        """`leads_to`: an origin to which a form of ours may lead by a redirect (logging out at the issuer)."""
        self._app = app
        self._headers = {
            "content-security-policy": content_security_policy(frame_ancestors, f"'self' {leads_to}".strip()),
            "referrer-policy": "no-referrer",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "permissions-policy": PERMISSIONS,
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
        }
        if frame_ancestors == "'none'":
            self._headers["x-frame-options"] = "DENY"
        if secure:
            self._headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                if message["status"] in (429, 503):
                    headers.setdefault("retry-after", RETRY_SECONDS)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class Guard:
    """The last resort: a fault that got past the pages ends here.  It must not reach a server that prints its message,
    which may hold something of a client; the page for it has been sent already.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(Exception):  # logged, by type and place, by the page's own handler
            await self._app(scope, receive, send)
