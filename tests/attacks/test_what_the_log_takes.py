"""What an asker chooses freely of a request is not written into the log as it came."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.api.http import trace_from, trace_of
from babyconnect.audit.event import About, Actor, Place, event

BSN = "999900730"
WRITTEN = [f"Observation/abc/_history/{BSN}", f"Observation/x-{BSN}", f"Observation/{BSN}.1", f"Observation/{BSN}"]


@pytest.mark.parametrize("resource", WRITTEN)
def test_no_address_brings_a_bsn_into_the_log(resource: str) -> None:
    told = event("read", "refused", dt.datetime.now(dt.UTC), Actor("00000002"), Place("n"), About(resource=resource))
    assert BSN not in str(told) and told["resource"].startswith("Observation/")


@pytest.mark.parametrize(
    "sent", [BSN, f"00-{BSN}", "x" * 64, "00-" + "0" * 32 + "-" + "1" * 16 + "-01", "00-" + "g" * 32, '","actor":"x']
)
def test_a_trace_that_is_none_is_not_logged(sent: str) -> None:
    assert trace_of(sent) == ""


def test_a_trace_is_logged_as_both_ends_have_it() -> None:
    sent = f"00-{'a1' * 16}-{'b2' * 8}-01"
    assert trace_of(sent) == sent


GOOD = f"00-{'a1' * 16}-{'b2' * 8}-01"
BAD = [
    *("", "x", BSN, "0" * 55, GOOD[:-1], f"{GOOD}0", f"{GOOD}-00", GOOD.upper(), f" {GOOD}", f"{GOOD}\n"),
    *(f"ff{GOOD[2:]}", f"01{GOOD[2:]}", GOOD.replace("-", "_"), GOOD.replace("a1", "g1")),
    *(f"00-{'0' * 32}-{'b2' * 8}-01", f"00-{'a1' * 16}-{'0' * 16}-01", "00-\u0661" + GOOD[4:], f"{GOOD},{GOOD}"),
    *('"><script>', "a\r\nSet-Cookie: x=1", '{"client":"x"}', f"00-{BSN}{'a' * 23}-{'b2' * 8}-01\x00"),
]
"""W3C Trace Context §3.2: 55 lower-case hex characters and hyphens, neither id all zero, version ff forbidden."""


@pytest.mark.parametrize("sent", BAD)
def test_what_is_no_traceparent_begins_a_new_trace(sent: str) -> None:
    made = [trace_from({"traceparent": sent}) for _ in range(2)]
    assert made[0] != made[1] and all(trace_of(one) == one for one in made)
