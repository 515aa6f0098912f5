"""Withdrawing a yes and adding a no never show more, from the register through the replica to the filter of the door.

A register in memory that hypothesis drives: provisions of several organisations, about her and somebody else, given,
withdrawn, replaced.  After every step a replica that followed the feed must say what the register says about this
holder, and the decision there must show no more than before unless something was given.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from babyconnect.api import region_consent
from babyconnect.api.region_call import Call
from babyconnect.birthcare.access import ALL, AccessRequest, Consent, Permit
from babyconnect.birthcare.parties import Kind, Party
from babyconnect.network.consent.replica import ConsentReplica
from babyconnect.network.consent.resources import Origin
from babyconnect.network.consent.service import ConsentService
from babyconnect.trust.decision import decide
from tests.spec.trust.people import ECHO, HOSPITAL, KRAAM, PRACTICE, asks, kind, ura
from tests.support.cases import cases

CASES = cases(200)
NOW = dt.datetime(2026, 4, 1, 9, tzinfo=dt.UTC)
US = Party(PRACTICE, "Praktijk", Kind.MIDWIFERY_PRACTICE)
ABOUT_US = ("*", ura(PRACTICE), kind(Kind.MIDWIFERY_PRACTICE))
HER, ANOTHER = "p" * 43, "q" * 43
GROUPS = [ALL, frozenset({"history"}), frozenset({"pregnancy", "delivery"}), frozenset({"safety"})]

provisions = st.builds(
    Consent,
    st.just(""),
    st.booleans(),
    st.sampled_from(["*", kind(Kind.HOSPITAL), ura(HOSPITAL), ura(KRAAM)]),
    st.sampled_from(["*", kind(Kind.MIDWIFERY_PRACTICE), ura(PRACTICE), ura(ECHO)]),
    st.sampled_from(GROUPS),
)
steps = st.lists(
    st.tuples(st.just("give"), st.sampled_from([HER, HER, ANOTHER]), provisions)
    | st.tuples(st.just("withdraw"), st.integers(0, 20), st.none())
    | st.tuples(st.just("replace"), st.integers(0, 20), provisions),
    min_size=1,
    max_size=12,
)


class Wire:
    """The region as the practice's replica reaches it, without sockets: the real handlers over the real register."""

    def __init__(self, register: ConsentService) -> None:
        self.state = SimpleNamespace(
            consents=register,
            index=SimpleNamespace(own=lambda pseudonym, holder: [holder]),
            portals=frozenset(),
            base="https://region.test",
            now=lambda: NOW,
        )

    async def send(self, method: str, path: str, body: Any = None, *, form: Any = None, **_: Any) -> tuple[int, Any]:
        address, _, query = path.partition("?")
        asked = dict(pair.split("=") for pair in query.split("&")) if query else {}
        content, media = b"", ""
        if form:
            from urllib.parse import urlencode

            content, media = urlencode(form).encode(), "application/x-www-form-urlencoded"

        async def audit(event: Any) -> None:
            return None

        call = Call(self.state, US, {}, {**asked, "_wait": "0"} if asked else {}, content, media, {}, "", audit)  # type: ignore[arg-type]
        handle = region_consent.feed if address.endswith("_history") else region_consent.search
        response = await handle(call)
        return response.status, orjson.loads(response.body)


def shown(consents: tuple[Consent, ...]) -> tuple[frozenset[str], frozenset[str]]:
    request: AccessRequest = asks(HOSPITAL, *consents)
    decided = decide(request)
    return (decided.filter.groups, decided.filter.shielded) if isinstance(decided, Permit) else (frozenset(),) * 2


async def lived(register: ConsentService, story: list[Any]) -> None:
    replica = ConsentReplica(Wire(register), lambda: 0.0)  # type: ignore[arg-type]
    heard: list[tuple[str, bool]] = []
    replica.on_less(lambda about, provision: heard.append((about, provision.permit)))
    await replica._poll()
    before = shown(await replica.of(HER))
    given_ids: list[str] = []
    origin = Origin(PRACTICE)
    for what, which, provision in story:
        opens = True
        if what == "give":
            change = register.prepared([(which, provision)])
            opens = provision.permit and which == HER
        else:
            if not given_ids:
                continue
            id = given_ids[which % len(given_ids)]
            kept = register.read(id)
            assert kept is not None
            change = register.prepared([(kept.pseudonym, replace(provision, permit=False))] if provision else [], [id])
            opens = kept.active and not kept.consent.permit and kept.pseudonym == HER
        given_ids += [one.id for _, one in change.give]
        await register.apply(change, origin)
        await replica._poll()
        replica._confirmed = 0.0
        held = await replica.of(HER)
        told = {one.consent for one in register.of(HER) if one.consent.holder in ABOUT_US}
        assert set(held) == told
        assert register.allowed(HER) == [one.consent for one in register.of(HER)]
        after = shown(held)
        if not opens:
            assert after[0] <= before[0]
            assert after[1] <= before[1]
        before = after
    assert all(about == HER for about, _ in heard)


@settings(max_examples=CASES, deadline=None)
@given(steps)
def test_only_what_is_given_ever_shows_more_and_the_replica_says_what_the_register_says(story: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        register = ConsentService(Path(folder) / "consents.sqlite", lambda: NOW)
        try:
            asyncio.run(lived(register, story))
        finally:
            register.close()
