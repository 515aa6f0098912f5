"""Ask one source: token, client, everything that is there for us; within a deadline, to a value in any case.

    POST token endpoint → POST Patient/_search (BSN in the body) → one batch, or EpisodeOfCare and the searches at once
    POST token endpoint → one batch whose first entry is that search, where a source says that it takes it

Nothing that happens at one source reaches another: each conversation is a task of its own, and whatever goes wrong in
it becomes the status of its `SourceAnswer`.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from babyconnect.birthcare.answers import SourceAnswer, Status
from babyconnect.birthcare.identifiers import BSN_SYSTEM
from babyconnect.exchange import checks, searches
from babyconnect.exchange.contract import Asking, Item, Prove, Source, Stopped, TokenForm
from babyconnect.exchange.http1 import Answer, Http, Rubbish, Unreachable
from babyconnect.exchange.searches import Search
from babyconnect.exchange.tokens import FORM_HEADERS, Token, Tokens, failure, wants_nonce
from babyconnect.exchange.within import Within

DEADLINE_SECONDS = 5.0
AT_ONCE = 4
"""Searches at the same time at one source that takes no batch: kind to it, and nearly as fast."""
MOST_PAGES = 50
HOPS = 2
"""From a role to its organisation, and to the organisation that one is part of; further nothing is followed."""
MOST_MENTIONED = 60
LONGEST_WAIT = 2
LARGEST_RECORD = 32 * 2**20
FHIR_JSON = "application/fhir+json"
LACKING = frozenset({"400", "403", "404", "405", "501"})
"""How a source says that it does not have a type or a search."""
SAFE = "/:?&=,|+"
RELATED = "_has:RelatedPerson:patient:identifier"
"""Who asks on behalf of a child (STU3 search.html#has)."""
NOT_TAKEN = frozenset({"400", "404", "405", "415", "422", "501"})
"""How a source says that after all it takes no search by POST in a batch: then it is asked in two requests."""
Found = tuple[str, tuple[Mapping[str, Any], ...], str]
"""The client's id at the source, resources, and what is to be said of them."""


def new_trace() -> str:
    """The trace id of one consult (W3C Trace Context)."""
    return secrets.token_hex(16)


def new_traceparent(trace: str) -> str:
    """One source's part of that trace."""
    return f"00-{trace}-{secrets.token_hex(8)}-01"


class Exchange:
    """One node's way to all sources.  `token_form` signs for this organisation."""

    def __init__(
        self,
        http: Http,
        token_form: TokenForm,
        now: Callable[[], float] = time.monotonic,
        deadline: float = DEADLINE_SECONDS,
        prove: Prove = lambda method, url, token, nonce: "",
    ) -> None:
        """`prove` makes the proofs that tokens are bound by, where no certificate does."""
        self._http = http
        self._prove = prove
        self._nonces: dict[str, str] = {}
        self._now = now
        self.deadline = self._deadline = deadline
        self._tokens = Tokens(token_form, now)

    async def ask(self, source: Source, asking: Asking, traceparent: str, began: float) -> SourceAnswer:
        """`traceparent` is logged at both ends; `began`: when the consult did, by this exchange's clock.

        Never raises but when cancelled.
        """

        async def everything() -> Found:
            client, found, left_out = await _Conversation(self, asking, source, traceparent).whole()
            return client, found, f"{left_out} persons without a link to the client were left out" if left_out else ""

        return await self._ended(source, everything, began)

    async def read(self, source: Source, asking: Asking, traceparent: str, item: Item) -> SourceAnswer:
        """One resource of hers as it is now; when it is not there or not for us, `refused`.  Never raises but when
        cancelled."""

        async def one() -> Found:
            return "", (await _Conversation(self, asking, source, traceparent).one(item),), ""

        return await self._ended(source, one, self._now())

    async def _ended(self, source: Source, ask: Callable[[], Awaitable[Found]], began: float) -> SourceAnswer:
        """How a conversation ended, as a value."""
        status: Status = "answered"
        client, reason, found = "", "", tuple[Mapping[str, Any], ...]()
        try:
            with Within(self._deadline):
                client, found, reason = await ask()
        except TimeoutError:
            status, reason = "timed_out", f"no whole answer within {self._deadline:g} s"
        except Stopped as stopped:
            status, reason = stopped.status, stopped.reason
        except Exception as fault:
            status, reason = "invalid", f"a fault while reading it ({type(fault).__name__})"
        return SourceAnswer(source.party, status, found, (self._now() - began) * 1000, reason, client)


class _Conversation:
    """One consult at one source."""

    def __init__(self, exchange: Exchange, asking: Asking, source: Source, traceparent: str) -> None:
        self._http = exchange._http
        self._tokens = exchange._tokens
        self._asking = asking
        self._source = source
        self._trace = traceparent
        self._key = exchange._tokens.key(asking, source)
        self._exchange = exchange
        self._token: Token | None = None
        self._size = 0
        self._mentioned: set[tuple[str, str]] = set()

    async def whole(self) -> tuple[str, tuple[Mapping[str, Any], ...], int]:
        answered = await self._at_once() if self._source.finds and self._source.batch else None
        if answered is None:
            client, patient = await self._bind()
            found = [*patient, *(await self._batch() if self._source.batch else await self._one_by_one())]
        else:
            client, found = answered
        unique = {(r["resourceType"], r["id"]): r for r in found}
        if not self._mentioned <= unique.keys():
            unique |= await self._supply(set(unique))
        if len(unique) > checks.MOST_RESOURCES:
            raise Stopped("invalid", "more resources than one client has")
        kept, left_out = checks.hers(unique.values(), client, self._asking.bsn.value)
        return client, kept, left_out

    async def one(self, item: Item) -> Mapping[str, Any]:
        """By a token that is bound to her already where there is one, else bound now."""
        bound = self._tokens.kept(self._key) is not None
        if not bound:
            await self._bind()
        answer = await self._believed(lambda: self._read(item))
        if answer.status == 404 and bound:  # a token that the holder forgot the binding of looks like this
            await self._bind()
            answer = await self._read(item)
        if answer.status in (403, 404, 410):
            raise Stopped("refused", "the holder releases nothing")
        self._usable(answer)
        found = checks.resource(answer.headers.get("content-type", ""), answer.body, item.type, item.id)
        checks.about(found, item.about)
        return found

    async def _read(self, item: Item) -> Answer:
        return await self._send(
            "GET", f"{self._source.fhir_base}/{item.type}/{quote(item.id, safe='')}", self._headers()
        )

    async def token(self) -> Token:
        kept = self._tokens.kept(self._key)
        if kept is not None:
            return kept
        # A new assertion for every attempt: it is used once.
        endpoint, headers = self._source.token_endpoint, {**FORM_HEADERS, "traceparent": self._trace}
        answer = await self._send("POST", endpoint, headers, lambda: self._tokens.body(self._asking, self._source))
        return self._tokens.keep(self._key, answer)

    async def _believed(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The first request with the token.  A kept token that is not believed any more is replaced, once."""
        kept = self._tokens.kept(self._key)
        self._token = kept or await self.token()
        answer = await ask()
        if answer.status == 401 and kept is not None:
            self._tokens.forget(self._key)
            self._token = await self.token()
            answer = await ask()
        return answer

    async def _at_once(self) -> tuple[str, list[Mapping[str, Any]]] | None:
        """Bind and search in one round trip; None when this source does not take that after all."""
        body = self._asking.once(_finding)
        answer = await self._believed(lambda: self._post_batch(body))
        if str(answer.status) in NOT_TAKEN:
            return None
        first, *listed = self._listed(answer, 1 + len(searches.batched()[0]))
        if first.response.status[:3] in NOT_TAKEN:
            return None
        client, patient = self._herself(_searchset_of(first))
        return client, [*patient, *await self._of_batch(listed)]

    async def _bind(self) -> tuple[str, Sequence[Mapping[str, Any]]]:
        """Bind the token to her."""
        return self._herself(self._searchset(await self._believed(self._search_patient)))

    def _herself(self, found: checks.Searchset) -> tuple[str, Sequence[Mapping[str, Any]]]:
        resources = found.resources()
        client = checks.bound_client(resources, self._asking.bsn.value)
        if client is None:
            raise Stopped("refused", "the holder releases nothing")
        return client, resources

    async def _search_patient(self) -> Answer:
        form = urlencode(_form(self._asking)).encode()
        headers = {**self._headers(), "Content-Type": FORM_HEADERS["Content-Type"]}
        return await self._send("POST", f"{self._source.fhir_base}/Patient/_search", headers, lambda: form)

    async def _post_batch(self, body: bytes) -> Answer:
        headers = {**self._headers(), "Content-Type": FHIR_JSON}
        return await self._send("POST", self._source.fhir_base, headers, lambda: body)

    def _listed(self, answer: Answer, expected: int) -> list[checks.BatchEntry]:
        self._usable(answer)
        listed = checks.batch(answer.headers.get("content-type", ""), answer.body).entry
        if len(listed) != expected:
            raise Stopped("invalid", "a batch answered in part")
        return listed

    async def _batch(self) -> list[Mapping[str, Any]]:
        asked, body = searches.batched()
        return await self._of_batch(self._listed(await self._post_batch(body), len(asked)))

    async def _of_batch(self, listed: Sequence[checks.BatchEntry]) -> list[Mapping[str, Any]]:
        """What the searches of a batch gave, with the pages that follow."""
        found: list[Mapping[str, Any]] = []
        following = []
        for search, entry in zip(searches.batched()[0], listed, strict=True):
            if _lacks(search, entry):
                continue
            inner = _searchset_of(entry)
            if inner.entry:
                found += inner.resources()
            if inner.link and (url := inner.next()):
                following.append(url)
        for url in following:
            found += await self._pages(url)
        return found

    async def _one_by_one(self) -> list[Mapping[str, Any]]:
        episodes = await self._search(Search(searches.episode_search(), required=True))
        ids = sorted(
            str(e["id"]) for e in episodes if e["resourceType"] == "EpisodeOfCare" and searches.is_maternal_record(e)
        )
        room = asyncio.Semaphore(AT_ONCE)

        async def one(search: Search) -> list[Mapping[str, Any]]:
            async with room:
                return await self._search(search)

        async with _first_fault(), asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(search)) for search in searches.one_by_one(ids)]
        return [*episodes, *(resource for task in tasks for resource in task.result())]

    async def _search(self, search: Search) -> list[Mapping[str, Any]]:
        url = f"{self._source.fhir_base}/{quote(search.url, safe=SAFE)}"
        answer = await self._send("GET", url, self._headers())
        if not search.required and str(answer.status) in LACKING:
            return []
        return await self._follow(self._searchset(answer))

    async def _pages(self, url: str) -> list[Mapping[str, Any]]:
        return await self._follow(self._searchset(await self._send("GET", self._own(url), self._headers())))

    async def _follow(self, page: checks.Searchset) -> list[Mapping[str, Any]]:
        """This page and the next ones, as far as they go."""
        found = page.resources()
        for _ in range(MOST_PAGES):
            following = page.next()
            if following is None:
                return found
            page = self._searchset(await self._send("GET", self._own(following), self._headers()))
            found += page.resources()
        raise Stopped("invalid", "pages without end")

    async def _supply(self, known: set[tuple[str, str]]) -> dict[tuple[str, str], Mapping[str, Any]]:
        """What the answers mention but no search includes: the organisation of a role, the place of a birth.

        Nobody's clinical data, so one that is not given is only a name without an address.
        """
        supplied: dict[tuple[str, str], Mapping[str, Any]] = {}
        tried = set(known)
        room = asyncio.Semaphore(AT_ONCE)

        async def one(type: str, id: str) -> None:
            async with room:
                answer = await self._send("GET", f"{self._source.fhir_base}/{type}/{id}", self._headers())
            if answer.status == 200:
                self._usable(answer)
                supplied[type, id] = checks.resource(answer.headers.get("content-type", ""), answer.body, type, id)

        for _ in range(HOPS):
            absent = self._mentioned - tried
            if not absent or len(tried) > len(known) + MOST_MENTIONED:
                break
            tried |= absent
            async with _first_fault(), asyncio.TaskGroup() as group:
                for key in sorted(absent)[:MOST_MENTIONED]:
                    group.create_task(one(*key))
        return supplied

    def _own(self, url: str) -> str:
        """A link of the source, only if it leads to itself: the token must not go anywhere else."""
        if not url.startswith((f"{self._source.fhir_base}/", f"{self._source.fhir_base}?")):
            raise Stopped("invalid", "a link that leads elsewhere")
        return url

    def _headers(self) -> dict[str, str]:
        return {"Accept": FHIR_JSON, "traceparent": self._trace}

    def _sent(self, method: str, url: str, headers: Mapping[str, str]) -> dict[str, str]:
        """The headers of one attempt: the token, except where tokens are asked for, and a proof of this request."""
        token = self._token if url != self._source.token_endpoint else None
        sent = {**headers, "Authorization": f"{token.scheme} {token.text}"} if token else dict(headers)
        if token is not None and token.scheme != "DPoP":
            return sent
        nonce = self._exchange._nonces.get(self._source.party.ura.value, "")
        proof = self._exchange._prove(method, url, token.text if token else "", nonce)
        return {**sent, "DPoP": proof} if proof else sent

    def _searchset(self, answer: Answer) -> checks.Searchset:
        self._usable(answer)
        return checks.searchset(answer.headers.get("content-type", ""), answer.body)

    def _usable(self, answer: Answer) -> None:
        if answer.status != 200:
            raise Stopped(*failure(answer.status))
        self._size += len(answer.body)
        if self._size > LARGEST_RECORD:
            raise Stopped("invalid", "the answers are too large")
        self._mentioned |= checks.mentioned(answer.body)

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: Callable[[], bytes] = bytes
    ) -> Answer:
        """One request; again when a kept-alive connection had died meanwhile, or when the source asks to come back, or
        once for a nonce that it wants."""
        asked_again = False
        while True:
            try:
                sent = self._sent(method, url, headers)
                answer = await self._http.send(method, url, sent, body(), owner=self._source.party.ura.value)
            except Unreachable as fault:
                if fault.early:
                    continue
                raise Stopped("unreachable", str(fault)) from None
            except Rubbish as fault:
                raise Stopped("invalid", str(fault)) from None
            nonce = "" if asked_again else wants_nonce(answer)
            if nonce:
                self._exchange._nonces[self._source.party.ura.value], asked_again = nonce, True
                continue
            if answer.status not in (429, 503):
                return answer
            await asyncio.sleep(_retry_after(answer))


def _form(asking: Asking) -> tuple[tuple[str, str], ...]:
    """The form of `Patient/_search` that finds her."""
    hers = ("identifier", f"{BSN_SYSTEM}|{asking.bsn.value}")
    related = asking.related
    return (hers,) if related is None else (hers, (RELATED, f"{BSN_SYSTEM}|{related.value}"))


def _finding(asking: Asking) -> bytes:
    """The batch that finds her first."""
    return searches.finding(_form(asking))


def _retry_after(answer: Answer) -> float:
    """How long a busy source wants us to wait; one that does not say so, or too long, is not waited for."""
    text = answer.headers.get("retry-after", "")
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= LONGEST_WAIT):
        raise Stopped(*failure(answer.status))
    return max(0.05, float(text))


def _lacks(search: Search, entry: checks.BatchEntry) -> bool:
    """Whether it is a search that the source does not know and may lack."""
    return not search.required and entry.response.status[:3] in LACKING


def _searchset_of(entry: checks.BatchEntry) -> checks.Searchset:
    found = entry.resource
    if entry.response.status[:3] != "200" or found is None or found.type != "searchset":
        raise Stopped("invalid", "a search of the batch failed")
    return found


class _first_fault:
    """Raise the first fault of a group of tasks as itself."""

    async def __aenter__(self) -> None: ...

    async def __aexit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        if isinstance(fault, BaseExceptionGroup):
            raise fault.exceptions[0] from None
