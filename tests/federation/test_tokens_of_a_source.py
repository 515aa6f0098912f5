"""The asker's side of tokens against a node that listens: each grant, a proof per request, the holder's number."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from babyconnect.birthcare.access import Purpose
from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.exchange.ask import Exchange, new_trace, new_traceparent
from babyconnect.exchange.contract import Asking, Source
from babyconnect.exchange.http1 import Http
from babyconnect.trust import presenting
from tests.attacks.stage import ANNA, ASKER, CLAIM, DOCTOR, HOLDER, Stage, staged
from tests.support.node import evidence

Form = Callable[[Asking, Source], Mapping[str, str]]


def asking() -> Asking:
    return Asking(DOCTOR, Purpose.TREATMENT, Bsn(ANNA), evidence())


def source(stage: Stage, grant: str = "minvws") -> Source:
    return Source(HOLDER, f"{stage.base}/fhir/stu3", stage.endpoint, True, grant)


def forms(stage: Stage) -> dict[str, Form]:
    return {
        "minvws": lambda asking, source: stage.form(),
        "gf": lambda asking, source: presenting.gf_form(ASKER, CLAIM, source.token_endpoint, stage.seconds()),
        "nuts": lambda asking, source: presenting.nuts_form(ASKER, CLAIM, "did:web:holder.example", stage.seconds()),
    }


async def asked(stage: Stage, exchange: Exchange, grant: str = "minvws") -> SourceAnswer:
    return await exchange.ask(source(stage, grant), asking(), new_traceparent(new_trace()), time.monotonic())


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as made:
        yield made


@pytest.fixture
def http() -> Http:
    return Http()


@pytest.mark.parametrize("grant", ["minvws", "gf", "nuts"])
async def test_a_source_is_asked_by_the_grant_that_it_takes_with_a_proof_for_every_request(
    stage: Stage, http: Http, grant: str
) -> None:
    exchange = Exchange(http, forms(stage)[grant], prove=stage.prover.prove)
    answer = await asked(stage, exchange, grant)
    assert (answer.status, answer.client) == ("answered", "anna")
    again = await asked(stage, exchange, grant)
    assert again.status == "answered"
    issued = [event for event in stage.events() if event["type"] == "token.issue"]
    assert len(issued) == 1, "the token is kept, each request has a proof of its own"
    http.close()


async def test_a_holder_that_demands_its_number_gets_it_without_the_consult_noticing(
    tmp_path: Path, http: Http
) -> None:
    async with staged(tmp_path, demand_nonce=True) as stage:
        exchange = Exchange(http, forms(stage)["minvws"], prove=stage.prover.prove)
        assert (await asked(stage, exchange)).status == "answered"
        stage.later(121)
        assert (await asked(stage, exchange)).status == "answered"
        outcomes = [event["outcome"] for event in stage.events() if event["type"] == "token.issue"]
        assert outcomes == ["refused", "ok"]
        http.close()


async def test_after_a_restart_of_the_holder_the_asker_asks_for_a_token_again(stage: Stage, http: Http) -> None:
    exchange = Exchange(http, forms(stage)["minvws"], prove=stage.prover.prove)
    assert (await asked(stage, exchange)).status == "answered"
    stage.sessions._by_hash.clear()
    stage.sessions._ending.clear()
    assert (await asked(stage, exchange)).status == "answered"
    http.close()


async def test_without_a_proof_or_certificate_a_holder_refuses_and_that_is_what_the_screen_says(
    stage: Stage, http: Http
) -> None:
    answer = await asked(stage, Exchange(http, forms(stage)["minvws"]))
    assert (answer.status, answer.resources) == ("refused", ())
    http.close()
