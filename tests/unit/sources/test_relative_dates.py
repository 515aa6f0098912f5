"""Relative dates of the published fixtures count from the date that is given for T."""

from __future__ import annotations

import datetime as dt

import pytest

from babyconnect.sources.relative_dates import resolve

T = {"T": dt.date(2024, 3, 31)}


@pytest.mark.parametrize(
    ("relative", "absolute"),
    [
        (b"${DATE, T, D, -111}", b"2023-12-11"),
        (b"${DATE, T, D, +42}", b"2024-05-12"),
        (b"${DATE, T, M, -1}", b"2024-02-29"),
        (b"${DATE, T, Y, -30}", b"1994-03-31"),
        (b"${DATE, T, D, -1}T10:00:00+01:00", b"2024-03-30T10:00:00+01:00"),
        (b"${DATE, T, D, 0}", b"2024-03-31"),
    ],
)
def test_a_relative_date_becomes_a_calendar_date(relative: bytes, absolute: bytes) -> None:
    assert resolve(relative, T) == absolute


@pytest.mark.parametrize("text", [b"${DATE, X, D, -1}", b"${DATE, T, D, -999999}", b"${UUID}", b"T-111D"])
def test_what_cannot_be_resolved_stays_as_it_is(text: bytes) -> None:
    assert resolve(text, T) == text


def test_without_a_date_for_t_nothing_changes() -> None:
    assert resolve(b"${DATE, T, D, -1}", {}) == b"${DATE, T, D, -1}"
