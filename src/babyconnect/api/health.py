"""`/health` and `/metrics` of a node: whether it serves, and how much and how fast, without a client in any label."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterator, Mapping
from itertools import accumulate

import msgspec
import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.utils import floatToGoString

from babyconnect.api.asgi import TOLD, App, Receive, Scope, Send

PARTS = ("/fhir", "/oauth", "/viewer", "/intake")
GAUGES = {
    "ends_timestamp_seconds": "When the own certificate or the first list of revoked ones ends.",
    "wrong": "1 for each reason why something does not work now.",
    "soon": "1 for each thing that will be wrong before long.",
    "outbox": "Pointers that the index is still to take, and to drop.",
}
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Tally(msgspec.Struct):
    """What one process counted: requests by part and status, and their durations."""

    requests: dict[tuple[str, int], int] = {}
    within: dict[str, list[int]] = {}
    seconds: dict[str, float] = {}

    def add(self, other: Tally) -> None:
        for which, number in other.requests.items():
            self.requests[which] = self.requests.get(which, 0) + number
        for part, within in other.within.items():
            self.within[part] = [a + b for a, b in zip(self.within.get(part, [0] * len(within)), within, strict=True)]
            self.seconds[part] = self.seconds.get(part, 0.0) + other.seconds[part]


class Counts:
    """Plain numbers: one loop counts, so nothing needs a lock.  Beside its own, what other processes last told."""

    def __init__(self) -> None:
        self.own = Tally()
        self.others: dict[int, Tally] = {}

    def told(self, path: str, status: int, seconds: float) -> None:
        end = path.find("/", 1)
        part = path[:end] if end > 0 else path
        self.count(part if part in PARTS else "other", status, seconds)

    def count(self, part: str, status: int, seconds: float) -> None:
        own = self.own
        own.requests[part, status] = own.requests.get((part, status), 0) + 1
        if part not in own.within:
            own.within[part] = [0] * (len(_BUCKETS) + 1)
        own.within[part][bisect_left(_BUCKETS, seconds)] += 1
        own.seconds[part] = own.seconds.get(part, 0.0) + seconds

    def collect(self) -> Iterator[Metric]:
        """As Prometheus wants it."""
        total = Tally()
        for tally in (self.own, *self.others.values()):
            total.add(tally)
        requests = CounterMetricFamily("node_requests", "Requests by part and status.", labels=("part", "status"))
        for (part, status), number in sorted(total.requests.items()):
            requests.add_metric((part, str(status)), number)
        yield requests
        seconds = HistogramMetricFamily("node_seconds", "Seconds per request, by part.", labels=("part",))
        for part, within in sorted(total.within.items()):
            bounds = [*map(float, _BUCKETS), float("inf")]
            buckets = [(floatToGoString(bound), below) for bound, below in zip(bounds, accumulate(within), strict=True)]
            seconds.add_metric((part,), buckets, total.seconds[part])
        yield seconds


class Gauges:
    """Figures of how things stand, asked at each look: (name, what of it) -> number."""

    def __init__(self, prefix: str, now: Callable[[], Mapping[tuple[str, str], float]]) -> None:
        self._prefix, self._now = prefix, now

    def collect(self) -> Iterator[Metric]:
        of: dict[str, GaugeMetricFamily] = {}
        for (name, what), value in self._now().items():
            family = of.setdefault(name, GaugeMetricFamily(f"{self._prefix}_{name}", GAUGES[name], labels=("what",)))
            family.add_metric((what,), value)
        yield from of.values()


def status(told: Mapping[str, object]) -> int:
    """Whatever balances load or watches goes by the status: a process that releases nothing is not well; one that is
    degraded still serves its own people."""
    return 200 if told["status"] in ("ok", "degraded") else 503


class Measured:
    """An application, counted by part and status; answers `/health` and `/metrics` itself.

    `stands`: figures beside the counts.

    `told`: what others counted; then every request that comes here was counted by one of them (`Counted`)."""

    def __init__(
        self,
        app: App,
        state: Callable[[], Mapping[str, object]],
        told: Counts | None = None,
        stands: Callable[[], Mapping[tuple[str, str], float]] = dict,
    ) -> None:
        counts = told or Counts()
        self._app = app if told else Counted(app, counts)
        self._state = state
        self._registry = CollectorRegistry()
        self._registry.register(counts)
        self._registry.register(Gauges("node", stands))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        path = scope["path"]
        if path in ("/health", "/metrics") and scope["method"] not in ("GET", "HEAD"):
            await send({"type": "http.response.start", "status": 405, "headers": [(b"allow", b"GET, HEAD")]})
            await send({"type": "http.response.body", "body": b""})
        elif path == "/health":
            told = {"status": "ok", "process": os.getpid(), **self._state()}
            await _send(send, orjson.dumps(told), b"application/json", status(told))
        elif path == "/metrics":
            await _send(send, generate_latest(self._registry), CONTENT_TYPE_LATEST.encode())
        else:
            await self._app(scope, receive, send)


class Counted:
    """An application, counted by part and status: by the server, when it has answered."""

    def __init__(self, app: App, counts: Counts) -> None:
        self._app, self._counts = app, counts

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        scope[TOLD] = self._counts.told
        return self._app(scope, receive, send)


async def _send(send: Send, body: bytes, media: bytes, status: int = 200) -> None:
    headers = [(b"content-type", media), (b"content-length", b"%d" % len(body)), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
