"""Organisation units, staff, posts and crews: generic names, phones from a range nobody can dial."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import shapely

from gisapp.demo.districts import SINCE
from gisapp.demo.frames import codes, framed, moment
from gisapp.demo.sizes import START
from gisapp.demo.streets import LOCAL, RIVER, Plan
from gisapp.tables import UTILITIES

# Code, kind and names: the fifteen units of the water rules, then one repair base for each other utility.
UNITS = (
    ("U01", "dispatch", "调度中心", "調度中心", "Dispatch centre"),
    ("U02", "office", "营业所", "營業所", "Business office"),
    ("U03", "office", "营销发展部", "營銷發展部", "Marketing and development department"),
    ("U04", "office", "生产安全部", "生產安全部", "Production and safety department"),
    ("U05", "office", "供水用水监察大队", "供水用水監察大隊", "Water inspection brigade"),
    ("U06", "office", "水质监测中心", "水質監測中心", "Water quality centre"),
    ("U07", "crew_base", "管网管理处", "管網管理處", "Pipe network department"),
    ("U08", "office", "计量中心", "計量中心", "Metering centre"),
    ("U09", "office", "法制室", "法制室", "Legal office"),
    ("U10", "office", "纪检监察室", "紀檢監察室", "Discipline office"),
    ("U11", "contractor", "工程公司", "工程公司", "Engineering company"),
    ("U12", "crew_base", "换表管理所", "換表管理所", "Meter replacement office"),
    ("U13", "office", "水表检定站", "水錶檢定站", "Meter verification station"),
    ("U14", "crew_base", "测漏队", "測漏隊", "Leak detection team"),
    ("U15", "office", "接水服务大厅", "接水服務大廳", "New connection service hall"),
    ("U16", "crew_base", "供电抢修队", "供電搶修隊", "Power repair team"),
    ("U17", "crew_base", "供热抢修队", "供熱搶修隊", "Heating repair team"),
    ("U18", "crew_base", "燃气抢修队", "燃氣搶修隊", "Gas repair team"),
)
DISPATCH, OFFICE, QUALITY, NETWORK, LEGAL, DISCIPLINE, METERS, SEARCH = (
    "U01", "U02", "U06", "U07", "U09", "U10", "U12", "U14",
)  # fmt: skip
_OPEN = np.datetime64("NaT", "ms")
REPAIR_BASE = {"water": NETWORK, "power": "U16", "heating": "U17", "gas": "U18"}


def phones(numbers: np.ndarray) -> np.ndarray:
    """Return eleven-digit phones that start with 000, where no number begins."""
    return codes("000", numbers, 8)


@dataclass(frozen=True)
class Leaders:
    """The leader of each grid (by its row): who it is since when, and who it was before."""

    code: np.ndarray
    since: np.ndarray
    before: np.ndarray

    def at(self, grid: np.ndarray, when: np.ndarray) -> np.ndarray:
        """Return the code of the leader of each grid at each moment; the dispatch centre where there is no grid."""
        row = np.maximum(grid, 0)
        found = np.where(when >= self.since[row], self.code[row], self.before[row])
        return np.where(grid >= 0, found, DISPATCH)


def leaders_of(posts: pd.DataFrame) -> Leaders:
    """Return the leaders named in the ``posts`` table."""
    posts = posts[posts["role"] == "grid_leader"].sort_values(["scope", "valid_from"])
    now, then = (posts.drop_duplicates("scope", keep=which) for which in ("last", "first"))
    code, before = (part["person_code"].to_numpy(dtype=object) for part in (now, then))
    since = now["valid_from"].dt.tz_localize(None).to_numpy().astype("datetime64[ms]")
    return Leaders(code, since, before)


def members_of(posts: pd.DataFrame) -> np.ndarray:
    """Return a member of each grid, in the order of the grids' codes."""
    mine = posts[posts["role"] == "grid_member"].sort_values(["scope", "person_code"])
    return mine.drop_duplicates("scope")["person_code"].to_numpy(dtype=object)


def people_tables(plan: Plan, grids: int, rng: np.random.Generator) -> dict[str, pd.DataFrame]:
    """Return the tables ``org_units``, ``people``, ``posts`` and ``crews``."""
    code, kind, hans, hant, english = (list(column) for column in zip(*UNITS, strict=True))
    units = {"code": code, "kind": kind, "name_hans": hans, "name_hant": hant, "name_en": english}
    people, posts = _staff(grids, rng)
    return {
        "org_units": framed("org_units", units),
        "people": people,
        "posts": posts,
        "crews": _crews(plan, grids, rng),
    }


def _staff(grids: int, rng: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return people and posts: one leader a grid at any time, one or two members, unit heads and liaisons."""
    grid = np.arange(1, grids + 1)
    changed = np.flatnonzero(rng.random(grids) < 0.22)
    handover = moment(START) + np.floor(rng.uniform(60, 1_000, len(changed))).astype("timedelta64[D]")
    since = np.full(grids, SINCE)
    since[changed] = handover
    members = np.repeat(grid, rng.integers(1, 3, grids))
    unit = np.array([row[0] for row in UNITS], dtype=object)
    parts = [
        _post("网格长", "grid_leader", grid, since, np.full(grids, _OPEN)),
        _post("原网格长", "grid_leader", grid[changed], np.full(len(changed), SINCE), handover),
        _post("网格员", "grid_member", members, np.full(len(members), SINCE), np.full(len(members), _OPEN)),
    ]
    for word, role in (("负责人", "head"), ("联络员", "liaison"), ("值班员", "duty")):
        number = np.arange(1, len(unit) + 1)
        part = _post(word, role, number, np.full(len(unit), SINCE), np.full(len(unit), _OPEN))
        parts.append(part.assign(scope_kind="unit", scope=unit, unit_code=unit))
    staff = pd.concat(parts, ignore_index=True)
    number = np.arange(1, len(staff) + 1)
    staff = staff.assign(person_code=codes("E", number, 5), phone=phones(number))
    people = {
        "code": staff["person_code"],
        "name": staff["name"],
        "phone": staff["phone"],
        "unit_code": staff["unit_code"],
    }
    posts = {name: staff[name] for name in ("person_code", "role", "scope_kind", "scope")}
    times = {name: staff[name].to_numpy() for name in ("valid_from", "valid_to")}
    return framed("people", people), framed("posts", posts | times)


def _post(word: str, role: str, grid: np.ndarray, since: np.ndarray, until: np.ndarray) -> pd.DataFrame:
    """Return holders of one kind of post in grids, named after a word and a number."""
    number = grid if role == "grid_leader" else np.arange(1, len(grid) + 1)
    return pd.DataFrame(
        {
            "name": codes(word, number, 3),
            "role": role,
            "scope_kind": "grid" if role.startswith("grid") else "unit",
            "scope": codes("G", grid, 3),
            "valid_from": since,
            "valid_to": until,
            "unit_code": NETWORK,
        }
    )


def _crews(plan: Plan, grids: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return crews of each utility, standing at streets."""
    count = np.maximum(2, np.round(np.array([grids / 10, grids / 18, grids / 22, grids / 30]))).astype(int)
    words = {"water": "供水抢修", "power": "供电抢修", "heating": "供热抢修", "gas": "燃气抢修"}
    utility = np.repeat(np.array(UTILITIES, dtype=object), count)
    nth = np.concatenate([np.arange(1, n + 1) for n in count])
    road = np.flatnonzero((plan.rank != RIVER) & (plan.rank != LOCAL))
    spot = shapely.line_interpolate_point(
        plan.drawing.edges[rng.choice(road, len(utility))], rng.uniform(0.1, 0.9, len(utility)), normalized=True
    )
    name = np.array([f"{words[kind]}{k}班" for kind, k in zip(utility, nth, strict=True)], dtype=object)
    columns = {
        "code": codes("K", len(utility), 4),
        "name": name,
        "unit_code": [REPAIR_BASE[kind] for kind in utility],
        "utility": utility,
        "on_duty": rng.random(len(utility)) < 0.7,
    }
    return framed("crews", columns, spot)
