"""Rate limits, sessions and the fetched assets' integrity."""

from __future__ import annotations

import io
import pathlib
import tarfile
from collections.abc import Callable

import pytest

from babyconnect.birthcare.identifiers import Ura
from babyconnect.birthcare.parties import Kind, Party, Person, Role
from babyconnect.web.limits import MOST_KEYS, Limit
from babyconnect.web.login.claims import always
from babyconnect.web.login.sessions import MOST_RECORDS, Sessions, StaffSession
from tools.fetch_assets import AssetFault, checked, members, tarball_address, without_source_map

PARTY = Party(Ura("90000001"), "De Linde", Kind.MIDWIFERY_PRACTICE)
PERSON = Person("p", "Anna", Role.MIDWIFE)


def of_anna(shut: Callable[[str], None]) -> StaffSession[str]:
    return StaffSession(person=PERSON, party=PARTY, shut=shut, holds=always)


def test_a_limit_gives_turns_back_as_time_passes() -> None:
    now = [0.0]
    limit = Limit(2, 60, lambda: now[0])
    assert [limit.take("a"), limit.take("a"), limit.take("a"), limit.take("b")] == [True, True, False, True]
    now[0] = 61
    assert limit.take("a")


def test_a_limit_remembers_no_more_than_so_many_keys() -> None:
    limit = Limit(1, 60, lambda: 0.0)
    for number in range(MOST_KEYS + 10):
        limit.take(str(number))
    assert len(limit._moments) == MOST_KEYS


def test_a_session_is_found_by_its_token_only_and_the_token_is_not_kept() -> None:
    sessions: Sessions[StaffSession[str]] = Sessions(lambda: 0.0)
    session = of_anna(lambda record: None)
    token = sessions.start(session)
    assert sessions.find(token) is session and sessions.find(token + "x") is None
    assert token not in repr(vars(sessions))


def test_a_session_holds_no_more_records_than_fit_and_closes_the_oldest() -> None:
    closed: list[str] = []
    sessions: Sessions[StaffSession[str]] = Sessions(lambda: 0.0)
    session = of_anna(closed.append)
    sessions.start(session)
    for number in range(MOST_RECORDS + 1):
        session.keep(str(number))
    assert closed == ["0"] and len(session.records) == MOST_RECORDS
    sessions.end_all()
    assert len(closed) == MOST_RECORDS + 1


def test_a_session_that_ended_keeps_nothing_of_a_request_that_was_under_way() -> None:
    shut: list[str] = []
    sessions: Sessions[StaffSession[str]] = Sessions(lambda: 0.0)
    session = of_anna(shut.append)
    token = sessions.start(session)
    session.close()
    session.keep("while she is here")
    assert list(session.records.values()) == ["while she is here"] and shut == []
    sessions.end(token)
    session.keep("too late")
    assert session.records == {} and shut == ["while she is here", "too late"]


def test_a_tarball_that_differs_from_the_lock_file_is_not_opened() -> None:
    with pytest.raises(AssetFault, match="integrity"):
        checked(b"other", "sha512-AAAA", "x@1")
    with pytest.raises(AssetFault, match="sha512"):
        checked(b"other", "sha1-AAAA", "x@1")


def test_only_the_files_that_are_asked_for_come_out_of_a_tarball(tmp_path: pathlib.Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("package/a.css", "../../evil"):
            entry = tarfile.TarInfo(name)
            entry.size = 1
            archive.addfile(entry, io.BytesIO(b"x"))
    assert members(packed.getvalue(), ["a.css"], "x") == {"a.css": b"x"}
    with pytest.raises(AssetFault, match=r"no file b\.css"):
        members(packed.getvalue(), ["b.css"], "x")


def test_a_scoped_package_is_found_where_registries_keep_it() -> None:
    assert tarball_address("https://r", "@a/b-css", "1.2.3") == "https://r/@a/b-css/-/b-css-1.2.3.tgz"
    assert without_source_map(b"a{}/*# sourceMappingURL=x.map */\n") == b"a{}\n"
