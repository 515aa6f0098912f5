"""Bundles joined from bytes: nothing that a store rendered is parsed on the way out (FHIR STU3 bundle.html).

`total` is left out when an answer goes on: the published scripts compare it with the matches on the page.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

import orjson

from babyconnect.store.contract import ORIGIN, Page, Stored

_XML = b'<?xml version="1.0" encoding="UTF-8"?><Bundle xmlns="http://hl7.org/fhir">'


def searchset(page: Page, base: str, links: Sequence[tuple[str, str]], json: bool) -> bytes:
    """A searchset; `links`: (relation, absolute URL) pairs, in order."""
    paged = any(relation == "next" for relation, _ in links) or any("_after=" in url for _, url in links)
    total = None if paged else page.matched
    entries = page.entries.replace(ORIGIN, f"{base}/".encode())
    if json:
        return b"".join((_json_head("searchset", total, links), *_json_entries(entries), b"}"))
    return b"".join((_xml_head("searchset", total, links), entries, b"</Bundle>"))


def history(versions: Sequence[Stored], base: str, url: str, json: bool) -> bytes:
    """A history, newest first; its entries carry the request that STU3 asks for (bdl-3)."""
    links = [("self", url)]
    # The oldest that is shown was "created", whether or not something lies before it.
    first = len(versions) - 1
    entries = b"".join(_history_entry(v, base, json, created=place == first) for place, v in enumerate(versions))
    if json:
        return b"".join((_json_head("history", len(versions), links), *_json_entries(entries), b"}"))
    return b"".join((_xml_head("history", len(versions), links), entries, b"</Bundle>"))


def batch_response(answers: Sequence[tuple[int, bytes]], json: bool) -> bytes:
    """Answers to a batch in its order, each with its status; a Bundle within a Bundle, as STU3 has it for searches."""
    if json:
        parts = (b',{"resource":%b,"response":{"status":"%d"}}' % (body, status) for status, body in answers)
        return b"".join((_json_head("batch-response", None, ()), *_json_entries(b"".join(parts)), b"}"))
    xml = (
        b'<entry><resource>%b</resource><response><status value="%d"/></response></entry>' % (_element(body), status)
        for status, body in answers
    )
    return b"".join((_xml_head("batch-response", None, ()), *xml, b"</Bundle>"))


def document(content: bytes, json: bool) -> bytes:
    """One resource as a whole answer."""
    return content if json else b'<?xml version="1.0" encoding="UTF-8"?>' + content


def _json_entries(entries: bytes) -> tuple[bytes | memoryview, ...]:
    # STU3 JSON has no empty arrays; each entry starts with a comma, the first one's is not needed.  In pieces, because
    # an answer is large and one copy of it is enough.
    return (b',"entry":[', memoryview(entries)[1:], b"]") if entries else ()


def _json_head(type: str, total: int | None, links: Sequence[tuple[str, str]]) -> bytes:
    head: dict[str, object] = {"resourceType": "Bundle", "type": type}
    if total is not None:
        head["total"] = total
    if links:
        head["link"] = [{"relation": relation, "url": url} for relation, url in links]
    return orjson.dumps(head)[:-1]


def _xml_head(type: str, total: int | None, links: Sequence[tuple[str, str]]) -> bytes:
    counted = "" if total is None else f'<total value="{total}"/>'
    linked = "".join(f'<link><relation value="{r}"/><url value={quoteattr(u)}/></link>' for r, u in links)
    return _XML + f'<type value="{type}"/>{counted}{linked}'.encode()


def _history_entry(version: Stored, base: str, json: bool, created: bool) -> bytes:
    url = f"{version.type}/{version.id}"
    method = "POST" if created else "PUT"
    if json:
        tail = {"request": {"method": method, "url": url}}
        head = b',{"fullUrl":%b,"resource":%b,' % (orjson.dumps(f"{base}/{url}"), version.content)
        return head + orjson.dumps(tail)[1:]
    return (
        b'<entry><fullUrl value="%b"/><resource>%b</resource><request><method value="%b"/><url value="%b"/></request>'
        b"</entry>" % (f"{base}/{url}".encode(), version.content, method.encode(), url.encode())
    )


def _element(content: bytes) -> bytes:
    return content[content.index(b"?>") + 2 :] if content.startswith(b"<?xml") else content
