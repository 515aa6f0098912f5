"""The published description is true: it names every route and no other, and a fuzzer that reads it finds no failure."""

from __future__ import annotations

import os
import re
import time
from typing import Any

import orjson
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from requests.auth import AuthBase
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.generation import GenerationMode

from babyconnect.api import oauth
from babyconnect.api.region_routes import ROUTES
from babyconnect.birthcare.access import Purpose
from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Person, Role
from babyconnect.cli.demonstration.plan import REGION
from babyconnect.fhir.search_names import types
from babyconnect.flows.signatures import signer
from babyconnect.network.signed import digest
from babyconnect.trust import asserting, keys
from babyconnect.trust.claims import Claim
from babyconnect.trust.dpop import Prover
from tests.attacks.edge import Edge, ask, pages

SOAK = int(os.environ.get("BABYCONNECT_FUZZ", "0"))
"""Cases per operation of every type in `make soak`; else a few, of the types that differ from each other."""
EXAMPLES = SOAK or 3
TYPES = ("Patient", "Observation", "Organization")
SIGNED = ("/fhir", "/pseudonyms", "/witness", "/consents", "/evidence")
PEOPLE = ("/viewer", "/client", "/idp", "/zis", "/dezi", "/mitz-simulator")


def description(edge: Edge, who: str) -> dict[str, Any]:
    answer = ask(edge.ports[who], "GET", "/openapi.json")
    assert answer.status == 200 and answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = orjson.loads(answer.body)
    return {**found, "servers": [{"url": edge.base(who)}]}


def operations(edge: Edge, who: str) -> set[tuple[str, str]]:
    return {(method.upper(), path) for path, item in description(edge, who)["paths"].items() for method in item}


def test_the_regions_description_names_each_of_its_routes_and_no_other(edge: Edge) -> None:
    open_ones = {("GET", path) for path in ("/openapi.json", "/health", "/metrics")}
    assert operations(edge, "region") == {(method, path) for method, path, _, _ in ROUTES} | open_ones
    served = {one for one in pages(edge.apps["region"]) if not one[1].startswith(PEOPLE)}
    assert operations(edge, "region") == served | {("GET", "/openapi.json")}


def test_the_nodes_description_names_each_path_of_its_tables(edge: Edge) -> None:
    found = {path for _, path in operations(edge, "practice")}
    assert found >= oauth.PATHS
    assert {f"/fhir/stu3/{type}" for type in types()} <= found


@pytest.mark.parametrize("who", ["practice", "region"])
def test_what_is_described_is_there_and_what_is_not_described_is_refused(edge: Edge, who: str) -> None:
    known = operations(edge, who)
    for path in {path for _, path in known}:
        real = path.replace("{id}", "a").replace("{version}", "1").replace("{type}", "Patient").replace("{node}", "a")
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
            answer = ask(edge.ports[who], method, real, {}, b"" if method != "GET" else None)
            if (method, path) in known:
                # A proof of a record that is not in the log is honestly not found.
                assert answer.status not in (405, 500), (method, path)
                assert answer.status != 404 or path.endswith("/growth")
            else:
                assert answer.status in (401, 404, 405), (method, path, answer.status)


@pytest.mark.parametrize("who", ["practice", "region"])
def test_whatever_asks_for_a_token_answers_nothing_without_one(edge: Edge, who: str) -> None:
    for path, item in description(edge, who)["paths"].items():
        for method, one in item.items():
            if one["security"] and not path.startswith("/oauth"):
                real = path.replace("{id}", "a").replace("{version}", "1").replace("{type}", "Patient")
                for sent in (
                    {},
                    {"authorization": "Bearer x"},
                    {"authorization": "DPoP x"},
                    {"authorization": "Basic eDp4"},
                ):
                    answer = ask(edge.ports[who], method.upper(), real, sent, b"{}" if method == "post" else None)
                    assert answer.status == 401, (method, path, answer.status)


class Proved(AuthBase):
    """The hospital, with a token of the practice, proving each request."""

    def __init__(self, edge: Edge) -> None:
        self.base, self.machines = edge.base("practice"), edge.member("practice").secured_url
        self.prover = Prover(keys.generate(), time.time)
        member, there = edge.member("hospital"), edge.member("practice")
        signing = keys.load(edge.folder("hospital") / "organisation.jwk")
        claim = Claim(member.party, Person("local:x", "Naam", Role.GYNAECOLOGIST), Purpose.TREATMENT)
        endpoint = f"{self.machines}/oauth/token"
        form = asserting.token_form(signing, claim, endpoint, there.party.ura, time.time())
        sent = {"DPoP": self.prover.prove("POST", endpoint)}
        given = requests.post(f"{self.base}/oauth/token", data=form, headers=sent, timeout=10)
        assert given.status_code == 200, given.text
        self.token = given.json()["access_token"]

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        path = str(request.path_url)
        if path.startswith("/fhir") and "authorization" not in {name.lower() for name in request.headers}:
            address = f"{self.machines}{path.partition('?')[0]}"
            request.headers["Authorization"] = f"DPoP {self.token}"
            request.headers["DPoP"] = self.prover.prove(str(request.method), address, token=self.token)
        return request


class Signed(AuthBase):
    """The hospital, signing each request to the region."""

    def __init__(self, edge: Edge) -> None:
        key = keys.load(edge.folder("hospital") / "organisation.jwk")
        self.sign = signer(key, Ura(edge.member("hospital").ura), time.time)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else body
        if str(request.path_url).startswith(SIGNED):
            bound = {"htm": request.method, "htu": request.path_url, "digest": digest(content)}
            request.headers["Authorization"] = f"Bearer {self.sign(REGION, bound)}"
        return request


def fuzzed(edge: Edge, who: str, auth: AuthBase, mode: GenerationMode, left_out: set[str]) -> dict[str, str]:
    """What the fuzzer found, by operation."""
    schema = schemathesis.openapi.from_dict(description(edge, who))
    load_all_checks()
    checks = [CHECKS.get_one(name) for name in CHECKS.get_all_names() if name not in left_out]
    # No fuzzer makes a signed assertion: that an honest one is taken is tested in tests/spec/oauth.
    asserted = [check for check in checks if check.__name__ != "positive_data_acceptance"]
    # A token may be almost any text; the description names a form that always is one (refusals: tests/spec/api).
    searched = [check for check in checks if check.__name__ != "negative_data_rejection"]
    found: dict[str, str] = {}
    with requests.Session() as session:
        for result in schema.get_all_operations():
            operation = result.ok()
            of_type = re.match(r"/fhir/stu3/([A-Z]\w+)", operation.path)
            if of_type and of_type[1] not in TYPES and not SOAK:
                continue

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def one(case: Any) -> None:
                checked = asserted if case.path.startswith("/oauth/") else checks
                checked = searched if re.fullmatch(r"/fhir/stu3/[A-Z]\w+(/_search)?", case.path) else checked
                case.call_and_validate(base_url=edge.base(who), session=session, auth=auth, checks=checked, timeout=10)

            try:
                one()
            except Unsatisfiable:
                continue  # nothing of this kind can be sent to it
            except (FailureGroup, Failure) as failure:
                found[operation.label] = str(failure)[:1500]
    return found


ELSEWHERE = {"ignored_auth", "object_level_authorization", "use_after_free", "ensure_resource_availability"}
"""Without a token: the test above.  The others are about resources that a caller makes."""
PLAIN_OBJECTS = {"positive_data_acceptance", "negative_data_rejection"}
"""A region's bodies are described as objects; what is in them is its services' own (tests/federation)."""


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as described", "otherwise"])
def test_a_fuzzer_finds_no_failure_in_a_node(edge: Edge, mode: GenerationMode) -> None:
    assert fuzzed(edge, "practice", Proved(edge), mode, ELSEWHERE) == {}


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["as described", "otherwise"])
def test_a_fuzzer_finds_no_failure_in_a_region(edge: Edge, mode: GenerationMode) -> None:
    assert fuzzed(edge, "region", Signed(edge), mode, ELSEWHERE | PLAIN_OBJECTS) == {}
