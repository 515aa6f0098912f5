"""One examination, exported by an ultrasound system and as ADA (transaction echo): the same facts."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from babyconnect.birthcare.identifiers import BSN_OID
from babyconnect.sources.ada import read
from babyconnect.synthetic.ada_tree import Attributes, Element, moment, quantity, reference, tree, write
from babyconnect.synthetic.codes import Code
from babyconnect.translate import ada
from tests.support.ultrasound import TODAY, exam, export, translated

DAY = moment("2026-07-20")
SCT = "2.16.840.1.113883.6.96"
US = Code("", SCT, "278292003", "echografie (kwalificatiewaarde)")


def coded(code: str, oid: str = SCT, display: str = "") -> Attributes:
    return Attributes(code=code, codeSystem=oid, **({"displayName": display} if display else {}))


def measured(group: str, name: str, value: str, unit: str, percentile: str = "", method: bool = True) -> Element:
    part = name.removesuffix("waarde")
    found: list[Element] = [(name, quantity(value, unit))]
    found += [("meet_methode", US)] if method else []
    found += [(f"{part}datum_begin_tijd", DAY), (f"{part}datum_eind_tijd", DAY)]
    found += [(f"{part}percentiel_waarde", quantity(percentile, "%"))] if percentile else []
    return group, found


def by_ada() -> list[dict[str, Any]]:
    woman: Element = (
        "patient",
        [
            ("naamgegevens", [("initialen", "A.B."), ("geslachtsnaam",
              [("voorvoegsels", "van der"), ("achternaam", "Testvrouw")])]),
            ("identificatienummer", Attributes(value="999990019", root=BSN_OID)),
            ("geboortedatum", moment("1994-03-12")),
            ("geslacht_administratief", coded("F", "2.16.840.1.113883.5.1", "Vrouw")),
        ],
        "woman",
    )  # fmt: skip
    # PWD's structure has `rangnummer` for a child; what tells a fetus from another is our own (see `_facts`).
    fetus: Element = ("patient", [("meerling_indicator", "false")], "fetus")
    biometry: list[Element] = [
        measured("foetale_buikomtrek__ac_meting", "acwaarde", "151", "mm", "50"),
        ("foetale_schedelomvang", [("schedelomvang_waarde", quantity("172", "mm")),
         ("schedelomvang_percentiel_waarde", quantity("40", "%")), ("schedelomvang_datum_tijd", DAY)]),
        measured("foetale_femurlengte__fl_meting", "flwaarde", "31", "mm", "33"),
        measured("foetale_biparietale_diameter__bpd_meting", "bpdwaarde", "47.2", "mm"),
        measured("foetale_transcerebellar_diameter__tcd_meting", "tcdwaarde", "21", "mm", "20"),
        measured("foetale_nekplooidikte__nt_meting", "ntwaarde", "2.1", "mm"),
        measured("foetaal_geschat_gewicht__efw_meting", "efwwaarde", "320", "g"),
        measured("foetaal_longitudinale_blaas_diameter__lbd_meting", "lbdwaarde", "52", "mm"),
    ]  # fmt: skip
    seen: list[Element] = [
        ("foetale_hartslag_hartfrequentie", [("hartfrequentie_datum_tijd", DAY),
         ("hartfrequentie_waarde", quantity("146", "/min")), ("hartslag_meet_methode", coded("408808009"))]),
        ("ligging_foetus_meting", [("ligging_foetus_waarde", coded("6096002")), ("meet_methode", US),
         ("meet_datum_begin_tijd", DAY), ("meet_datum_eind_tijd", DAY)]),
        ("vruchtwater_meting", [("meet_datum_tijd", DAY), ("hoeveelheid_vruchtwater_waarde", coded("278092006")),
         ("meet_methode", US)]),
        ("placenta_lokalisatie_observatie", [("placenta_lokalisatie_datum_tijd", DAY),
         ("placentalokalisatie_waarde", coded("6951000146104")), ("ostium_waarde", coded("62531004")),
         ("observatie_methode", US)]),
        ("cervixlengte_meting", [("cervixlengte_waarde", quantity("34", "mm")), ("meet_methode", US),
         ("cervixlengte_datum_begin_tijd", DAY), ("cervixlengte_datum_eind_tijd", DAY)]),
        ("orgaansysteem_foetus_observatie", [("orgaansysteem_foetus_datum_tijd", DAY),
         ("observatie_naam", coded("122489005")), ("orgaansysteem_foetus_waarde", coded("263654008")),
         ("observatie_methode", US), ("toelichting", "verwijd")]),
        ("sonomarkers_observatie", [("observatie_datum_tijd", DAY), ("sonomarker_naam", coded("430035004")),
         ("sonomarker_waarde", coded("2", "2.16.840.1.113883.2.4.4.13.54")), ("observatie_methode", US)]),
    ]  # fmt: skip
    general: list[Element] = [
        ("observatie_datum_tijd", DAY), ("observatie_methode", US),
        ("conclusie_waarde", coded("2", "2.16.840.1.113883.2.4.4.13.56")),
        ("verdenking_afwijkingobv_waarde", coded("1", "2.16.840.1.113883.2.4.3.22.1.2.200")),
        ("advies_waarde", coded("4", "2.16.840.1.113883.2.4.4.13.57")),
    ]  # fmt: skip
    echo: list[Element] = [
        ("echografische_bevindingen_algemeen_observatie", general), ("biometrie", biometry), ("bevindingen", seen),
        ("tekst_uitslag", [("tekst_resultaat", "Verdenking pyelectasie")]),
        ("verrichting_maternaal_onderzoek", reference("exam")),
    ]  # fmt: skip
    act: list[Element] = [
        ("verrichting_start_datum", DAY), ("verrichting_eind_datum", DAY),
        ("verrichting_type", coded("143701000146108")),
        ("locatie", [("zorgaanbieder", reference("place"))]), ("uitvoerder", [("zorgverlener", reference("somebody"))]),
    ]  # fmt: skip
    place: Element = (
        "zorgaanbieder",
        [
            ("organisatie_naam", "Echocentrum Test"),
            ("zorgaanbieder_identificatienummer", Attributes(value="90012345", root="2.16.840.1.113883.2.4.6.1")),
        ],
        "place",
    )
    somebody: Element = ("zorgverlener", [
        ("zorgverlener_identificatienummer", Attributes(value="900000001", root="2.16.528.1.1007.3.1")),
        ("naamgegevens", [("geslachtsnaam", [("achternaam", "Echoscopist")])])], "somebody")  # fmt: skip
    due: list[Element] = [
        ("aterme_datum", moment("2026-12-06")), ("datum_bepaling", moment("2026-05-01")),
        ("bepalings_methode", coded("31541000146106")),
    ]  # fmt: skip
    body = write(tree("echo_structure"), [
        ("administratief", [woman, fetus, place, somebody]),
        ("zorgverlening", [("zorg_episode", [("identificatienummer", Attributes(value="77")),
          ("begin_datum", moment("2026-05-01"))])]),
        ("vrouw", [("demografische_gegevens", [("patient", reference("woman"))])]),
        ("zwangerschapsgegevens", [("zwangerschap", [("graviditeit", "2"), ("pariteit", "1"),
          ("aterme_datum_items", due)])]),
        ("medisch_onderzoek", [
            ("foetusspecifieke_onderzoeksgegevens", [("patient", reference("fetus")), ("echoscopie", echo)]),
            ("maternale_onderzoeksgegevens", [("verrichting_maternaal_onderzoek", act, "exam")]),
        ]),
    ])  # fmt: skip
    name = "med_mij_echo_beschikbaarstellen"
    content = f'<{name} transactionRef="2.16.840.1.113883.2.4.3.11.60.90.77.4.2638" id="x">{body}</{name}>'
    made = ada.translate(read(content.encode()), TODAY)
    assert not [f for f in made.findings if f.severity == "error"]
    return made.resources


EXPORT = export(
    exam(
        '<bpd>47.2</bpd><hc percentile="40">172</hc><ac percentile="50">151</ac><fl percentile="33">31</fl>'
        '<tcd percentile="20">21</tcd><nt>2.1</nt><efw>320</efw><bladder_length>52</bladder_length>'
        "<heart_rate>146</heart_rate><presentation>breech</presentation><amniotic_fluid>normal</amniotic_fluid>"
        '<placenta os="free">posterior</placenta>'
        '<anatomy><structure name="kidneys" state="abnormal">verwijd</structure></anatomy>'
        '<markers><marker name="pyelectasis" found="yes"/></markers><conclusion>abnormal</conclusion>'
        "<suspicion>structural</suspicion><advice>guo2</advice><report>Verdenking pyelectasie</report>",
        more="<cervix_length>34</cervix_length>",
    ),
    pregnancy="<id>77</id><start_date>2026-05-01</start_date><gravida>2</gravida><para>1</para>"
    '<edd method="CRL" determined="2026-05-01">2026-12-06</edd>',
)


def _facts(resources: list[dict[str, Any]]) -> Counter[str]:
    """Each resource without its id, each reference as the type that it is to, and what our own says of a fetus gone."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            if "reference" in value:
                return value["reference"].partition("/")[0]
            return {key: plain(v) for key, v in sorted(value.items()) if key not in ("display", "id")}
        return sorted((plain(v) for v in value), key=str) if isinstance(value, list) else str(value)

    kept = [{k: v for k, v in r.items() if (r["resourceType"], k) != ("BodySite", "description")} for r in resources]
    return Counter(json.dumps(plain(resource), sort_keys=True) for resource in kept)


def test_an_export_and_ada_of_the_same_examination_say_the_same() -> None:
    ours, theirs = _facts(translated(EXPORT).resources), _facts(by_ada())
    assert len(theirs) > 20
    assert not theirs - ours
    assert not ours - theirs
