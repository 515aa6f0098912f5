"""Bad exports of an ultrasound system: refused with place and rule, or reported; never a crash, never a wrong fact."""

from __future__ import annotations

import time

import pytest

from babyconnect.sources import Record, Rejected
from babyconnect.sources.recognise import recognise
from tests.support.ultrasound import (
    PERSON,
    PREGNANCY,
    WHOLE,
    coded,
    embedded,
    exam,
    export,
    of,
    parts,
    png,
    rules,
    translated,
)  # fmt: skip

BOMB = b"""<?xml version="1.0"?><!DOCTYPE astraia [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<astraia><patient><name>&b;</name></patient></astraia>"""
FILE = b'<!DOCTYPE astraia [<!ENTITY x SYSTEM "file:///etc/passwd">]><astraia><patient><name>&x;</name></patient></astraia>'


def refused(content: bytes, limit: int = 9_000_000) -> str:
    found = recognise(content, "echo.xml", limit)
    assert isinstance(found, Rejected)
    return found.rule


def test_an_export_is_known_by_its_root() -> None:
    found = recognise(WHOLE, "echo.dat")
    assert isinstance(found, Record) and found.format == "astraia"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (WHOLE[: len(WHOLE) // 2], "xml"),
        (WHOLE.replace(b"<astraia>", b"<astria>").replace(b"</astraia>", b"</astria>"), "root"),
        (WHOLE.replace(b"<astraia>", b'<astraia xmlns="urn:x">'), "namespace"),
        (WHOLE.replace(b"<patient>", b'<patient xmlns="urn:x">'), "namespace"),
        (WHOLE.decode().encode("utf-16"), "utf-8"),
        (WHOLE.replace(b"Testvrouw", b"Testvr\xffuw"), "utf-8"),
        (WHOLE.replace(b'encoding="UTF-8"', b'encoding="ISO-8859-1"'), "utf-8"),
        (BOMB, "doctype"),
        (FILE, "doctype"),
        (b"<astraia>" + b"<x>" * 60 + b"</x>" * 60 + b"</astraia>", "depth"),
        (b"<astraia>" + b"<x>" * 9000 + b"</x>" * 9000 + b"</astraia>", "xml"),
        (b"<astraia>" + b"<x/>" * 200_001 + b"</astraia>", "size"),
        (b"<astraia><x " + b" ".join(b'a%d="1"' % n for n in range(100)) + b"/></astraia>", "attributes"),
    ],
)
def test_what_cannot_be_an_export_is_refused(content: bytes, rule: str) -> None:
    assert refused(content) == rule


def test_what_is_over_the_limit_is_refused() -> None:
    assert refused(WHOLE, limit=100) == "size"


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        (b"<patient>", b"<patient><id>1</id></patient><patient>", "two-clients"),
        (b"patient>", b"person>", "no-client"),
        (b"<id>4711</id>", b"", "no-client"),
        (b"999990019", b"999990018", "bsn"),
        (b"2026-07-20", b"2026-02-30", "date"),
        (b"2026-07-20", b"2026-07-20T25:00:00", "date"),
        (b"2026-07-20", b"20/07/2026", "date"),
        (b"2026-07-20", b"2027-07-20", "date"),
        (b"<us_date>2026-07-20</us_date>", b"", "date"),
        (b"<us_date>", b"<us_date>2026-07-19</us_date><us_date>", "date"),
        (b">2026-12-06<", b">2026-13-06<", "date"),
        (b"1994-03-12", b"1994-03-32", "date"),
        (b"<lmp>2026-03-01", b"<lmp>gisteren", "date"),
    ],
)
def test_what_would_be_a_wrong_record_is_refused_whole(old: bytes, new: bytes, rule: str) -> None:
    made = translated(WHOLE.replace(old, new))
    assert f"error {rule}" in rules(made) and not made.resources


def test_two_examinations_under_one_id_are_refused() -> None:
    made = translated(export(exam("<bpd>40</bpd>"), exam("<bpd>50</bpd>", day="2026-08-01")))
    assert "error identity" in rules(made) and not made.resources


@pytest.mark.parametrize(
    ("old", "new", "rule", "code"),
    [
        (b">47.2<", b">990<", "impossible", "11820-8"),
        (b">47.2<", b">-47.2<", "impossible", "11820-8"),
        (b">47.2<", b">1,234<", "bad-value", "11820-8"),
        (b">47.2<", b">NaN<", "bad-value", "11820-8"),
        (b">47.2<", b">4e9<", "bad-value", "11820-8"),
        (b">47.2<", b">circa 47<", "bad-value", "11820-8"),
        (b'<bpd unit="mm"', b'<bpd unit="g"', "unknown-unit", "11820-8"),
        (b'<bpd unit="mm"', b'<bpd unit="duim"', "unknown-unit", "11820-8"),
        (b'<bpd unit="mm"', b'<bpd unit="m"', "impossible", "11820-8"),
        (b"<presentation>breech", b"<presentation>upside down", "unknown-code", "249062004"),
        (b'state="normal"', b'state="fine"', "unknown-code", ""),
        (b'name="heart"', b'name="hart?"', "incomplete", "113257007"),
        (b'name="pyelectasis" ', b"", "incomplete", "430035004"),
    ],
)
def test_a_value_that_cannot_be_is_left_out_and_reported(old: bytes, new: bytes, rule: str, code: str) -> None:
    assert WHOLE.count(old) == 1
    made = translated(WHOLE.replace(old, new))
    assert f"warning {rule}" in rules(made) and made.resources
    assert not coded(made, code)  # nor what was worked out from it: a percentile, a curve


def test_an_impossible_percentile_leaves_the_measurement_as_it_is() -> None:
    made = translated(WHOLE.replace(b'percentile="45"', b'percentile="145"'))
    [observation] = coded(made, "11820-8")
    assert "125012" not in parts(observation) and str(observation["valueQuantity"]["value"]) == "47.2"
    assert "warning impossible" in rules(made)


def test_what_no_row_of_the_table_knows_is_named_with_its_place() -> None:
    made = translated(WHOLE.replace(b"<tcd", b'<nasal_bone side="left">3</nasal_bone><tcd'))
    [finding] = [f for f in made.findings if f.rule == "unknown-element"]
    assert finding.place.endswith("/fetus/nasal_bone") and "3" not in finding.text
    assert len(made.resources) == len(translated(WHOLE).resources)


def test_a_text_between_elements_is_not_lost_in_silence() -> None:
    assert "warning unknown-element" in rules(translated(WHOLE.replace(b"<tcd", b"hart niet gezien <tcd")))


def test_what_is_said_twice_is_reported_and_the_first_stands() -> None:
    made = translated(WHOLE.replace(b"<nt>2.1</nt>", b"<nt>2.1</nt><nt>9.9</nt>"))
    [observation] = coded(made, "12146-7")
    assert "warning repeated" in rules(made) and str(observation["valueQuantity"]["value"]) == "2.1"


def test_no_finding_quotes_what_stood_there() -> None:
    content = (
        WHOLE.replace(b">47.2<", b">Testvrouw<")
        .replace(b"breech", b"Testvrouw")
        .replace(b"<tcd", b"<secret>Testvrouw</secret><tcd")
    )
    made = translated(content)
    assert len(made.findings) >= 3
    assert not [f for f in made.findings if "Testvrouw" in f.text + f.place]


def test_a_woman_without_an_examination_is_kept_and_one_without_a_pregnancy_is_not() -> None:
    assert of(translated(export()), "EpisodeOfCare")
    content = f"<astraia><patient>{PERSON}</patient></astraia>".encode()
    assert "error incomplete" in rules(translated(content))


def test_thirty_thousand_unknown_elements_take_no_time_and_few_words() -> None:
    content = WHOLE.replace(b"<tcd", b"<x/>" * 30_000 + b"<tcd")
    started = time.process_time()
    made = translated(content)
    assert len(made.findings) < 150
    assert time.process_time() - started < 60  # quadratic work would take hours


def test_more_examinations_than_anybody_has_are_refused() -> None:
    scans = [exam("<bpd>47</bpd>", id=str(number)) for number in range(400)]
    assert "error size" in rules(translated(export(*scans)))


def test_an_image_does_not_stand_for_another_clients() -> None:
    one = translated(export(exam(embedded(png()))))
    two = translated(export(exam(embedded(png())), person=PERSON.replace("4711", "4712")))
    assert of(one, "Binary")[0]["id"] != of(two, "Binary")[0]["id"]


def test_a_pregnancy_without_an_id_is_told_apart_by_its_place_and_reported() -> None:
    made = translated(export(exam("<bpd>47</bpd>"), pregnancy=PREGNANCY.replace("<id>77</id>", "")))
    assert "warning identity" in rules(made) and of(made, "EpisodeOfCare")
