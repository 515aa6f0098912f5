"""A client logs in at any organisation's site: she sees what all organisations have of her, and who looked at them.

Between running nodes: each holder decides by the rules for clients, both ends log under one trace, and an organisation
that does not answer is named.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urljoin

import aiohttp
import pytest

from babyconnect.audit import reading
from babyconnect.birthcare.identifiers import Bsn
from babyconnect.cli.demonstration import prepare
from babyconnect.cli.demonstration.browse import Browser
from babyconnect.cli.demonstration.plan import Member
from tests.spec.demo.conftest import Home
from tests.spec.demo.test_who_sees_what import MIDWIFE, asked, others, special

PORTAL = "vkp-wolkewietje"
"""Where she logs in: an organisation that has nothing of her."""


@contextlib.asynccontextmanager
async def logged_in(region: Home, bsn: Bsn, portal: str = PORTAL) -> AsyncIterator[tuple[Browser, str]]:
    member = region.plan.member(portal)
    who = next(one for one in region.plan.clients if one.bsn == bsn.value)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        browser = Browser(session)
        url, page = await browser.open(f"{member.base_url}/client/aanmelden")
        fields = {"username": who.username, "password": region.plan.password}
        await browser.submit(url, page, "password", fields)
        yield browser, f"{member.base_url}/client"


async def whole(browser: Browser, url: str) -> Any:
    """A page as it is without scripts: it leads on to where it waits for the last organisation."""
    url, found = await browser.open(url)
    for refresh in found.xpath("//noscript//meta/@content"):
        _, found = await browser.open(urljoin(url, refresh.partition("url=")[2]))
    return found


def read(region: Home, bsn: Bsn, path: str, portal: str = PORTAL) -> str:
    async def page() -> str:
        async with logged_in(region, bsn, portal) as (browser, site):
            found = await whole(browser, f"{site}{path}")
            return " ".join(found.text_content().split())

    return asyncio.run(page())


def events(region: Home, member: Member, **wanted: Any) -> list[Mapping[str, Any]]:
    folder = prepare.node_folder(region.path, member) / "audit"
    return [entry.event for entry in reading.search(folder, reading.Wanted(**wanted))]


def holders(region: Home, bsn: Bsn) -> list[Member]:
    """Who has something that she lets her own midwife see: at least these keep something of her."""
    answers = asked(region, "vkp-de-dageraad", MIDWIFE, bsn)
    own = region.plan.member("vkp-de-dageraad")
    return [own, *(region.plan.member(ura) for ura in others(answers, own.ura))]


def test_at_an_organisation_that_has_nothing_of_her_she_sees_what_all_others_have(region: Home) -> None:
    bsn = special(region, "Gave birth six days ago")
    page = read(region, bsn, "/dossier/")
    known = holders(region, bsn)
    assert len(known) >= 4
    for member in known:
        assert f"{member.name}: gaf gegevens" in page
    assert bsn.value not in page


def test_also_those_that_she_lets_nobody_else_know_of(region: Home) -> None:
    bsn = special(region, "No consent recorded")
    page = read(region, bsn, "/dossier/")
    assert page.count(": gaf gegevens") >= 2


def test_both_ends_log_her_look_under_one_trace_and_by_her_pseudonym(region: Home) -> None:
    bsn = special(region, "Gave birth six days ago")
    read(region, bsn, "/dossier/")
    portal, holder = region.plan.member(PORTAL), region.plan.member("vkp-de-dageraad")
    began = [one for one in events(region, portal, types=frozenset({"consult"})) if one["purpose"] == "PATRQT"][-1]
    trace = reading.trace_id(began["trace"])
    (told,) = [one for one in events(region, portal, trace=trace) if one.get("holder") == holder.ura]
    (bound,) = [one for one in events(region, holder, trace=trace) if one["type"] == "client.bind"]
    assert (told["outcome"], bound["outcome"]) == ("ok", "ok")
    assert bound["actor"]["organisation"] == portal.ura and bound["actor"]["role"] == "client"
    assert bound["actor"]["person"] == began["actor"]["person"] and bsn.value not in str([began, told, bound])


def test_an_organisation_that_is_away_is_named_and_others_come(region: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    bsn = special(region, "Gave birth six days ago")
    away = next(member for member in holders(region, bsn) if member.slug.startswith("echo-"))
    with region.broken(away.slug, "stop", monkeypatch):
        record, looked = read(region, bsn, "/dossier/"), read(region, bsn, "/wie-keek/")
    assert f"{away.name}: is nu niet bereikbaar" in record and ": gaf gegevens" in record
    assert f"{away.name}: gaf nu geen antwoord" in looked


def test_she_sees_who_looked_at_any_of_them_as_one_line_a_look(region: Home) -> None:
    bsn = special(region, "Gave birth six days ago")
    known = holders(region, bsn)  # her midwife looks
    page = read(region, bsn, "/wie-keek/")
    looked = r"Verloskundigenpraktijk De Dageraad ?verloskundige test:midwife.{0,1500}?toegestaan"
    (told,) = re.findall(looked, page)[:1]
    assert all(member.name in told for member in known[1:])
    assert "cliënt zelf" in page and bsn.value not in page


def test_her_copy_is_of_all_organisations_and_says_of_each_part_whose_it_is(region: Home) -> None:
    bsn = special(region, "Gave birth six days ago")

    async def copied() -> str:
        async with logged_in(region, bsn) as (browser, site):
            url, page = await browser.open(f"{site}/dossier/")
            form = next(form for form in page.iter("form") if form.get("action", "").endswith("kopie"))
            fields = dict(form.form_values())
            headers = {"origin": "/".join(url.split("/")[:3]), "sec-fetch-site": "same-origin"}
            async with browser._session.post(urljoin(url, form.get("action")), data=fields, headers=headers) as answer:
                return await answer.text()

    text = asyncio.run(copied())
    assert len(set(re.findall(r'"fullUrl":"urn:babyconnect:(\d{8}):', text))) >= 4
    assert bsn.value not in text


def test_a_mother_who_acts_for_her_newborn_sees_the_childs_data_and_none_of_her_own(region: Home) -> None:
    bsn, youth = Bsn(region.plan.showcase.bsn), "jgz-ommelanden"

    async def page() -> str:
        async with logged_in(region, bsn, youth) as (browser, site):
            url, start = await browser.open(f"{site}/")
            form = next(form for form in start.iter("form") if form.get("action", "").endswith("namens"))
            (child,) = [one for one in form.xpath(".//*[@name='wie']/@value") if one]
            await browser.submit(url, form, "csrf", {"wie": child})
            found = await whole(browser, f"{site}/dossier/")
            return " ".join(found.text_content().split())

    text = asyncio.run(page())
    assert "Gegevens van" in text and "gezag heeft over dit kind" in text
    assert f"{region.plan.member(youth).name}: gaf gegevens" in text
    assert "À terme" not in text and bsn.value not in text
