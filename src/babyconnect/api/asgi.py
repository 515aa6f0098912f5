"""The one interface between the server and every application mounted in it: ASGI 3, the http part, without lifespan."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

WHOLE = "babyconnect.whole"
"""In the scope: takes an answer in one go (status, headers, body), instead of two messages.

Whoever hands an application another `send` takes it out."""
TOLD = "babyconnect.told"
"""In the scope, put there by whoever counts: is told the path, the status and the seconds of this request."""
