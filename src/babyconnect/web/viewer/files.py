"""A file of an open record, as an answer of its own: data that nothing can run from.

The type is that of its bytes (`sources.showing`) and is not to be guessed again; the answer may load nothing, run
nothing and be framed by nobody, also when it is opened by itself.  What is no image is handed over to be kept, under a
name that says nothing of anybody.
"""

from __future__ import annotations

from starlette.responses import Response

from babyconnect.flows.looking import Seen

LOOKS_PER_MINUTE = 240
POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"


def served(seen: Seen) -> Response:
    kind = "inline" if seen.how.inline else "attachment"
    return Response(
        seen.content,
        media_type=seen.how.type,
        headers={
            "content-disposition": f'{kind}; filename="bestand.{seen.how.ending}"',
            "content-security-policy": POLICY,
            "x-content-type-options": "nosniff",
        },
    )
