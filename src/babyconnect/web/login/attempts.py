"""Log-ins on their way: kept by us under a random handle that one browser holds as a cookie, used once, soon over.

The cookie is what ties the way back to the browser that began it (log-in CSRF; RFC 9700 §4.7).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from starlette.requests import Request
from starlette.responses import Response

from babyconnect.web.login.sessions import new_handle

ATTEMPT_SECONDS = 600
MOST_ATTEMPTS = 2_000


@dataclass(frozen=True, slots=True)
class Cookies:
    """Names and scope of our cookies.  Nodes of a demo share a host and cookies ignore ports, so names bear the URA."""

    ura: str
    path: str
    secure: bool

    @property
    def session(self) -> str:
        return f"{self._prefix}babyconnect_{self.ura}"

    def attempt(self, kind: str) -> str:
        return f"{self._prefix}babyconnect_{kind}_{self.ura}"

    @property
    def _prefix(self) -> str:
        return "__Secure-" if self.secure else ""

    def put(self, answer: Response, name: str, value: str, seconds: int | None = None) -> None:
        answer.set_cookie(
            name, value, max_age=seconds, path=self.path, httponly=True, samesite="lax", secure=self.secure
        )

    def drop(self, answer: Response, name: str) -> None:
        answer.delete_cookie(name, path=self.path, httponly=True, samesite="lax", secure=self.secure)


A = TypeVar("A")


class Attempts(Generic[A]):
    """Attempts of one kind.  `clock` is monotonic seconds."""

    def __init__(self, kind: str, cookies: Cookies, clock: Callable[[], float]) -> None:
        self._cookies = cookies
        self._name = cookies.attempt(kind)
        self._clock = clock
        self._kept: dict[str, tuple[float, A]] = {}

    def begin(self, answer: Response, attempt: A) -> None:
        """Keeps an attempt and hands its handle to the browser."""
        now = self._clock()
        for old in [handle for handle, (began, _) in self._kept.items() if now - began > ATTEMPT_SECONDS]:
            del self._kept[old]
        while len(self._kept) >= MOST_ATTEMPTS:
            del self._kept[next(iter(self._kept))]
        handle = new_handle()
        self._kept[handle] = (now, attempt)
        self._cookies.put(answer, self._name, handle, ATTEMPT_SECONDS)

    def take(self, request: Request) -> A | None:
        """The attempt of this browser, once, whatever comes of it."""
        began, attempt = self._kept.pop(request.cookies.get(self._name, ""), (0.0, None))
        return attempt if attempt is not None and self._clock() - began <= ATTEMPT_SECONDS else None

    def forget(self, answer: Response) -> None:
        self._cookies.drop(answer, self._name)
