"""Where to look in a record of birth care: paths of names, and whose child something is about.

A path is that of `hl7v3.sites` (`a/b`, `/a/b` from the root, `..`, `->` what a reference means) and six steps more:
`@woman`, `@children` (the persons of the record); `<a.b` from a person: what lies at `/a/b` and says that it is about
her or him; `@admissions` from a child: the groups that say that it was admitted; `@alone` (the root, where the record
has one child and no other who may be one: for what a record does not say per child); `@carer` (the care providers that
this record says are its own).
"""

from __future__ import annotations

from dataclasses import dataclass

from babyconnect.translate.hl7v3.sites import Site
from babyconnect.translate.recasting.admissions import admissions

_PERSONS = "/administratief/patient"
_BIRTH = "bevalling/uitdrijvingsfase"
_OF_CHILD = ("kind", _BIRTH, "postnatale_fase/kraamweek/kind")
_RESPONSIBLE = ("/zorgverlening/zorg_episode/zorg_episode_verantwoordelijke/zorgverlener/->/zorgaanbieder/->",
                "/zwangerschapsgegevens/coordinerend_zorgverlener/zorgverlener/->/zorgaanbieder/->")  # fmt: skip
_OF_WOMAN = "/vrouw/demografische_gegevens/patient"
_ACTS = "verrichting_kindspecifieke_maternale_verrichtingen"


@dataclass(frozen=True, slots=True)
class Focus:
    """Whom a record is made about where it is about one child: by the person's id, and by which of its admissions."""

    child: str = ""
    admission: int = 0


WHOLE = Focus()


def select(here: Site, path: str, focus: Focus = WHOLE) -> list[Site]:
    """The sites that the path leads to, in the order of the record, each once."""
    found = [here.root if path.startswith("/") else here]
    for step in path.strip("/").split("/"):
        found = [next_ for site in found for next_ in _step(site, step, focus)]
    return list({id(site): site for site in found}.values())


def children(root: Site) -> list[Site]:
    """The persons that the record calls a child by what it says of them; the woman is none."""
    meant = {site.element.value for path in _OF_CHILD for about in root.select(f"/{path}") for site in _about(about)}
    meant -= _named_woman(root)
    return [person for person in root.select(_PERSONS) if person.element.id in meant]


def stays(child: Site) -> list[Site]:
    """The admissions of a child, as the groups that tell of them."""
    told = [stay for about in _speaking_of(child, "kind") for stay in about.step("opname_ontslag_overplaatsing")]
    done = [act for birth in _speaking_of(child, _BIRTH) for act in birth.step(_ACTS)]
    return admissions(told, done)


def _step(site: Site, step: str, focus: Focus) -> list[Site]:
    root = site.root
    if step == "@children":
        return [child for child in children(root) if focus.child in ("", child.element.id)]
    if step == "@admissions":
        found = stays(site)
        return found[focus.admission - 1 : focus.admission] if focus.admission else found
    if step == "@woman":
        return _woman(root)
    if step == "@alone":
        return [root] if _only_child(root) else []
    if step == "@carer":
        return _carers(root)
    if step.startswith("<"):
        return _speaking_of(site, step[1:].replace(".", "/"))
    return site.step(step)


def _woman(root: Site) -> list[Site]:
    named = _named_woman(root)
    persons = root.select(_PERSONS)
    others = [person for person in persons if person.element.id in named]
    # A record that names nobody as the woman is about the one person who is no child.
    rest = [person for person in persons if person not in children(root)]
    return others[:1] or (rest if len(rest) == 1 else [])


def _carers(root: Site) -> list[Site]:
    """Of whom the episode is, or who coordinates; without either the only care provider; of several nobody can tell."""
    stated = [provider for path in _RESPONSIBLE for provider in root.select(path)]
    providers = root.select("/administratief/zorgaanbieder")
    return stated[:1] or (providers if len(providers) == 1 else [])


def _about(site: Site) -> list[Site]:
    return [*site.step("patient"), *site.select("demografische_gegevens/patient")]


def _speaking_of(person: Site, path: str) -> list[Site]:
    """What names this person and nobody else; of a birth the woman whose it was may stand beside, or alone.

    What names nobody is about the only child, if she or he is it.
    """
    woman = _named_woman(person.root)
    own = {person.element.id}
    only = own == {child.element.id for child in _only_child(person.root)}
    found = []
    for site in person.root.select(f"/{path}"):
        named = {about.element.value for about in _about(site) if about.element.value}
        if path == _BIRTH:
            named -= woman
        if named == own or (only and not named):
            found.append(site)
    return found


def _only_child(root: Site) -> list[Site]:
    """The child, when no other person but the named woman is there: another may be a twin of whom no group speaks."""
    woman = _named_woman(root)
    others = [person for person in root.select(_PERSONS) if person.element.id not in woman]
    return others if len(others) == 1 and len(children(root)) == 1 else []


def _named_woman(root: Site) -> set[str]:
    return {site.element.value for site in root.select(_OF_WOMAN)}
