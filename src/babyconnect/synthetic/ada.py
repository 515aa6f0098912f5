"""A dossier as ADA XML of the transaction "verloskunde basis" (PWD 3.2), as a system of a practice or hospital has it.

What the transaction has no element for is not in the record, as in real life: allergies, refused screening, fetal
biometry, blood loss.  Dates are absolute.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from babyconnect.birthcare.identifiers import BSN_OID
from babyconnect.synthetic.ada_birth import birth, children, problems
from babyconnect.synthetic.ada_checks import examinations, measurements, visits
from babyconnect.synthetic.ada_names import LOCAL, child_id, text, woman_id
from babyconnect.synthetic.ada_tree import Attributes, Element, moment, reference, tree, unknown, write
from babyconnect.synthetic.codes import Code, code, displays
from babyconnect.synthetic.course import Child
from babyconnect.synthetic.dossier import Dossier
from babyconnect.synthetic.organisations import Organisation, Professional
from babyconnect.synthetic.roles import specialty

TRANSACTION = "med_mij_01_beschikbaarstellen_integrale_zwangerschapskaart"

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<adaxml xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:noNamespaceSchemaLocation='
    f'"../../../projects/perinatologie-326/schemas/ada_{TRANSACTION}.xsd">'
    '<meta status="new" created-by="synthetic" last-update-by="synthetic" creation-date="{date}T00:00:00.000Z" '
    'last-update-date="{date}T00:00:00.000Z"/>'
    f'<data><{TRANSACTION} app="perinatologie-326" shortName="{TRANSACTION}" formName="{TRANSACTION}" '
    'transactionRef="2.16.840.1.113883.2.4.3.11.60.90.77.4.2575" transactionEffectiveDate="2021-04-06T15:01:01" '
    'versionDate="development" prefix="peri20-" language="nl-NL" title="{id}" desc="" id="{id}">'
)


def _listed(oid: str, value: str) -> Code:
    return Code("", oid, value, displays()[oid, value])


def ada(dossier: Dossier, today: dt.date) -> bytes:
    """The record as UTF-8 bytes.  A dossier without a pregnancy cannot be written: the transaction asks for one."""
    body = write(tree("basis_structure"), list(_sections(dossier)))
    head = _HEAD.format(date=today.isoformat(), id=dossier.id)
    return f"{head}{body}</{TRANSACTION}></data></adaxml>".encode()


def _sections(dossier: Dossier) -> Iterator[Element]:
    yield (
        "administratief",
        [
            *_contacts(dossier),
            _woman(dossier),
            *(_child(dossier, child) for child in dossier.children),
            _organisation(dossier.organisation),
            *(_professional(person, dossier) for person in _people(dossier)),
        ],
    )
    episode: list[Element] = [
        ("identificatienummer", Attributes(value=dossier.id, root=LOCAL)),
        ("begin_datum", moment(text(dossier.start))),
    ]
    if dossier.end:
        episode.append(("eind_datum", moment(text(dossier.end))))
    yield "zorgverlening", [("zorg_episode", episode)]
    yield "vrouw", [("demografische_gegevens", [("patient", reference(woman_id(dossier)))])]
    yield (
        "zwangerschapsgegevens",
        [
            ("coordinerend_zorgverlener", [("zorgverlener", reference(dossier.manager.uzi))]),
            ("zwangerschap", _pregnancy(dossier)),
            *_observations(dossier),
            *visits(dossier),
            *problems(dossier, "pregnancy", "probleem_zwangerschap"),
            *_acts(dossier),
        ],
    )
    yield from birth(dossier)
    yield from children(dossier)
    yield from examinations(dossier)
    yield from measurements(dossier)


def _people(dossier: Dossier) -> list[Professional]:
    found = {person.uzi: person for person in (dossier.manager, *(e.by for e in dossier.encounters))}
    return list(found.values())


def _contacts(dossier: Dossier) -> Iterator[Element]:
    for encounter in dossier.encounters:
        when = moment(text(encounter.when))
        yield (
            "contact",
            [
                ("contact_type", _listed("2.16.840.1.113883.5.4", encounter.setting)),
                ("contact_soort", code(encounter.type)),
                ("contact_met", [("zorgverlener", reference(encounter.by.uzi))]),
                ("begin_datum_tijd", when),
                ("eind_datum_tijd", when),
            ],
            encounter.id,
        )


def _woman(dossier: Dossier) -> Element:
    woman = dossier.woman
    name: list[Element] = [("voornamen", woman.given), ("initialen", woman.initials)]
    if woman.called:
        name.append(("roepnaam", woman.called))
    family: list[Element] = [("achternaam", woman.family)]
    if woman.prefix:
        family.append(("voorvoegsels", woman.prefix))
    name += [("naamgebruik", _listed("2.16.840.1.113883.2.4.3.11.60.101.5.4", "NL1")), ("geslachtsnaam", family)]
    number = Attributes(value=woman.bsn, root=BSN_OID) if woman.bsn else Attributes(value=dossier.number, root=LOCAL)
    found: list[Element] = [
        ("naamgegevens", name),
        ("identificatienummer", number),
        ("geboren_indicator", "true"),
        ("geboortedatum", moment(text(woman.born))),
        ("geslacht_administratief", _listed("2.16.840.1.113883.5.1", woman.sex)),
    ]
    if woman.secret_address:
        found.append(("adresgegevens", [("additionele_informatie", "Geheim adres")]))
    else:
        found += [
            ("adresgegevens", _address(woman.street, str(woman.house), woman.postcode, woman.town, "PHYS")),
            ("contactgegevens", [("telefoonnummers", [("telefoonnummer", woman.phone)])]),
        ]
    if woman.sex == "M":
        found.append(("geslacht_identiteit", _listed("2.16.840.1.113883.6.96", "446151000124109")))
    return "patient", found, woman_id(dossier)


def _address(street: str, number: str, postcode: str, town: str, use: str) -> list[Element]:
    return [
        ("straat", street),
        ("huisnummer", number),
        ("postcode", postcode),
        ("woonplaats", town),
        ("land", _listed("1.0.3166.1.2.2", "NL")),
        ("adres_soort", _listed("2.16.840.1.113883.5.1119", use)),
    ]


def _child(dossier: Dossier, child: Child) -> Element:
    woman = dossier.woman
    family: list[Element] = [("achternaam", woman.family)]
    if woman.prefix:
        family.append(("voorvoegsels", woman.prefix))
    found: list[Element] = [
        ("naamgegevens", [("voornamen", child.given), ("geslachtsnaam", family)]),
        ("geboren_indicator", "true"),
        ("identificatienummer", Attributes(value=child_id(dossier, child.rank), root=LOCAL)),
        ("geboortedatum", moment(text(child.born.date()))),
        ("geslacht_administratief", _listed("2.16.840.1.113883.5.1", child.sex)),
        ("meerling_indicator", "true" if dossier.course and dossier.course.twins else "false"),
    ]
    if child.died is not None:
        found += [("overlijdens_indicator", "true"), ("datum_overlijden", moment(text(child.died)))]
    return "patient", found, child_id(dossier, child.rank)


def _organisation(organisation: Organisation) -> Element:
    return (
        "zorgaanbieder",
        [
            ("zorgaanbieder_identificatienummer", Attributes(root="2.16.840.1.113883.2.4.6.1", value=organisation.agb)),
            ("organisatie_naam", organisation.name),
            ("adresgegevens", _address("Testplein", str(organisation.number), "9999XZ", organisation.town, "WP")),
            ("organisatie_type", _listed("2.16.840.1.113883.2.4.15.1060", organisation.type)),
        ],
        organisation.agb,
    )


def _professional(person: Professional, dossier: Dossier) -> Element:
    return (
        "zorgverlener",
        [
            ("zorgverlener_identificatienummer", Attributes(root="2.16.528.1.1007.3.1", value=person.uzi)),
            ("naamgegevens", [("voornamen", person.given), ("geslachtsnaam", [("achternaam", person.family)])]),
            ("specialisme", specialty(person.role)),
            ("zorgaanbieder", reference(dossier.organisation.agb)),
        ],
        person.uzi,
    )


def _pregnancy(dossier: Dossier) -> list[Element]:
    period = next(iter(dossier.facts_of("last_period")), None)
    estimate = next(iter(dossier.facts_of("due_estimated")), None)
    dates: list[Element] = [
        (
            "aterme_datum",
            moment(text(estimate.value)) if estimate and isinstance(estimate.value, dt.date) else unknown(),
        ),
        ("bepalings_methode", code(estimate.method) if estimate else unknown()),
        ("datum_bepaling", moment(text(estimate.when)) if estimate and estimate.when else unknown()),
        (
            "datum_laatste_menstruatie",
            moment(text(period.value)) if period and isinstance(period.value, dt.date) else unknown(),
        ),
    ]
    found: list[Element] = [
        ("zwangerschapsduur", unknown("NA")),
        ("pariteit", str(dossier.parity)),
        ("graviditeit", str(dossier.gravidity)),
        ("aterme_datum_items", dates),
    ]
    if dossier.note:
        found.append(("toelichting", dossier.note))
    for end in dossier.facts_of("pregnancy_end"):
        if isinstance(end.value, dt.date):
            found.append(("datum_einde_zwangerschap", moment(text(end.value))))
    return found


def _observations(dossier: Dossier) -> Iterator[Element]:
    for fact in dossier.facts_of("due_definitive")[:1]:
        if isinstance(fact.value, dt.date) and fact.when:
            yield (
                "definitieve_a_terme_datum_observatie",
                [
                    ("definitieve_a_terme_datum_tijd", moment(text(fact.when))),
                    ("definitieve_a_terme_waarde", moment(text(fact.value))),
                    ("definitieve_a_terme_methode", code(fact.method)),
                ],
            )
    for fact in dossier.facts_of("twins")[:1]:
        yield (
            "meerling_zwangerschap_observatie",
            [
                ("meerling_zwangerschap_datum_tijd", moment(text(fact.when or dossier.start))),
                ("tweelingzwangerschap_waarde", code(str(fact.value))),
                ("observatie_methode", code(fact.method)),
            ],
        )
    for fact in dossier.facts_of("folate")[:1]:
        yield (
            "foliumzuurgebruik_observatie",
            [
                ("foliumzuurgebruik_datum_tijd", moment(text(fact.when or dossier.start))),
                ("foliumzuurgebruik_waarde", code(str(fact.value))),
            ],
        )


def _acts(dossier: Dossier) -> Iterator[Element]:
    for act in dossier.acts:
        if act.about == "pregnancy" and not act.not_done and act.code in _IN_PREGNANCY:
            kind = _other(act.code) if act.code in _UNLISTED else code(act.code)
            yield (
                "verrichting_zwangerschap",
                [
                    ("verrichting_start_datum", moment(text(act.when))),
                    ("verrichting_type", kind),
                ],
            )


def _other(name: str) -> Attributes:
    """What the value list of a procedure in pregnancy has no code for goes as "other" with its words."""
    other = _listed("2.16.840.1.113883.5.1008", "OTH")
    return Attributes(code=other.code, codeSystem=other.oid, displayName=other.display, originalText=code(name).display)


_IN_PREGNANCY = ("act.bloods", "act.counselling", "act.admission", "act.anti_d")
_UNLISTED = frozenset({"act.anti_d"})
