"""Certificates and lists of revoked ones end: an operator hears of it before, and of what no longer works since."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from babyconnect.trust import issuing
from babyconnect.trust import pki as product
from babyconnect.trust.tls import Material
from babyconnect.wiring import standing
from tests.support import pki
from tests.support.pki import DAY, PRACTICE, Folder

HOUR = DAY / 24


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = pki.make(tmp_path / "pki")
    made.issue("own", PRACTICE, days=365)
    return made


def lists_of(folder: Folder, days: float, at: dt.datetime) -> None:
    with product.opened(folder.path) as opened:
        opened.publish_lists(at, days)


def told(material: Material) -> Mapping[str, object]:
    return {"status": "ok", **standing.with_ends({"log": {}}, material)}


def test_of_a_node_whose_lists_last_nothing_is_said_but_until_when(folder: Folder) -> None:
    found = told(folder.material("own"))
    assert set(found) == {"status", "log", "certificate_until", "revocations_until"} and found["status"] == "ok"


@pytest.mark.parametrize(
    ("days", "left", "soon"),
    [(2, 13 * HOUR, False), (2, 11 * HOUR, True), (30, 73 * HOUR, False), (30, 71 * HOUR, True)],
)
def test_that_lists_end_is_told_before_in_proportion_to_how_long_they_last(
    folder: Folder, days: int, left: dt.timedelta, soon: bool
) -> None:
    lists_of(folder, days, pki.now() + left - days * DAY)
    found = told(folder.material("own"))
    assert found["status"] == "ok" and (found.get("soon") == ("revocations_end",)) == soon


def test_that_the_own_certificate_ends_is_told_a_month_before(folder: Folder) -> None:
    folder.issue("old", PRACTICE, days=365, at=pki.now() - 340 * DAY)
    found = told(folder.material("old"))
    assert (found["status"], found["soon"]) == ("ok", ("certificate_ends",))


def an_outdated_list(folder: Folder) -> None:
    lists_of(folder, 1, pki.now() - 1.01 * DAY)


def one_outdated_list(folder: Folder) -> None:
    with product.opened(folder.path) as opened:
        lists = [
            issuing.revocations(opened.issuing, {}, 9, pki.now(), 30),
            issuing.revocations(opened.root, {}, 9, pki.now() - 3 * DAY, 1),
        ]
    (folder.path / "crl.pem").write_bytes(b"".join(one.public_bytes(product.PEM) for one in lists))


def a_list_too_few(folder: Folder) -> None:
    with product.opened(folder.path) as opened:
        only = issuing.revocations(opened.issuing, {}, 9, pki.now(), 30)
    (folder.path / "crl.pem").write_bytes(only.public_bytes(product.PEM))


def the_own_revoked(folder: Folder) -> None:
    folder.revoke(pki.pki_certificate(folder, "own"))


def the_own_ended(folder: Folder) -> None:
    for file in (folder.path / "own").iterdir():
        file.unlink()
    folder.issue("own", PRACTICE, days=1, at=pki.now() - 2 * DAY)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (an_outdated_list, "revocations_outdated"),
        (one_outdated_list, "revocations_outdated"),
        (a_list_too_few, "revocations_unknown"),
        (the_own_revoked, "certificate_revoked"),
        (the_own_ended, "certificate_expired"),
    ],
)
def test_a_node_whose_organisations_are_shut_out_is_degraded_says_why_and_lets_nobody_in(
    folder: Folder, spoil: object, reason: str
) -> None:
    material = folder.material("own")
    spoil(folder)  # type: ignore[operator]
    found = told(material)
    assert (found["status"], found["wrong"]) == ("degraded", (reason,))
    assert standing.figures_of(material)[("wrong", reason)] == 1.0
    assert getattr(material.client_peer(material.current().own), "reason", "") == reason, "from that moment, no grace"


def test_a_log_that_refuses_goes_before_all(folder: Folder) -> None:
    an_outdated_list(folder)
    found = standing.with_ends({"status": "log_refuses"}, folder.material("own"))
    assert found["status"] == "log_refuses" and found["wrong"] == ("revocations_outdated",)


def test_an_older_list_beside_the_newest_is_not_the_one_that_ends(folder: Folder) -> None:
    with product.opened(folder.path) as opened:
        lists = [
            issuing.revocations(by, {}, 9, at, days)
            for by in (opened.issuing, opened.root)
            for at, days in ((pki.now() - 9 * DAY, 1), (pki.now(), 30))
        ]
    (folder.path / "crl.pem").write_bytes(b"".join(one.public_bytes(product.PEM) for one in lists))
    found = told(folder.material("own"))
    assert found["status"] == "ok" and str(found["revocations_until"]) > (pki.now() + 29 * DAY).isoformat()


def test_a_file_that_cannot_be_used_is_told_while_the_last_good_one_counts(folder: Folder) -> None:
    material = folder.material("own")
    (folder.path / "crl.pem").write_text("none")
    found = told(material)
    assert (found["status"], found["soon"]) == ("ok", ("tls_files_not_taken",))


def test_on_the_output_it_is_said_once_an_hour_and_when_it_is_over(folder: Folder) -> None:
    an_outdated_list(folder)
    material, watch = folder.material("own"), standing.Watch()
    with capture_logs() as lines:
        for _ in range(standing.AGAIN_AFTER_LOOKS + 1):
            watch.look(material.ends())
        lists_of(folder, 30, pki.now())
        watch.look(material.ends())
    assert [(one["event"], one["reason"]) for one in lines if "reason" in one] == [
        ("organisations_shut_out", "revocations_outdated"),
        ("organisations_shut_out", "revocations_outdated"),
        ("ends_no_more", "revocations_outdated"),
    ]
