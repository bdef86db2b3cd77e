"""What commands and the page of assessments both begin with: a span of time, its proposals, its sheet, its files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from gisapp.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from gisapp.network import Network
    from gisapp.operations import Operation
    from gisapp.reports.situation import Situation
    from gisapp.store import Store

KINDS = ("month", "quarter", "year")
FINDINGS = (
    "breach", "reward", "duty", "unordered", "repeat_repair", "repeat_complaint", "exposure", "pollution",
    "warranty_leak", "unreported_site", "uncooperative", "asked_again",
)  # fmt: skip
"""What proposals rest on."""
_DUTY = ("duty", "start", "due_at", "done_at", "state", "article", "own_setting")
_OPERATION = ("shutoffs", "shutoff_steps", "valve_operations", "notices")
_NETWORK = ("nodes", "links", "devices", "customers", "connections", "hydrants")


@dataclass(frozen=True)
class Sheet:
    """The sheet of an assessment: the facts, the rates of the clocks, and the share of every part of a score."""

    facts: pd.DataFrame
    rates: pd.DataFrame
    weights: Mapping[str, float]


def span(kind: str, text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first moment of a month, quarter or year (:data:`KINDS`), and the first moment after it.

    Raises
    ------
    InputError
        When it is written otherwise.
    """
    from gisapp.times import parse_moment

    first, months = _first_day(kind, text)
    last = first.month - 1 + months
    following = first.replace(year=first.year + last // 12, month=last % 12 + 1)
    start, end = (parse_moment(str(day), zone).to_pydatetime() for day in (first, following))
    return start, end


def kind_of(text: str) -> str:
    """Return what a span is, by the way it is written."""
    return "quarter" if "Q" in text else "month" if "-" in text else "year"


def _first_day(kind: str, text: str) -> tuple[date, int]:
    """Return the first day of a span and its months."""
    forms = {
        "month": (r"(\d{4})-(0[1-9]|1[0-2])", "write a month such as 2026-10"),
        "quarter": (r"(\d{4})-Q([1-4])", "write a quarter such as 2026-Q3"),
        "year": (r"([12]\d{3})", "write a year such as 2026"),
    }
    form, todo = forms[kind]
    found = re.fullmatch(form, text)
    if found is None:
        raise InputError(f"found {text!r}", todo=todo, field=f"--{kind}")
    if kind == "year":
        return date(int(found[1]), 1, 1), 12
    step = 1 if kind == "month" else 3
    return date(int(found[1]), step * int(found[2]) - step + 1, 1), step


def records_in(store: Store) -> list[Operation]:
    """Return every operation of a store."""
    from gisapp.operations import operation_of

    own = [store.table(name) for name in _OPERATION]
    return [operation_of(code, *own) for code in own[0]["code"]]


def network_in(store: Store, utility: str) -> Network:
    """Return the network of one utility from the store's tables."""
    from gisapp.network import network_of

    return network_of(utility, *(store.table(name) for name in _NETWORK))


def networks_in(store: Store) -> Callable[[str], Network]:
    """Return what gives the network of a utility, each made once."""
    return cache(lambda utility: network_in(store, utility))


def situation_in(
    store: Store,
    operation: Operation,
    now: datetime,
    *,
    own_rules: Path | None = None,
    network: Callable[[str], Network] | None = None,
    pressure_m: float | None = None,
    progress: Any = None,
) -> Situation:
    """Return the situation of an operation of a store, answered as the network stood before it.

    ``own_rules`` stand in place of the rules that the store keeps; with ``pressure_m`` it holds the estimate of who
    keeps supply but falls below that pressure.
    """
    from gisapp.network import reduced_pressure
    from gisapp.reports.situation import TABLES, situation_of

    network = network or networks_in(store)
    known, answer = network(operation.utility), answer_in(store, operation, network)
    return situation_of(
        answer,
        {name: store.table(name) for name in TABLES},
        now=now,
        zone=store.zone,
        operation=operation,
        own_rules=own_rules or store.kept_rules("shutoffs"),
        pressure=None if pressure_m is None else reduced_pressure(known, answer, below_m=pressure_m, progress=progress),
    )


def answer_in(store: Store, operation: Operation, network: Callable[[str], Network]) -> Any:
    """Return who loses supply by an operation, answered as the network stood before it."""
    from gisapp.network import shutoff
    from gisapp.operations import states_for

    states = states_for(operation, store.table("valve_operations"), store.table("devices"))
    return shutoff(network(operation.utility), operation.bursts, **asdict(states))


def counted_records(store: Store) -> list[Operation]:
    """Return every operation of a store but drills, the newest first."""
    from gisapp.operations.duties import counted_operations

    counted = set(counted_operations(store.table("shutoffs"))["code"])
    records = [record for record in records_in(store) if record.code in counted]
    return sorted(records, key=lambda record: (record.opened_at, record.code), reverse=True)


def duties_in(
    store: Store,
    records: list[Operation],
    own_rules: Path | None = None,
    *,
    network: Callable[[str], Network] | None = None,
    say: Callable[[str], object] = str,
) -> pd.DataFrame:
    """Return the duties of operations, each with the head of its own; ``say`` takes what could not be known."""
    import pandas as pd

    network = network or networks_in(store)
    parts = [_with_head(record, duties_of(store, record, network, own_rules, say)) for record in records]
    empty = pd.DataFrame(columns=["shutoff", "utility", "kind", "unit_code", *_DUTY])
    return pd.concat([part for part in parts if len(part)], ignore_index=True) if any(map(len, parts)) else empty


def _with_head(record: Operation, table: pd.DataFrame) -> pd.DataFrame:
    head = {"shutoff": record.code, "utility": record.utility, "kind": record.kind, "unit_code": record.unit_code}
    return table.assign(**head)[[*head, *table.columns]]


def duties_of(
    store: Store,
    operation: Operation,
    network: Callable[[str], Network],
    own_rules: Path | None,
    say: Callable[[str], object],
) -> pd.DataFrame:
    """Return the duties of an operation; without what it reaches, said so, where its links are known no longer."""
    import pandas as pd

    from gisapp.operations.duties import duties
    from gisapp.rules import shutoff_rules

    now = pd.Timestamp.now(tz=store.zone).to_pydatetime()
    day = operation.opened_at.astimezone(store.zone).date()
    rules = shutoff_rules(day, own_rules or store.kept_rules("shutoffs"))
    try:
        reach = situation_in(store, operation, now, own_rules=own_rules, network=network).reach
    except InputError as error:
        say(f"{operation.code}: without hydrants, homes and communities: {error}")
        reach = None
    return duties(operation, rules, now=now, zone=store.zone, reach=reach)


def found_proposals(
    store: Store,
    start: datetime,
    end: datetime,
    at: datetime | None = None,
    *,
    network: Callable[[str], Network] | None = None,
    say: Callable[[str], object] = str,
) -> pd.DataFrame:
    """Return what the rules propose for a span of a store, judged at a moment, now when None."""
    from gisapp.reports.proposals import TABLES, proposals

    records = [one for one in counted_records(store) if start <= one.opened_at < end]
    tables = {name: store.table(name) for name in TABLES}
    duties, now = duties_in(store, records, network=network, say=say), at or datetime.now(UTC)
    return proposals(tables, store.rule_book, start=start, end=end, now=now, duties=duties)


def assessed_sheet(
    store: Store, start: datetime, end: datetime, *, by: str, at: datetime | None = None, cases: bool = True
) -> Sheet:
    """Return the sheet of a span by ``unit``, ``grid`` or ``person``, judged at a moment, now when None.

    Without ``cases`` incidents of a restricted category are left out: it is read by who sees none of them.
    """
    from gisapp.incidents import clock_table, incidents_of
    from gisapp.incidents.assessment import assessed, assessment, clock_rates
    from gisapp.incidents.scores import shares
    from gisapp.incidents.seeing import open_to_all

    every, steps, book = store.table("incidents"), store.table("incident_steps"), store.rule_book
    every = every if cases else open_to_all(every, book)
    rows = every[(every["reported_at"] >= start) & (every["reported_at"] < end)]
    mine = steps[steps["incident_code"].isin(rows["code"])]
    records = assessed(incidents_of(rows, mine, book.life), start, end)
    clocks = clock_table(records, lambda one: book.at(one.reported_at), now=at or datetime.now(UTC), zone=store.zone)
    weights = shares(book.at(end - timedelta(seconds=1)))
    return Sheet(assessment(records, by=by), clock_rates(records, clocks, by=by), weights)


def sheet_html(sheet: Sheet, store: Store, *, by: str, span_name: str, language: str) -> str:
    """Return a sheet as one page that prints."""
    from gisapp.reports.as_html import text_html
    from gisapp.reports.assessing import assessment_text
    from gisapp.reports.texts import Edition

    text = assessment_text(sheet.facts, sheet.rates, sheet.weights, by=by, span=span_name, language=language)
    return text_html(Edition(text, span_name), issuer=str(store.setting("issuer") or store.name))


def sheet_xlsx(sheet: Sheet, *, note: str = "") -> bytes:
    """Return a sheet as a file of three sheets, with ``note``, who took it out, on a fourth."""
    import pandas as pd

    from gisapp.harmless import harmless_cells

    held = BytesIO()
    with pd.ExcelWriter(held, engine="openpyxl") as book:
        harmless_cells(sheet.facts).to_excel(book, sheet_name="facts", index=False)
        harmless_cells(sheet.rates).to_excel(book, sheet_name="clocks", index=False)
        pd.Series(dict(sheet.weights), name="share").rename_axis("part").to_excel(book, sheet_name="weights")
        if note:
            pd.DataFrame({"note": [note]}).to_excel(book, sheet_name="note", index=False, header=False)
    return held.getvalue()
