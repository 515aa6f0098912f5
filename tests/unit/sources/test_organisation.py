"""`organisation.toml`: what is not known or nonsense is refused with file, place and rule, never read as something."""

from __future__ import annotations

import pathlib

import pytest

from babyconnect.birthcare.parties import Kind
from babyconnect.sources import organisation
from babyconnect.sources.organisation import Unreadable

AUTHORITY = '[[authority]]\nchild = "k"\nbsn = "999901023"\nstart = "2026-09-01"\nborn = "2026-09-01"\n'
CONSENT = '[[consent]]\nbsn = "999901023"\nactor = "*"\npermit = '


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('soort = "hospital"', "organisation: 'soort' is not known; there are agb, "),
        ('kind = "zeppelin"', "organisation: kind: valid are midwifery_practice, hospital"),
        ('type = "zeppelin"', "organisation: type: valid are G3, V4"),
        ('kind = "hospital"\ntype = "G3"', "organisation: type: valid for this kind are V4, V5, V6"),
        (f'{CONSENT}"yes"', "consent 1: permit: valid are true and false"),
        (f"{CONSENT}1", "consent 1: permit: valid are true and false"),
        (f'{CONSENT}true\ngroup = ["*"]', "consent 1: 'group' is not known; there are actor, bsn, end, groups"),
        ('[[staff]]\nusername = "a"\nname = "A"\nrole = "nurse"\nrol = "x"', "staff 1: 'rol' is not known"),
        ('[[enrolment]]\npatient = "p"\nstart = "2026-05-01"\neinde = "x"', "enrolment 1: 'einde' is not known"),
        (f'{AUTHORITY}standing = "mother"\nsource = "brp"', "authority 1: standing: valid are parent, guardian"),
        (f'{AUTHORITY}standing = "parent"\nsource = "birth"', "authority 1: source: valid are register, brp"),
        (f'{AUTHORITY}standing = "parent"', "authority 1: 'source' is missing"),
    ],
)
def test_what_is_not_understood_is_refused_with_file_place_and_rule(
    text: str, rule: str, tmp_path: pathlib.Path
) -> None:
    (tmp_path / "organisation.toml").write_text(text)
    with pytest.raises(Unreadable) as refused:
        organisation.read(tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / 'organisation.toml'}: {rule}")
    assert "999901023" not in str(refused.value)


def test_a_consent_is_a_permission_or_an_objection_and_nothing_else(tmp_path: pathlib.Path) -> None:
    (tmp_path / "organisation.toml").write_text(f"{CONSENT}true\n{CONSENT}false\n")
    (tmp_path / "consents.csv").write_text("bsn,permit,actor\n999901023,true,*\n999901023,false,*\n")
    assert [c.permit for _, c in organisation.read(tmp_path).consents] == [True, False, True, False]


def test_an_unknown_column_of_a_table_is_refused_too(tmp_path: pathlib.Path) -> None:
    (tmp_path / "consents.csv").write_text("bsn,permit,actor,eind\n999901023,true,*,\n")
    with pytest.raises(Unreadable, match=r"consents.csv: consent 1: 'eind' is not known"):
        organisation.read(tmp_path)


def test_the_documented_form_is_taken_as_it_stands(tmp_path: pathlib.Path) -> None:
    page = pathlib.Path(__file__).parents[3] / "docs" / "operators.md"
    example = page.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    (tmp_path / "organisation.toml").write_text(example)
    found = organisation.read(tmp_path)
    assert (found.name, found.kind, len(found.consents)) == ("Verloskundigen Proef", Kind.MIDWIFERY_PRACTICE, 1)
