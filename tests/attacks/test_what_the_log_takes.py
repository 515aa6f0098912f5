"""What an asker chooses freely of a request is not written into the log as it came."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.api.http import trace_of
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
