"""Read one holder's log for the client whom it is about, by her own token; to a value in any case (`flows.own_looks`).

POST token endpoint → POST Patient/_search (which tells the holder who she is) → GET {base}/fhir/r4/AuditEvent
"""

from __future__ import annotations

from urllib.parse import urlencode

from babyconnect.birthcare.answers import LogAnswer, Status
from babyconnect.exchange import checks
from babyconnect.exchange.ask import Exchange, _Conversation
from babyconnect.exchange.contract import Asking, Source, Stopped
from babyconnect.exchange.within import Within

STU3 = "/fhir/stu3"
R4 = "/fhir/r4"


async def looks(
    exchange: Exchange, source: Source, asking: Asking, traceparent: str, period: dict[str, str]
) -> LogAnswer:
    """`period`: of `ge` and `lt`, moments with a zone.  Never raises but when cancelled."""
    status: Status = "answered"
    try:
        with Within(exchange.deadline):
            return await _LogConversation(exchange, asking, source, traceparent).looks(period)
    except TimeoutError:
        status, reason = "timed_out", f"no whole answer within {exchange.deadline:g} s"
    except Stopped as stopped:
        status, reason = stopped.status, stopped.reason
    except Exception as fault:
        status, reason = "invalid", f"a fault while reading it ({type(fault).__name__})"
    return LogAnswer(source.party, status, (), 0, reason)


class _LogConversation(_Conversation):
    async def looks(self, period: dict[str, str]) -> LogAnswer:
        try:
            await self._bind()
        except Stopped as stopped:
            # A holder without (shown) data of hers may still have a log about her.
            if stopped.status != "refused" or self._token is None:
                raise
        query = urlencode([("date", f"{prefix}{moment}") for prefix, moment in period.items()])
        base = self._source.fhir_base.removesuffix(STU3) + R4
        answer = await self._send("GET", f"{base}/AuditEvent?{query}", self._headers())
        self._usable(answer)
        found = checks.searchset(answer.headers.get("content-type", ""), answer.body)
        events = found.resources()
        return LogAnswer(self._source.party, "answered", tuple(events), max(found.total, len(events)))
