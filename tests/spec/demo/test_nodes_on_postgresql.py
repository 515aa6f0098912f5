"""Hosted nodes on PostgreSQL: published into, asking and asked between processes, each tenant in its own schema."""

from __future__ import annotations

import asyncio
import pathlib
from collections.abc import Iterator, Sequence

import pytest

from babyconnect.birthcare.answers import SourceAnswer
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.birthcare.parties import Person, Role
from babyconnect.cli.demonstration import prepare
from babyconnect.cli.demonstration.processes import Processes
from babyconnect.wiring.asking import consult_once
from tests.conftest import Postgres
from tests.spec.demo.conftest import PORTS, Home, free_ports

MIDWIFE = Person("test:midwife", "Test Verloskundige", Role.MIDWIFE)
WOMEN = 14
SEED = 1


def on_postgres(home: Home, slug: str, dsn: pathlib.Path) -> None:
    """Say so in the node's own settings, as its operator would."""
    config = home.config(slug)
    section = f'\n[store]\nengine = "postgres"\ndsn_file = "{dsn}"\ntenant = "{slug.replace("-", "_")}"\n'
    config.write_text(config.read_text(encoding="utf-8") + section, encoding="utf-8")


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory, postgres_server: Postgres, patient: None) -> Iterator[Home]:
    """A region of which the showcase's midwives and their hospital are tenants of one database."""
    home = Home(tmp_path_factory.mktemp("hosted"), free_ports(PORTS))
    prepare.new_plan(home.path, home.port, WOMEN, SEED, lambda _: None)
    plan = home.plan
    dsn = home.path / "dsn"
    dsn.write_text(postgres_server.dsn, encoding="utf-8")
    prepare.configure(home.path, plan, {})
    tenants = [plan.member(plan.showcase.member), plan.member("zkh-meerdijk")]
    for member in tenants:
        on_postgres(home, member.slug, dsn)
    with Processes() as processes:
        processes.start("region", "region", home.path / "region" / "region.toml", plan.region_url)
        processes.wait_until_healthy()
        plan.published = [member.slug for member in plan.members if member not in tenants]
        prepare.publish(home.path, plan, lambda _: None)
        for member in tenants:
            processes.start(member.name, "node", home.config(member.slug), member.base_url)
        processes.wait_until_healthy()
        yield home


def asked(home: Home) -> Sequence[SourceAnswer]:
    plan = home.plan
    config = home.config(plan.showcase.member)
    return asyncio.run(consult_once(config, MIDWIFE, Bsn(plan.showcase.bsn))).answers


def test_two_tenants_of_one_database_answer_each_with_their_own_record(hosted: Home) -> None:
    plan = hosted.plan
    answers = {a.source.ura.value: a for a in asked(hosted)}
    for slug in (plan.showcase.member, "zkh-meerdijk"):
        answer = answers[plan.member(slug).ura]
        assert answer.status == "answered", answer
        assert len(answer.resources) > 20
    own, hospital = (answers[plan.member(slug).ura].resources for slug in (plan.showcase.member, "zkh-meerdijk"))
    named = [
        {(r["resourceType"], r["id"]) for r in resources if r["resourceType"] == "Patient"}
        for resources in (own, hospital)
    ]
    assert named[0]
    assert named[0].isdisjoint(named[1])


def test_no_store_is_made_in_a_file_beside_the_database(hosted: Home) -> None:
    folder = hosted.config("zkh-meerdijk").parent
    assert (folder / "node.toml").exists()
    assert not (folder / "store.sqlite").exists()
