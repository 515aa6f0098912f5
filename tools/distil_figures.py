"""Distil the published Dutch figures into `definitions/synthetic/figures.csv`, one row per figure with its source.

Usage: python tools/distil_figures.py FIGURES_FOLDER > src/babyconnect/definitions/synthetic/figures.csv

Columns: `key`; `value`; `unit`; `slack` (how far a region may be off beyond chance, in the same unit: figures are of
different years and definitions); `source` as the figure's own table gives it, `derived:` where it is computed here.
"""

from __future__ import annotations

import csv
import itertools
import sys
from pathlib import Path

Row = dict[str, str]
Figure = tuple[str, float, str, float, str]


def table(folder: Path, name: str) -> list[Row]:
    """The rows; a source `idem` is the one of the row above."""
    with (folder / f"{name}.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for above, row in itertools.pairwise(rows):
        if row.get("source") == "idem":
            row["source"] = above["source"]
    return rows


def place_of_birth(folder: Path) -> list[Figure]:
    last = max(table(folder, "perined_place_of_birth"), key=lambda row: int(row["year"]))
    names = {
        "home_1st_line": "home",
        "birth_centre": "birth_centre",
        "outpatient_1st_line": "outpatient",
        "2nd_line": "second_line",
        "unknown": "unknown",
    }
    source = f"{last['source']}, year {last['year']}"
    return [
        (f"place.{name}", float(last[f"pct_{column}"]), "% of women", 1.0, source) for column, name in names.items()
    ]


def by_gestation(folder: Path) -> list[Figure]:
    """Births per group of weeks follow from deaths and deaths per 1,000 in the same row."""
    keys = {"22-23.6": "22", "24-25.6": "24", "26-31.6": "26", "32-36.6": "32", "37-41.6": "37", ">=42.0": "42"}
    rows = [row for row in table(folder, "perinatal_mortality_by_ga_2017") if row["ga_weeks"] in keys]
    births = {keys[r["ga_weeks"]]: float(r["n"]) / float(r["per_1000"]) * 1000 for r in rows}
    total = sum(births.values())
    source = "Perined 2019 via VZinfo (perinatal mortality by gestation 2017)"
    found: list[Figure] = [
        (f"gestation.{key}", round(100 * n / total, 4), "% of children", 0.2, f"derived: {source}")
        for key, n in births.items()
    ]
    found += [
        (f"mortality.{keys[r['ga_weeks']]}", float(r["per_1000"]), "per 1000 children", 0.0, source) for r in rows
    ]
    return found


def key_figures(folder: Path) -> list[Figure]:
    rows = table(folder, "perined_keyfigures")

    def row(year: int, indicator: str) -> Row:
        return next(r for r in rows if r["year"] == str(year) and r["indicator"] == indicator)

    def figure(key: str, year: int, indicator: str, unit: str, slack: float) -> Figure:
        found = row(year, indicator)
        return key, float(found["value"]), unit, slack, f"Perined key figures {year}: {indicator} ({found['source']})"

    women, children = (float(row(2016, name)["value"]) for name in ("women delivered", "children"))
    primary, secondary = (float(row(2014, f"{kind} CS %")["value"]) for kind in ("primary", "secondary"))
    stillborn, deaths = (float(row(2019, name)["value"]) for name in ("stillborn >=22wk n", "perinatal 28d n"))
    return [
        figure("preterm", 2020, "preterm <37 wk %", "% of children", 0.8),
        figure("sga", 2021, "SGA %", "% of children", 0.5),
        figure("caesarean", 2016, "caesarean %", "% of women", 0.5),
        figure("epidural", 2016, "epidural %", "% of women", 0.7),
        figure("perinatal_mortality", 2019, "perinatal 28d per 1000", "per 1000 children", 1.0),
        (
            "primary_of_caesarean",
            round(100 * primary / (primary + secondary), 2),
            "% of caesareans",
            2.0,
            "derived: primary and secondary CS % 2014, Perined via stichtingbevallingstrauma.nl",
        ),
        (
            "stillborn_of_deaths",
            round(100 * stillborn / deaths, 2),
            "% of perinatal deaths",
            5.0,
            "derived: stillborn and perinatal deaths 2019, Perined 2020 via VZinfo",
        ),
        (
            "twins",
            round(100 * (children / women - 1), 3),
            "% of women",
            0.2,
            "derived: children and women delivered 2016, NTOG/Perined; triplets counted as twins",
        ),
    ]


def labour(folder: Path) -> list[Figure]:
    rows = {r["group"]: r for r in table(folder, "referral_netherlands") if "mean" in r["what"]}
    everyone, first = rows["all practices 2008-2010"], rows["nulliparous 2008-2010"]
    parity = next(r for r in table(folder, "births_nl_recent_partial") if r["period"] == "2023 parity")
    per_rank = [float(part) for part in parity["value"].split("/")]
    nulliparous = per_rank[0] / sum(per_rank)
    later = (float(everyone["value"]) - nulliparous * float(first["value"])) / (1 - nulliparous)
    offerhaus = "Offerhaus 2015 BMC PC 15:42, 2008-2010"
    found: list[Figure] = [
        ("referral.all", float(everyone["value"]), "% of labours begun in the first line", 1.5, offerhaus),
        ("referral.nulliparous", float(first["value"]), "% of labours begun in the first line", 1.5, offerhaus),
        (
            "referral.multiparous",
            round(later, 2),
            "% of labours begun in the first line",
            1.5,
            f"derived: {offerhaus}, weighed by parity 2023 (CBS 37744ned)",
        ),
    ]
    return found + [
        (f"parity.{rank}", round(100 * n / sum(per_rank), 3), "% of births", 1.0, "CBS 37744ned, 2023")
        for rank, n in enumerate(per_rank)
    ]


def weekdays(folder: Path) -> list[Figure]:
    rows = {r["what"]: r for r in table(folder, "births_daypattern") if r["year"] == "2016"}
    known = {
        day: float(rows[f"share {name} %"]["value"])
        for day, name in ((2, "Wednesday"), (4, "Friday"), (5, "Saturday"), (6, "Sunday"))
    }
    rest = (100 - sum(known.values())) / 3
    planned = next(r for r in table(folder, "births_daypattern") if r["what"].startswith("planned CS"))
    return [
        (
            f"weekday.{day}",
            known.get(day, round(rest, 3)),
            "% of births",
            1.0,
            "CBS 2017-08, 2016" if day in known else "derived: what CBS 2017-08 leaves for Monday, Tuesday, Thursday",
        )
        for day in range(7)
    ] + [
        (
            "planned_caesarean_in_office_hours",
            float(planned["value"]),
            "% of births",
            0.0,
            f"{planned['source']} (England, mostly weekdays 09:00-11:59)",
        )
    ]


def months(folder: Path) -> list[Figure]:
    per_month: dict[str, list[float]] = {}
    for row in table(folder, "births_nl_month"):
        per_month.setdefault(row["period"][5:], []).append(float(row["live_births"]))
    days = {"01": 31, "02": 28.33, "03": 31, "04": 30, "05": 31, "06": 30, "07": 31, "08": 31, "09": 30, "Q4": 92}
    per_day = {m: sum(v) / len(v) / days[m] for m, v in per_month.items()}
    mean = sum(per_day[m] * days[m] for m in days) / sum(days.values())
    spread = {**{m: m for m in days if m != "Q4"}, "10": "Q4", "11": "Q4", "12": "Q4"}
    return [
        (
            f"month.{int(m)}",
            round(per_day[of] / mean, 4),
            "births a day, mean 1",
            0.05,
            "derived: CBS 83474NED 2018-2020" + (", fourth quarter as a whole" if of == "Q4" else ""),
        )
        for m, of in sorted(spread.items())
    ]


def main(folder: Path) -> None:
    print("# Dutch figures a synthetic region is calibrated on.  Generated by tools/distil_figures.py; do not edit.")
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("key", "value", "unit", "slack", "source"))
    for part in (place_of_birth, by_gestation, key_figures, labour, weekdays, months):
        writer.writerows(part(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
