"""`demo --load`: a folder that cannot be used is named with what is wrong, and the others load."""

from __future__ import annotations

import datetime as dt
import json
import pathlib

import pytest

from babyconnect.birthcare.parties import Kind
from babyconnect.cli.demonstration.loading import load
from babyconnect.cli.demonstration.plan import LogIn, Member, Plan, Showcase
from babyconnect.cli.failure import Failure


def plan() -> Plan:
    return Plan(8100, 14, 1, dt.date(2026, 11, 21), "-", Showcase("-", "", "-"))


def organisation(folder: pathlib.Path, text: str) -> pathlib.Path:
    folder.mkdir(parents=True)
    (folder / "organisation.toml").write_text(text)
    patient = {"resourceType": "Patient", "id": folder.name, "birthDate": "1994-02-03"}
    (folder / "p.json").write_text(json.dumps(patient))
    return folder


def test_one_bad_folder_is_left_out_and_the_others_load(tmp_path: pathlib.Path) -> None:
    organisation(tmp_path / "in" / "goed", 'name = "Goed"\nkind = "hospital"\n')
    organisation(tmp_path / "in" / "misspeld", 'name = "Fout"\nsoort = "hospital"\n')
    (organisation(tmp_path / "in" / "stuk", "") / "q.xml").write_text("<adaxml")
    demo, told = plan(), list[str]()

    load(tmp_path, demo, tmp_path / "in", told.append)

    assert [member.slug for member in demo.members] == ["goed"]
    (misspelt, broken) = [line for line in told if "LEFT OUT" in line]
    assert "misspeld/organisation.toml: organisation: 'soort' is not known" in misspelt
    assert "error at stuk/q.xml: line" in broken
    assert "[xml]" in broken


def test_when_no_folder_is_left_the_demo_ends(tmp_path: pathlib.Path) -> None:
    organisation(tmp_path / "in" / "fout", "kind = 'zeppelin'\n")
    with pytest.raises(Failure, match="none of its folders can be used"):
        load(tmp_path, plan(), tmp_path / "in", lambda _: None)


def test_an_organisation_cannot_take_another_ones_number_or_log_in(tmp_path: pathlib.Path) -> None:
    demo, told = plan(), list[str]()
    person = LogIn("eva", "Eva Proef", "gynaecologist")
    demo.members.append(Member("eerst", "Eerst", "90009991", Kind.HOSPITAL, "", 8101, str(tmp_path), (person,)))
    organisation(tmp_path / "in" / "nummer", 'name = "A"\nkind = "hospital"\nura = "90009991"\n')
    staff = '[[staff]]\nusername = "eva"\nname = "Eva Ander"\nrole = "nurse"\n'
    organisation(tmp_path / "in" / "persoon", f'name = "B"\nkind = "hospital"\n{staff}')
    organisation(tmp_path / "in" / "wel", 'name = "C"\nkind = "hospital"\n')

    load(tmp_path, demo, tmp_path / "in", told.append)

    assert [member.slug for member in demo.members] == ["eerst", "wel"]
    assert any("ura: 90009991 is that of Eerst" in line for line in told)
    assert any("somebody else has the log-in eva" in line for line in told)
