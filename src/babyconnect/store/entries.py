"""Bundle entries as bytes: what is laid on a shelf at publishing and joined when answering (FHIR STU3 bundle.html).

An entry's `fullUrl` begins with ORIGIN; the edge puts the server's own address there.
"""

from __future__ import annotations

from typing import Literal

from babyconnect.store.contract import ORIGIN, Form

Mode = Literal["match", "include"]
_JSON_END = {"match": b',"search":{"mode":"match"}}', "include": b',"search":{"mode":"include"}}'}
_XML_END = {
    "match": b'</resource><search><mode value="match"/></search></entry>',
    "include": b'</resource><search><mode value="include"/></search></entry>',
}


def entry(type: str, id: str, content: bytes, form: Form, mode: Mode = "match") -> bytes:
    """One entry around a rendering; in JSON it starts with the comma that parts it from what stands before."""
    url = ORIGIN + f"{type}/{id}".encode()
    if form.startswith("json"):
        return b"".join((b',{"fullUrl":"', url, b'","resource":', content, _JSON_END[mode]))
    return b"".join((b'<entry><fullUrl value="', url, b'"/><resource>', content, _XML_END[mode]))
