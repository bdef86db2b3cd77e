"""What the rules propose after a period: breaches, rewards, repeats. Facts with their rows; a person decides.

Nothing here is a verdict: each row tells what was found, by which article, what speaks against it, and the range that
the rules name. What a person decided stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd

from gisapp.incidents import (
    Incident,
    RuleBook,
    clock_table,
    first_reports,
    incidents_of,
    repeat_complaints,
    repeat_repairs,
)
from gisapp.incidents.assessment import assessed, subject_of
from gisapp.incidents.merging import among
from gisapp.incidents.rewards import reward_of
from gisapp.operations import cooperation, without_order
from gisapp.rules import IncidentRules
from gisapp.sites import sites_of
from gisapp.sites.reported import late_reports

TABLES = (
    *("incidents", "incident_steps", "links", "org_units", "shutoffs", "valve_operations"),
    *("shutoff_steps", "construction_sites", "site_steps"),
)
"""The tables that proposals are found in."""
COLUMNS = (
    "proposal", "finding", "what", "incident_code", "shutoff_code", "linked", "utility", "grid_code", "unit_code",
    "person", "at", "least", "most", "whom", "against", "article",
)  # fmt: skip
STAFF = ("crew", "unit", "grid_leader", "grid_member", "dispatcher", "supervision", "discipline")
"""Who registers something as one of these is of the house; a report taken by customer service is an outsider's."""


def proposals(
    tables: Mapping[str, Any],
    book: RuleBook,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    duties: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return what the rules propose for a period.

    Parameters
    ----------
    tables
        Those of :data:`TABLES`.
    book
        The rules: of each thing those of its own day hold.
    start, end
        The period, its end not included: incidents reported in it, as :func:`gisapp.incidents.assessment.assessed`
        counts them; repairs and reports that came again in it; valves turned and works begun in it;
        units asked in it to help with a shutoff.
    now
        The moment of judging, aware.
    duties
        Those of shutoff operations opened in the period: ``shutoff``, ``utility``, ``unit_code`` and the columns of
        :func:`gisapp.operations.duties.duties`; None leaves them out.

    Returns
    -------
    DataFrame
        One row a proposal, by what happened first: ``proposal`` (its id), ``finding`` (one of
        :data:`gisapp.rules.penalties.FINDINGS`, ``reward`` or ``asked_again``), ``what`` (clock, duty, cause, staff or
        outsider), the rows it rests on (``incident_code``, ``shutoff_code``, ``linked``: the earlier incident, the
        first report, the valve, the construction site), ``unit_code`` and ``person`` whom it concerns, ``at``,
        ``least`` and ``most`` in yuan (missing where the rules name none), ``whom`` the sum is for, ``against``: what
        speaks against it, comma separated.

    Notes
    -----
    Water service rules Art. 6, 29 to 37.
    """
    every, steps = tables["incidents"], tables["incident_steps"]
    rows = every[((every["reported_at"] >= start) & (every["reported_at"] < end)).to_numpy()]
    mine = steps[steps["incident_code"].isin(rows["code"]).to_numpy()]
    records = assessed(incidents_of(rows, mine, book.life), start, end)
    known = {one.code: one for one in records}
    first = start.astimezone(book.zone).date()
    last = (end - timedelta(microseconds=1)).astimezone(book.zone).date()
    found = [
        *_breaches(known, book, now),
        *_rewards(known, tables, book),
        *_marked(known, tables["org_units"], book),
        *_asked_again(known),
        *_repeats(every, book, (first, last)),
        *_unordered(tables["valve_operations"], book, start, end),
        *_unreported(tables, book, start, end),
        *_uncooperative(tables, book, (start, end), now),
        *_undone(duties, book),
    ]
    table = pd.DataFrame(found, columns=list(COLUMNS))
    table["at"] = pd.to_datetime(table["at"], utc=True)
    return table.sort_values(["at", "proposal"], kind="stable", ignore_index=True)


def _of(incident: Incident) -> dict[str, Any]:
    """Return what every proposal about an incident says of it."""
    return {
        "incident_code": incident.code,
        "utility": incident.head.get("utility"),
        "grid_code": incident.head.get("grid_code"),
        "unit_code": incident.standing.unit_code,
        "person": subject_of(incident, "person"),
    }


def _ranged(rules: IncidentRules, finding: str, what: str, article: str, **told: Any) -> dict[str, Any]:
    """Return the range of a finding by the first row that fits; without one its own article and no sum."""
    row = next((one for one in rules.penalty if one.fits(finding, what, **told)), None)
    if row is None:
        return {"article": article}
    least, most = row.range_of()
    return {"least": least, "most": most, "whom": row.whom or None, "article": row.article}


def _breaches(known: Mapping[str, Incident], book: RuleBook, now: datetime) -> Iterator[dict[str, Any]]:
    """Yield every clock that was breached: the same as the breached ones of an assessment."""
    clocks = clock_table(known.values(), lambda one: book.at(one.reported_at), now=now, zone=book.zone)
    for clock in clocks[clocks["state"] == "breached"].to_dict("records"):
        incident = known[clock["incident_code"]]
        marks, channel = incident.standing.marks, str(incident.head.get("channel"))
        rules = book.at(incident.reported_at)
        against = {
            "system_failure": clock["excused"],
            "extended": clock["extended_state"] != "breached",
            "own_setting": clock["own_setting"],
        }
        yield {
            "proposal": f"breach:{incident.code}:{clock['clock']}:{clock['repair']}",
            "finding": "breach",
            "what": clock["clock"],
            "at": clock["due_at"],
            "against": _words(against),
            **_of(incident),
            **_ranged(rules, "breach", clock["clock"], clock["article"], channel=channel, marks=marks),
        }


def _rewards(known: Mapping[str, Incident], tables: Mapping[str, Any], book: RuleBook) -> Iterator[dict[str, Any]]:
    """Yield for every leak that was repaired whom the rules reward: whoever reported it first (Art. 30)."""
    every, links = tables["incidents"], tables["links"]
    water = (links["utility"] == "water").to_numpy()
    sizes = dict(zip(links["code"].array[water], links["diameter_mm"].array[water], strict=True))
    mine = every[among(every["code"], known) | among(every["duplicate_of"], known)]
    merged = first_reports(mine)
    firsts = dict(zip(merged["incident_code"], merged["first_code"], strict=True))
    channels = dict(zip(mine["code"], mine["channel"], strict=True))
    steps = tables["incident_steps"]
    begun = steps[(steps["step"] == 1).to_numpy() & among(steps["incident_code"], channels)]
    role_of = dict(zip(begun["incident_code"], begun["role"], strict=True))
    for incident in known.values():
        repaired = incident.standing.repairs[0].moments.get("repaired_at")
        if incident.head["type"] not in ("leak", "burst") or incident.head.get("utility") != "water" or not repaired:
            continue
        first = firsts.get(incident.code, incident.code)
        if channels[first] == "sensor":
            continue  # nobody reported it
        size = sizes.get(incident.head.get("link_code"))
        rule = reward_of(None if size is None or pd.isna(size) else float(size), book.at(incident.reported_at))
        of_house = role_of.get(first) in STAFF or channels[first] == "patrol"
        amount = (rule.staff if of_house else rule.outsider) if rule else None
        yield _of(incident) | {
            "proposal": f"reward:{incident.code}",
            "finding": "reward",
            "what": "staff" if of_house else "outsider",
            "linked": first,
            "unit_code": None,
            "person": None,
            "at": repaired,
            "least": amount,
            "most": amount,
            "whom": "person",
            "against": _words({"diameter_unknown": rule is None}),
            "article": rule.article if rule else "供水服务办法 第三十条",
        }


def _marked(known: Mapping[str, Incident], units: pd.DataFrame, book: RuleBook) -> Iterator[dict[str, Any]]:
    """Yield what somebody marked or found: exposure in the media, polluted water, a leak in a builder's warranty."""
    builders = set(units.loc[units["kind"] == "contractor", "code"])
    for incident in known.values():
        standing, rules = incident.standing, book.at(incident.reported_at)
        leak = incident.head["type"] in ("leak", "burst", "meter_well_leak")
        finding, what = None, ""
        if leak and standing.unit_code in builders:
            finding = "warranty_leak"
        elif any(one.finding == "pollution" and one.fits("pollution", str(standing.cause)) for one in rules.penalty):
            finding, what = "pollution", str(standing.cause)
        told = {"what": what, "at": incident.reported_at, "against": "", **_of(incident)}
        if finding is not None:
            yield (
                told
                | {"proposal": f"{finding}:{incident.code}", "finding": finding}
                | _ranged(rules, finding, what, "")
            )
        for row in rules.penalty if "exposed" in standing.marks else ():
            if row.finding == "exposure":
                name = {"proposal": f"exposure:{incident.code}:{row.whom}", "finding": "exposure", "what": row.whom}
                yield told | name | {
                    "least": row.least, "most": row.most, "whom": row.whom or None, "article": row.article,
                }  # fmt: skip


def _asked_again(known: Mapping[str, Incident]) -> Iterator[dict[str, Any]]:
    """Yield business of which more than once was said that papers are missing: all must be told at once."""
    for incident in known.values():
        told = [step for step in incident.steps if step.action == "name_missing"]
        if len(told) > 1:
            yield {
                "proposal": f"asked_again:{incident.code}",
                "finding": "asked_again",
                "what": str(len(told)),
                "at": told[1].at,
                "against": "",
                "article": "供电服务大厅管理办法 三（一）2：一次性告知",
                **_of(incident),
            }


def _repeats(incidents: pd.DataFrame, book: RuleBook, days: tuple[date, date]) -> Iterator[dict[str, Any]]:
    """Yield repairs that did not hold and customers who had to report again, as the pages list them."""
    repairs = repeat_repairs(incidents, book.zone, period=days).table
    complaints = repeat_complaints(incidents, book.zone, period=days).table
    marks = ("third_party", "in_warranty", "reported_before")
    mine = incidents[among(incidents["code"], {*repairs["incident_code"], *complaints["incident_code"]})]
    heads = pd.DataFrame(mine[["code", "utility", "grid_code"]]).set_index("code").to_dict("index")
    for finding, table, moment in (
        ("repeat_repair", repairs, "repaired_at"), ("repeat_complaint", complaints, "reported_at"),
    ):  # fmt: skip
        for row in table.to_dict("records"):
            head = heads[row["incident_code"]]
            against = {name: pd.notna(row.get(name)) and bool(row.get(name)) for name in marks}
            yield {
                "proposal": f"{finding}:{row['incident_code']}:{row['earlier_code']}",
                "finding": finding,
                "what": f"{row['days']} days",
                "incident_code": row["incident_code"],
                "linked": row["earlier_code"],
                "utility": head["utility"],
                "grid_code": head["grid_code"],
                "unit_code": row["unit_code"],
                "at": row[moment],
                "against": _words(against),
                **_ranged(book.at(row[moment]), finding, "", ""),
            }


def _unordered(log: pd.DataFrame, book: RuleBook, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """Yield who turned a valve without an order (Art. 19)."""
    bare = without_order(log)
    for row in bare[(bare["at"] >= start) & (bare["at"] < end)].to_dict("records"):
        yield {
            "proposal": f"unordered:{row['utility']}:{row['device_code']}:{row['at'].isoformat()}",
            "finding": "unordered",
            "what": row["action"],
            "linked": row["device_code"],
            "utility": row["utility"],
            "person": row["actor"],
            "at": row["at"],
            "against": "",
            **_ranged(book.at(row["at"]), "unordered", row["action"], "供水服务办法 第十九条"),
        }


def _unreported(tables: Mapping[str, Any], book: RuleBook, start: datetime, end: datetime) -> Iterator[dict[str, Any]]:
    """Yield works that began before dispatch was told place, period, leader and contact (Art. 35(9))."""
    late = late_reports(sites_of(tables["construction_sites"], tables["site_steps"]), start, end)
    for row in late.to_dict("records"):
        what = "never" if pd.isna(row["reported_at"]) else "late"
        yield {
            "proposal": f"unreported_site:{row['code']}",
            "finding": "unreported_site",
            "what": what,
            "linked": row["code"],
            "utility": row["utility"],
            "unit_code": row["unit_code"],
            "at": row["started_at"],
            "against": _words({"reported_later": what == "late"}),
            **_ranged(book.at(row["started_at"]), "unreported_site", what, "供水服务办法 第三十五条（九）"),
        }


def _uncooperative(
    tables: Mapping[str, Any], book: RuleBook, span: tuple[datetime, datetime], now: datetime
) -> Iterator[dict[str, Any]]:
    """Yield units that were asked to help with a shutoff and did not in time (Art. 35(2)); drills are left out."""
    heads = tables["shutoffs"].set_index("code")
    asked = cooperation(tables["shutoff_steps"], now=now)
    late = asked[(asked["state"] == "breached") & (asked["asked_at"] >= span[0]) & (asked["asked_at"] < span[1])]
    for row in late[~late["shutoff_code"].isin(heads.index[heads["drill"]])].to_dict("records"):
        what = "never" if pd.isna(row["came_at"]) else "late"
        yield {
            "proposal": f"uncooperative:{row['shutoff_code']}:{row['step']}",
            "finding": "uncooperative",
            "what": what,
            "shutoff_code": row["shutoff_code"],
            "utility": heads["utility"].get(row["shutoff_code"]),
            "unit_code": row["unit_code"],
            "at": row["until"],
            "against": "",
            **_ranged(book.at(row["asked_at"]), "uncooperative", what, "供水服务办法 第三十五条（二）"),
        }


def _undone(duties: pd.DataFrame | None, book: RuleBook) -> Iterator[dict[str, Any]]:
    """Yield the duties of shutoffs that were breached: approval, notices, postings, what dispatch is told."""
    if duties is None:
        return
    for row in duties[duties["state"] == "breached"].to_dict("records"):
        at = row["due_at"] if pd.notna(row["due_at"]) else row["done_at"] if pd.notna(row["done_at"]) else row["start"]
        yield {
            "proposal": f"duty:{row['shutoff']}:{row['duty']}",
            "finding": "duty",
            "what": row["duty"],
            "shutoff_code": row["shutoff"],
            "utility": row["utility"],
            "unit_code": row["unit_code"],
            "at": at,
            "against": _words({"own_setting": row["own_setting"]}),
            **_ranged(book.at(at), "duty", row["duty"], row["article"]),
        }


def _words(flags: Mapping[str, Any]) -> str:
    return ",".join(name for name, flag in flags.items() if flag)


def with_decisions(found: pd.DataFrame, decisions: pd.DataFrame) -> pd.DataFrame:
    """Return proposals with what was decided last about each: verdict, decided_by, decided_at and amount."""
    last = decisions.sort_values("number").drop_duplicates("proposal", keep="last").set_index("proposal")
    mine = last.reindex(found["proposal"])
    told = {"verdict": "verdict", "decided_by": "decided_by", "decided_at": "at", "amount": "amount"}
    return found.assign(**{name: mine[column].array for name, column in told.items()})


def by_unit(found: pd.DataFrame, findings: Iterable[str] = ()) -> pd.DataFrame:
    """Return how many proposals of each finding concern each unit, those of nobody under an empty code (Art. 6)."""
    some = found[found["finding"].isin(list(findings))] if findings else found
    counts = some.assign(unit_code=some["unit_code"].fillna("")).groupby(["unit_code", "finding", "what"]).size()
    return counts.rename("count").reset_index()
