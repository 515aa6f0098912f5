"""Who comes with a token, at a worker: the same judgement as the keeper's (`api.bearers`), from what it remembers.

Remembered are sessions that are bound: nothing about them changes but that they end, and then the page moves.  Whoever
is not believed here is handed on; the keeper judges again, refuses and logs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from babyconnect.api.bearers import Unbelieved, believed, sent
from babyconnect.api.http import Request
from babyconnect.trust.dpop import Proofs
from babyconnect.trust.jose import Rejected
from babyconnect.trust.sessions import Binding, Session, hash_of, lives
from babyconnect.workers.line import Line, LineFault
from babyconnect.workers.page import Page
from babyconnect.workers.questions import Binds, Bound, Found, Uses, WhoIs

MOST = 20_000


class Remembered:
    """Sessions as this worker knows them.  `forget` is called when the page moved: everything else goes too."""

    def __init__(
        self,
        line: Line,
        page: Page,
        clock: Callable[[], float],
        forget: Callable[[], None],
        moved: Callable[[str], bool] = lambda client: False,
    ) -> None:
        """`moved`: as with `Sessions`; the keeper then ends the token."""
        self._line, self._page, self._clock, self._forget, self._moved = line, page, clock, forget, moved
        self._number = page.number
        self._sessions: dict[bytes, Session] = {}

    def known(self, key: bytes) -> Session | None:
        """The session of a token with this hash, if it is remembered and nothing changed since."""
        if self._page.number != self._number:
            self.look()
        return self._sessions.get(key)

    def look(self) -> None:
        """At the page: when it moved, nothing is remembered any more."""
        if self._page.number != self._number:
            self._number = self._page.number
            self._sessions.clear()
            self._forget()

    async def ask(self, key: bytes) -> Session | None:
        """The same by the keeper; None when it is nothing for a worker.  Raises LineFault."""
        while True:
            found = await self._line.ask(WhoIs(key), Found)
            self.look()
            if found.number == self._number:
                break
        if found.session is not None and found.session.client is not None:
            self._remember(found.session)
        return found.session

    async def bind(self, session: Session, client: str, episodes: frozenset[str]) -> bool:
        """`Sessions.bind`, by the keeper."""
        if session.client is None:
            bound = await self._line.ask(Binds(session.key, client, episodes), Bound)
            session.client, session.episodes = bound.client, bound.episodes
        return session.client == client

    def live(self, session: Session, shown: Binding) -> bool:
        if session.client is not None and self._moved(session.client):
            return False
        return lives(session, shown, self._clock())

    def _remember(self, session: Session) -> None:
        if len(self._sessions) >= MOST:
            self._sessions.clear()
        self._sessions[session.key] = session


@dataclass(frozen=True, slots=True)
class WorkerBearers:
    """`api.bearers.Bearers` at a worker.  `proofs`: checks a proof; that it is used is for the keeper to note."""

    remembered: Remembered
    proofs: Proofs
    origin: str
    line: Line
    clock: Callable[[], float]

    def admit(self, request: Request) -> Session | Awaitable[Session | None]:
        """The session; what to wait for when it takes the keeper, None when the request is to be handed on."""
        found = sent(request)
        if found is not None and found[0] == "bearer":
            session = self.remembered.known(hash_of(found[1]))
            if session is not None and not isinstance(believed(session, request, "", self.remembered.live), Unbelieved):
                return session
        return self._by_the_keeper(request, found)

    async def _by_the_keeper(self, request: Request, found: tuple[str, str] | None) -> Session | None:
        if found is None:
            return None
        scheme, token = found
        try:
            key = hash_of(token)
            session = self.remembered.known(key) or await self.remembered.ask(key)
            if session is None:
                return None
            jkt = await self._proved(request, token, session) if scheme == "dpop" else ""
        except LineFault:
            return None
        if jkt is None or isinstance(believed(session, request, jkt, self.remembered.live), Unbelieved):
            return None
        return session

    async def _proved(self, request: Request, token: str, session: Session) -> str | None:
        """The key that was proved, its proof used; None leaves it to the keeper to say what is wrong."""
        if not session.bound.jkt or sum(name == b"dpop" for name, _ in request.scope["headers"]) != 1:
            return None
        address = f"{self.origin}{request.scope['path']}"
        proof = self.proofs.proved(request.headers["dpop"], request.method, address, token)
        if isinstance(proof, Rejected):
            return None
        use = Uses(proof.jkt, proof.jti, proof.until, self.clock())
        return proof.jkt if await self.line.ask(use, bool) else None
