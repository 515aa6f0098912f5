"""What protects the pages: headers, tokens on forms, escaping, and errors that tell nothing."""

from __future__ import annotations

import dataclasses
import gzip
import re
from typing import Any

import pytest

from babyconnect.web.compression import Compressed
from babyconnect.web.headers import content_security_policy
from babyconnect.web.rendering import Pages
from tests.spec.viewer.stage import BSN, PASSWORD, Stage
from tests.support.visitor import Visitor

PAYLOAD = "\"'><img src=x onerror=alert(1)><script>alert(1)</script>{{7*7}}{% raw %}"
NOT_TEXT = {"id", "code", "tone", "kind", "state", "ura", "gestation"}


def hostile(value: Any, name: str = "") -> Any:
    """The same view with a payload in every text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        changed = {f.name: hostile(getattr(value, f.name), f.name) for f in dataclasses.fields(value)}
        return dataclasses.replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(hostile(part, name) for part in value)
    return PAYLOAD if isinstance(value, str) and name not in NOT_TEXT else value


async def _stage() -> Stage:
    stage = Stage()
    await stage.log_in()
    return stage


async def test_every_answer_bears_the_security_headers() -> None:
    stage = await _stage()
    address = await stage.open()
    for path in ("/viewer/", "/viewer/nergens", address, address + "/stroom?v=0", "/viewer/aanmelden"):
        headers = (await stage.visitor.get(path)).headers
        assert headers["content-security-policy"].startswith("default-src 'none'"), path
        assert headers["cache-control"] == "no-store" and headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer" and headers["x-frame-options"] == "DENY"


def test_the_policy_allows_no_inline_script_or_style_and_no_frame() -> None:
    policy = content_security_policy()
    assert "unsafe" not in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy


async def test_no_page_holds_an_inline_script_style_or_handler() -> None:
    stage = await _stage()
    for page in (await stage.record(), (await stage.visitor.get("/viewer/")).text):
        assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\bsrc=)", page)


@pytest.mark.parametrize("path", ["/viewer/zoek", "/viewer/lijst", "/viewer/afmelden"])
async def test_a_form_without_the_sessions_own_token_is_refused(path: str) -> None:
    stage = await _stage()
    for token in ("", "guess"):
        assert (await stage.visitor.post(path, {"csrf": token, "bsn": BSN})).status == 403
    assert not stage.asked


async def test_a_form_of_another_site_is_refused_even_with_the_token() -> None:
    stage = await _stage()
    fields = {"csrf": await stage.csrf(), "bsn": BSN}
    assert (await stage.visitor.post("/viewer/zoek", fields, origin="http://evil.test")).status == 403
    assert (await stage.visitor.post("/viewer/zoek", fields, sec_fetch_site="cross-site")).status == 403


async def test_without_a_session_nothing_of_a_record_is_answered() -> None:
    stage = await _stage()
    address = await stage.open()
    stranger = Visitor(stage.viewer)
    for path in (address, address + "?geheel=1", address + "/stroom"):
        answer = await stranger.get(path)
        assert answer.status == 303 and "Noor" not in answer.text
    assert (await stranger.post("/viewer/zoek", {"bsn": BSN})).status == 403


async def test_a_bsn_in_an_address_is_not_a_way_to_search() -> None:
    stage = await _stage()
    answer = await stage.visitor.get(f"/viewer/zoek?bsn={BSN}")
    assert answer.status == 405 and BSN not in answer.text and not stage.asked


async def test_hostile_text_from_a_source_stays_text_everywhere() -> None:
    stage = await _stage()
    stage.view = hostile(stage.view)
    page = await stage.record()
    assert page.count("&lt;script&gt;alert(1)") > 40
    assert "<img src=x" not in page and "<script>alert" not in page
    assert "{{7*7}}" in page and not re.search(r'="[^"]*"\'>', page)


async def test_a_form_that_is_too_large_repeats_a_field_or_is_not_a_form_is_refused() -> None:
    stage = await _stage()
    csrf = await stage.csrf()
    assert (await stage.visitor.post("/viewer/zoek", {"csrf": csrf, "bsn": "9" * 9000})).status == 413
    answer = await stage.visitor.post("/viewer/zoek", {"csrf": csrf, "bsn": BSN}, content_type="application/json")
    assert answer.status == 415
    assert (await stage.visitor.get("/viewer/taal/en?naar=/viewer/&naar=/x")).status == 400


async def test_an_error_page_repeats_nothing_of_the_request() -> None:
    stage = await _stage()
    answer = await stage.visitor.get(f"/viewer/{BSN}")
    assert answer.status == 404 and BSN not in answer.text and PASSWORD not in answer.text


async def test_a_fault_of_ours_gives_a_page_without_its_message() -> None:
    stage = await _stage()
    stage.viewer._start_page = None  # type: ignore[assignment]
    answer = await stage.visitor.get("/viewer/")
    assert answer.status == 500 and "Storing" in answer.text and "NoneType" not in answer.text


async def test_style_and_script_are_named_by_their_content_and_kept_by_browsers() -> None:
    stage = await _stage()
    page = (await stage.visitor.get("/viewer/")).text
    found = re.search(r"/viewer/static/viewer\.[0-9a-f]{12}\.css", page)
    assert found is not None
    style = await stage.visitor.get(found[0], accept_encoding="gzip")
    assert style.headers["content-encoding"] == "gzip" and "immutable" in style.headers["cache-control"]
    assert (await stage.visitor.get("/viewer/static/../viewer.py")).status == 404


async def test_no_two_pages_bear_the_same_form_token_and_each_works() -> None:
    stage = await _stage()
    one, two = await stage.csrf(), await stage.csrf()
    assert one != two
    for token in (one, two):
        assert (await stage.visitor.post("/viewer/zoek", {"csrf": token, "bsn": BSN})).status == 303


async def test_pages_and_streams_are_compressed_for_who_can_read_that() -> None:
    stage = await _stage()
    address = await stage.open()
    plain = await stage.visitor.get(address + "?geheel=1")
    stage.visitor.app = Compressed(stage.viewer)
    packed = await stage.visitor.get(address + "?geheel=1", accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip" and "content-length" not in packed.headers
    assert len(packed.body) < len(plain.body) / 2 and b"Noor Voorbeeld" in gzip.decompress(packed.body)
    stream = await stage.visitor.get(address + "/stroom?v=0", accept_encoding="gzip")
    assert gzip.decompress(stream.body) == (await stage.visitor.get(address + "/stroom?v=0")).body


async def test_a_page_weighs_less_than_150_kilobytes_with_all_that_it_loads() -> None:
    stage = await _stage()
    pages = stage.viewer._pages.assets
    loaded = sum(len(asset.compressed) for asset in pages._by_name.values())
    assert loaded + len(gzip.compress((await stage.record()).encode(), 1)) < 150_000


def test_pages_are_readable_when_the_fetched_assets_are_absent() -> None:
    pages = Pages("/viewer/static", home="/viewer/")
    pages.assets._by_name.pop("nlds.css", None)
    text = pages.text("message.html", "nl", code="404", session=None)
    assert "nlds" not in text and "viewer." in text and "Pagina niet gevonden" in text
