"""Records of birth care (ADA of PWD 3.2) for tests: a woman, her children, a birth, a postpartum week."""

from __future__ import annotations

from babyconnect.birthcare.ada import AdaElement, AdaRecord

SNOMED = "2.16.840.1.113883.6.96"
BSN_ROOT = "2.16.840.1.113883.2.4.6.3"
AGB_ROOT = "2.16.840.1.113883.2.4.6.1"
BSN_CHILD = "999900754"
TRANSACTION = "med_mij_uitbreiding_verloskunde_beschikbaarstellen"


def e(name: str, *inner: AdaElement, **attributes: str) -> AdaElement:
    return AdaElement(name, "", attributes, inner, 1)


def v(name: str, value: str, **attributes: str) -> AdaElement:
    return e(name, value=value, **attributes)


def coded(name: str, code: str, display: str = "", system: str = SNOMED) -> AdaElement:
    return e(name, code=code, codeSystem=system, displayName=display)


def ref(name: str, to: str) -> AdaElement:
    return e(name, value=to, datatype="reference")


def woman() -> AdaElement:
    name = e("naamgegevens", e("geslachtsnaam", v("achternaam", "Moedersnaam")))
    return e("patient", v("identificatienummer", "999900730", root=BSN_ROOT), name,
             v("geboortedatum", "1991-02-03"), v("overlijdens_indicator", "false"), id="V")  # fmt: skip


def child(number: str, *said: AdaElement, bsn: str = "") -> AdaElement:
    own = v("identificatienummer", bsn, root=BSN_ROOT) if bsn else v("identificatienummer", number, root="1.2.3")
    name = e("naamgegevens", v("voornamen", f"Kind{number}"))
    return e("patient", own, name, v("geboortedatum", "2026-11-16"), *said, id=number)


def of_child(number: str, *said: AdaElement) -> AdaElement:
    return e("kind", e("demografische_gegevens", ref("patient", number)), *said)


def examined(weight: str, unit: str = "g", apgar: str = "9") -> AdaElement:
    score = e("apgar_score5min", v("apgar_score_totaal", apgar))
    return e("lichamelijk_onderzoek_kind",
             e("geboortegewicht_lichaamsgewicht", v("gewicht_waarde", weight, unit=unit)),
             e("lichaamslengte", v("lengte_waarde", "51.5", unit="cm")),
             e("bevindingen", e("algemene_indruk", score)))  # fmt: skip


def delivered(number: str, *said: AdaElement) -> AdaElement:
    return e("uitdrijvingsfase", ref("patient", number), *said)


def week(*children: AdaElement) -> AdaElement:
    return e("postnatale_fase", e("kraamweek", *children))


def in_week(number: str, *said: AdaElement) -> AdaElement:
    return e("kind", ref("patient", number), *said)


def record(
    *parts: AdaElement, persons: tuple[AdaElement, ...] = (), delivery: tuple[AdaElement, ...] = ()
) -> AdaRecord:
    provider = e("zorgaanbieder", v("zorgaanbieder_identificatienummer", "01012345", root=AGB_ROOT),
                 v("organisatie_naam", "Praktijk De Ooievaar"), id="O")  # fmt: skip
    root = e(TRANSACTION, e("administratief", woman(), *persons, provider),
             e("vrouw", e("demografische_gegevens", ref("patient", "V"))),
             e("bevalling", v("partusnummer", "P1", root="1.2.4"), v("zwangerschapsduur", "278", unit="d"), *delivery),
             *parts)  # fmt: skip
    return AdaRecord(TRANSACTION, "", "3.2", "R1", "", root)
