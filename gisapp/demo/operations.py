"""Shutoffs of the last months and the coming weeks: emergencies after bursts, planned works, a drill."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from gisapp.demo.frames import framed
from gisapp.demo.people import DISPATCH, NETWORK, REPAIR_BASE
from gisapp.demo.sizes import NOW
from gisapp.network import Network, Shutoff, network_of, shutoff
from gisapp.operations import notice_digest
from gisapp.operations.lifecycle import FIRST_STATUS, TRANSITIONS

NETWORK_TABLES = ("nodes", "links", "devices", "customers", "connections", "hydrants")
OPERATION_TABLES = (*NETWORK_TABLES, "crews", "buildings")
"""The tables that :func:`operation_tables` reads."""
EMERGENCIES, DONE_WORKS = 12, 6
_LATE = 2
"""Which of the planned works was published too late."""
_FIRST_DAY = datetime(2026, 7, 6, 1, 0, tzinfo=UTC)  # a Monday, nine in the morning in China
_COMING = (datetime(2026, 12, 1, 1, 0, tzinfo=UTC), datetime(2026, 12, 8, 1, 0, tzinfo=UTC))
_REASONS = ("更换老旧管道", "阀门检修", "新建管道接驳", "道路施工迁改", "冲洗管道", "消火栓检修")


@dataclass(frozen=True)
class _Work:
    """A planned work: what is shut, from when for how long, and how long before it was opened and published."""

    link: str
    start: datetime
    hours: int
    reason: str
    near: tuple[str, ...] = ()
    utility: str = "water"
    opened_d: int = 6
    published_h: int = 44

    @property
    def end(self) -> datetime:
        """Return the planned end."""
        return self.start + timedelta(hours=self.hours)


_ELSEWHERE = (  # done works of the other utilities, and one of power to come; where is sought
    _Work("", datetime(2026, 10, 12, 0, 30, tzinfo=UTC), 5, "线路检修", utility="power"),
    _Work("", datetime(2026, 9, 15, 0, 30, tzinfo=UTC), 6, "调压设施检修", utility="gas"),
    _Work("", datetime(2026, 9, 22, 0, 30, tzinfo=UTC), 30, "管网检修", utility="heating"),
    _Work("", datetime(2026, 12, 3, 0, 30, tzinfo=UTC), 6, "更换电缆", utility="power"),
)
_CAUSES = {  # texts say the reason in the words of the record
    "corrosion": "管道腐蚀爆管",
    "settlement": "地面沉降爆管",
    "third_party": "外力损坏管道",
    "frost": "冻裂爆管",
    "pressure": "压力波动爆管",
}
_SAID = {"water": "请提前储水", "power": "请提前安排用电", "gas": "请关闭灶前阀门", "heating": "请注意保暖"}
_OFF = {"water": "停水", "power": "停电", "gas": "停气", "heating": "停热"}


@dataclass
class _Log:
    """Rows of the four tables as they gather."""

    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in ("shutoffs", "shutoff_steps", "valve_operations", "notices")}
    )
    status: dict[str, str] = field(default_factory=dict)

    def open(self, head: Mapping[str, Any], actor: str) -> str:
        """Add a head and its first step; return the code, which tells the day in China."""
        day = (head["opened_at"] + timedelta(hours=8)).strftime("S%Y%m%d")
        number = 1 + sum(row["code"].startswith(day) for row in self.rows["shutoffs"])
        code = f"{day}-{number:03d}"
        self.rows["shutoffs"].append({"code": code, "utility": "water", "drill": False, **head})
        self._step(code, "open", head["opened_at"], actor, None, FIRST_STATUS[head["kind"]])
        return code

    def step(self, code: str, action: str, at: datetime, actor: str = DISPATCH, **told: str) -> None:
        """Add a step; a transition moves the status."""
        head = next(row for row in self.rows["shutoffs"] if row["code"] == code)
        was = self.status[code]
        now = TRANSITIONS[head["kind"]][was].get(action, was)
        self._step(code, action, at, actor, was, now, **told)

    def _step(self, code: str, action: str, at: datetime, actor: str, was: str | None, now: str, **told: str) -> None:
        number = 1 + sum(row["shutoff_code"] == code for row in self.rows["shutoff_steps"])
        moment = {"at": at, "noted_at": at + timedelta(minutes=1), "actor": actor, "action": action}
        place = {"shutoff_code": code, "step": number, "from_status": was, "to_status": now}
        self.rows["shutoff_steps"].append(place | moment | told)
        self.status[code] = now

    def valve(self, code: str | None, device: Mapping[str, Any], action: str, at: datetime, actor: str) -> None:
        """Add what was done to a valve; without an order it is one of water."""
        turns = None if action.startswith("could") else device["turns"]
        utility = next((row["utility"] for row in self.rows["shutoffs"] if row["code"] == code), "water")
        row = {"utility": utility, "device_code": device["code"], "action": action, "turns": turns}
        self.rows["valve_operations"].append(row | {"at": at, "actor": actor, "shutoff_code": code})

    def notice(self, code: str, title: str, body: str, at: datetime) -> None:
        """Add a released notice."""
        row = {"shutoff_code": code, "kind": "shutoff_notice", "language": "zh-Hans", "revision": 1}
        text = {"released_at": at, "released_by": DISPATCH, "channel": "web", "title": title, "body": body}
        self.rows["notices"].append(row | text | {"digest": notice_digest(title, body)})

    def tables(self, links: pd.DataFrame) -> dict[str, pd.DataFrame]:
        """Return the four tables; an operation stands at the middle of its first link."""
        places = links.set_index(["utility", "code"])["geom"]
        first = [(row["utility"], row["links"].split(",")[0].split("@")[0]) for row in self.rows["shutoffs"]]
        spots = np.array([places[key].interpolate(0.5, normalized=True) for key in first], dtype=object)
        made = {name: _columns(rows) for name, rows in self.rows.items()}
        return {name: framed(name, rows, spots if name == "shutoffs" else None) for name, rows in made.items()}


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    frame = pd.DataFrame(list(rows))
    return {str(name): frame[name] for name in frame.columns}


def operation_tables(
    tables: Mapping[str, pd.DataFrame], bursts: pd.DataFrame, rng: np.random.Generator
) -> dict[str, pd.DataFrame]:
    """Return ``shutoffs``, ``shutoff_steps``, ``valve_operations`` and ``notices`` of a sample city.

    Parameters
    ----------
    tables
        The tables of the standing city.
    bursts
        Incidents among which the emergencies are sought: water, of the last months, oldest first.
    rng
        Chance.
    """
    network = network_of("water", *(tables[name] for name in NETWORK_TABLES))
    log = _Log()
    _emergencies(log, network, tables, bursts)
    _works(log, network, tables, rng)
    _drill(log, network, rng)
    _elsewhere(log, tables, rng)
    return log.tables(tables["links"])


def fit_bursts(incidents: pd.DataFrame) -> pd.DataFrame:
    """Return the incidents that an emergency can be told of: water bursts on a known pipe, arrived at and repaired."""
    known = incidents[(incidents["type"] == "burst") & (incidents["utility"] == "water")]
    known = known[known["measure_m"].notna() & known["link_code"].notna() & known["duplicate_of"].isna()]
    return known[known["repaired_at"] - known["arrived_at"] > pd.Timedelta(hours=3)]


def _emergencies(log: _Log, network: Network, tables: Mapping[str, pd.DataFrame], bursts: pd.DataFrame) -> None:
    """Tell the last bursts that could be isolated; at every fourth a valve was found stuck."""
    crews = [str(code) for code in tables["crews"].query("utility == 'water'")["code"]]
    told = 0
    for row in bursts.iloc[::-1].to_dict("records"):  # a dozen, the newest first
        answer = shutoff(network, [(row["link_code"], row["measure_m"])])
        if not answer.isolated_possible or not 1 <= len(answer.must_close) <= 12:
            continue
        stuck = answer.must_close["code"].iloc[0] if told % 4 == 3 else None
        if stuck is not None:
            answer = shutoff(network, [(row["link_code"], row["measure_m"])], stuck=[stuck])
            if not answer.isolated_possible:
                continue
        near = _communities_of(tables, answer)
        _emergency(log, row, answer, near, stuck=stuck, crew=crews[told % len(crews)])
        told += 1
        if told == EMERGENCIES:
            return


def _emergency(
    log: _Log, row: Mapping[Any, Any], answer: Shutoff, near: Sequence[str], *, stuck: str | None, crew: str
) -> None:
    """Tell one emergency from the crew's arrival to the answer; where a valve was stuck dispatch heard of it late."""
    opened, repaired = (row[name].to_pydatetime(warn=False) for name in ("arrived_at", "repaired_at"))
    links = f"{row['link_code']}@{row['measure_m']:g}"
    head = {
        "kind": "emergency",
        "links": links,
        "incident_code": row["code"],
        "reason": _CAUSES.get(row["cause"], "管道爆管"),
    }
    code = log.open(head | {"unit_code": NETWORK, "opened_at": opened}, DISPATCH)
    at = _after(opened)
    log.step(code, "send_crew", at(1), subject=crew)
    log.step(code, "order", at(4))
    log.step(code, "start_closing", at(9), NETWORK)
    if stuck is not None:
        log.valve(code, {"code": stuck}, "could_not_close", at(9), crew)
    for minute, valve in _by_minutes(answer, 10):
        log.valve(code, valve, "closed", at(minute), crew)
    off = 12 + 6 * len(answer.must_close)
    first, second = repaired + timedelta(minutes=-50), repaired + timedelta(minutes=25)
    said = first.replace(second=0, microsecond=0).isoformat()
    facts: list[tuple[int, str, str, dict[str, str]]] = [
        (off, "cut_off", NETWORK, {}),
        (16 if stuck is None else 29, "inform_dispatch", NETWORK, {}),
        (off + 15, "set_etr", NETWORK, {"value": said}),
        (min(off + 18, 95), "publish", DISPATCH, {"value": "web"}),
        *((off + 40 + 15 * number, "post", NETWORK, {"subject": place}) for number, place in enumerate(near)),
    ]
    if answer.totals["hydrants"]:
        facts.append((28, "inform_fire_service", DISPATCH, {}))
    if repaired - opened > timedelta(hours=24):
        facts.append((22 * 60, "arrange_supply", DISPATCH, {"value": "供水车"}))
    for minute, action, actor, told in sorted(facts, key=lambda fact: fact[0]):
        log.step(code, action, at(minute), actor, **told)
    if stuck is not None:
        log.step(code, "set_etr", first, NETWORK, value=second.isoformat(), note="管沟积水，延长作业")
    log.step(code, "finish_work", repaired + timedelta(minutes=-40), NETWORK)
    log.step(code, "refill", repaired + timedelta(minutes=-35), NETWORK)
    for minute, valve in _by_minutes(answer, -30):
        log.valve(code, valve, "opened", repaired + timedelta(minutes=minute / 4 - 20), crew)
    log.step(code, "restore", repaired, NETWORK)
    log.step(code, "answer", repaired + timedelta(minutes=12), NETWORK)
    if (closed := repaired + timedelta(hours=14)) <= NOW:
        log.step(code, "close", closed)


def _after(start: datetime) -> Any:
    return lambda minutes: start + timedelta(minutes=minutes)


def _by_minutes(answer: Shutoff, first: int) -> Iterable[tuple[int, Mapping[str, Any]]]:
    """Return the valves to close in order, six minutes apart."""
    valves = answer.must_close.to_dict("records")
    return ((first + 6 * number, {str(key): value for key, value in row.items()}) for number, row in enumerate(valves))


def _works(log: _Log, network: Network, tables: Mapping[str, pd.DataFrame], rng: np.random.Generator) -> None:
    """Tell planned works: some done, one published, two approved for the same morning."""
    picked = [*_isolable(network, rng, DONE_WORKS + 1), *_costly_pair(network, rng)]
    for number, (link, answer) in enumerate(picked):
        coming = number - DONE_WORKS
        work = _Work(
            link,
            start=_COMING[min(coming, 1)] if coming >= 0 else _FIRST_DAY + timedelta(days=21 * number),
            hours=6 if number % 2 else 8,
            reason=_REASONS[number % len(_REASONS)],
            near=_communities_of(tables, answer),
        )
        if coming >= 0:
            ahead = replace(work, opened_d=20, published_h=250)
            _planned(log, ahead, until="published" if coming == 0 else "approved")
        else:
            _done(log, replace(work, published_h=20) if number == _LATE else work, answer)


def _elsewhere(log: _Log, tables: Mapping[str, pd.DataFrame], rng: np.random.Generator) -> None:
    """Tell planned works of power, gas and heating."""
    networks: dict[str, Network] = {}
    for kind in _ELSEWHERE:
        if kind.utility not in networks:
            networks[kind.utility] = network_of(kind.utility, *(tables[name] for name in NETWORK_TABLES))
        for link, answer in _isolable(networks[kind.utility], rng, 1):
            near = _communities_of(tables, answer)
            work = replace(kind, link=link, near=near, opened_d=20, published_h=264)
            if work.start > NOW:
                _planned(log, work, until="published")
            else:
                _done(log, work, answer)


def _isolable(network: Network, rng: np.random.Generator, wanted: int) -> list[tuple[str, Shutoff]]:
    """Return links, each with its answer, that two to ten valves cut out with somebody behind them."""
    links = network.links
    fit_ranks = links["rank"].isin(["main", "branch"]) & links["kind"].isin(["pipe", "cable"])
    able = links.loc[fit_ranks, "code"].to_numpy(dtype=object)
    found: list[tuple[str, Shutoff]] = []
    seen: set[str] = set()
    for code in rng.permutation(able):
        answer = shutoff(network, [code])
        fit = answer.isolated_possible and 2 <= len(answer.must_close) <= 10 and answer.totals["customers"]
        if fit and code not in seen:
            found.append((str(code), answer))
            seen |= set(answer.isolated.links["code"])
        if len(found) == wanted:
            break
    return found


def _costly_pair(network: Network, rng: np.random.Generator) -> list[tuple[str, Shutoff]]:
    """Return two links, each with its answer, between which somebody is fed round either but not round both."""
    found = _isolable(network, rng, 40)
    for _, between in found:
        sides = [_beyond(network, code, between) for code in between.must_close["code"]]
        for a, b in product(sides[0], sides[1]) if len(sides) == 2 else ():
            one, other = shutoff(network, [a]), shutoff(network, [b])
            if _households(shutoff(network, [a, b])) > _households(one) + _households(other):
                return [(a, one), (b, other)]
    return found[:2]


def _beyond(network: Network, device: str, zone: Shutoff) -> list[str]:
    """Return the links at the node where a device stands that lie outside a zone."""
    row = network.devices.loc[network.devices["code"] == device].iloc[0]
    links = network.links
    mine = links.loc[links["code"] == row["link_code"]].iloc[0]
    if row["end"] == "mid":
        return []
    node = mine[f"{row['end']}_node"]
    there = links[(links["from_node"] == node) | (links["to_node"] == node)]
    return [str(code) for code in there["code"] if code not in set(zone.isolated.links["code"])]


def _households(answer: Shutoff) -> int:
    return int(str(answer.totals["households"]))


def _communities_of(tables: Mapping[str, pd.DataFrame], answer: Shutoff) -> tuple[str, ...]:
    """Return the communities in which somebody loses supply."""
    buildings = tables["buildings"]
    hit = pd.concat([answer.isolated.customers["building_code"], answer.unintended.customers["building_code"]])
    there = buildings.loc[buildings["code"].isin(hit.dropna()), "community_code"].dropna()
    return tuple(sorted(str(code) for code in there.unique()))


def _planned(log: _Log, work: _Work, *, until: str) -> str:
    """Tell planned work from the draft to its publication."""
    opened, unit = work.start - timedelta(days=work.opened_d), REPAIR_BASE[work.utility]
    head = {"utility": work.utility, "kind": "planned", "links": work.link, "reason": work.reason, "unit_code": unit}
    times = {"opened_at": opened, "planned_start": work.start, "planned_end": work.end}
    code = log.open(head | times, unit)
    log.step(code, "submit", opened + timedelta(hours=1), unit)
    log.step(code, "approve", opened + timedelta(hours=26))
    if until == "approved":
        return code
    log.step(code, "inform_dispatch", opened + timedelta(hours=28), unit)
    published = work.start - timedelta(hours=work.published_h)
    log.step(code, "publish", published, value="web")
    off, local = _OFF[work.utility], work.start + timedelta(hours=8)
    body = f"因{work.reason}，{local:%Y年%m月%d日%H时}起{off}约{work.hours}小时，{_SAID[work.utility]}。"
    log.notice(code, f"{off}通知", body, published)
    return code


def _done(log: _Log, work: _Work, answer: Shutoff) -> None:
    """Tell planned work from the draft to the end."""
    code, unit = _planned(log, work, until="published"), REPAIR_BASE[work.utility]
    start, end = _after(work.start), _after(work.end)
    for row, community in enumerate(work.near):
        log.step(code, "post", start(-18 * 60 + 20 * row), unit, subject=community)
    log.step(code, "finish_posting", start(-10 * 60), unit)
    if answer.totals["hydrants"]:
        log.step(code, "inform_fire_service", start(-120))
    log.step(code, "start_closing", start(0), unit)
    for minute, valve in _by_minutes(answer, 1):
        log.valve(code, valve, "closed", start(minute), unit)
    log.step(code, "cut_off", start(70), unit)
    log.step(code, "finish_work", end(-70), unit)
    log.step(code, "refill", end(-65), unit)
    for minute, valve in _by_minutes(answer, 0):
        log.valve(code, valve, "opened", end(minute / 6 - 60), unit)
    for action, minute in (("restore", -20), ("answer", -10), ("close", 120)):
        log.step(code, action, end(minute), unit)


def _drill(log: _Log, network: Network, rng: np.random.Generator) -> None:
    """Tell one drill, and one valve that somebody turned without an order."""
    ((link, answer),) = _isolable(network, rng, 1)
    opened = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
    head = {"kind": "emergency", "links": link, "reason": "爆管应急演练", "drill": True, "opened_at": opened}
    code = log.open(head, DISPATCH)
    for action, minute in (("order", 5), ("cancel", 95)):
        log.step(code, action, opened + timedelta(minutes=minute), note="演练结束" if action == "cancel" else "")
    valve = {str(key): value for key, value in answer.must_close.iloc[0].items()}
    for action, hour in (("closed", 0), ("opened", 3)):
        log.valve(None, valve, action, datetime(2026, 10, 13, 1 + hour, 20, tzinfo=UTC), NETWORK)
