"""A store and hand-made rows for every table."""

import inspect
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from cluster import Cluster, lacking, running

from gisapp.store import Store, create_store, open_store
from gisapp.tables import TABLES, Column, conform

NIGHTLY = bool(os.environ.get("GISAPP_NIGHTLY"))
CRS = "EPSG:4547"
X, Y = 456_000.0, 3_378_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "城 store.gpkg"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on a file and on a server; what names the file itself runs on that alone.

    By day those marked ``both`` run on a server too, every night all of them do.
    """
    if "kind" in metafunc.fixturenames:
        of_file = "path" in inspect.signature(metafunc.function).parameters
        both = not of_file and (NIGHTLY or metafunc.definition.get_closest_marker("both") is not None)
        metafunc.parametrize("kind", ["file", "server"] if both else ["file"])


@pytest.fixture(scope="session")
def own_cluster() -> Iterator[Cluster]:
    """A server that the tests start and stop; it has a template with a store in it."""
    if missing := lacking():
        pytest.skip(f"no server to test on: {missing}")
    with running() as made:
        made.sql("CREATE DATABASE with_store TEMPLATE with_postgis")
        create_store(made.address("with_store"), crs=CRS, name="示例").close()
        yield made


@pytest.fixture
def cluster(own_cluster: Cluster) -> Iterator[Cluster]:
    """The server; the databases that a test makes on it go with the test."""
    yield own_cluster
    own_cluster.drop_made()


@pytest.fixture
def place(kind: str, request: pytest.FixtureRequest) -> Path | str:
    """Where a store can be made."""
    if kind == "file":
        return request.getfixturevalue("path")
    return request.getfixturevalue("cluster").database()


@pytest.fixture
def store(kind: str, request: pytest.FixtureRequest) -> Iterator[Store]:
    """A store without rows."""
    if kind == "file":
        with create_store(request.getfixturevalue("path"), crs=CRS, name="示例") as made:
            yield made
        return
    with open_store(request.getfixturevalue("cluster").database("with_store")) as made:
        yield made


def _value(column: Column, row: int) -> Any:
    """Return a value for one cell; every third of an optional column is missing."""
    if not column.required and row % 3 == 2:
        return None
    if column.choices:
        return column.choices[row % len(column.choices)]
    return {
        "text": f"网格 {column.name} {row}",
        "int": row * 7,
        "real": row + 0.1,
        "bool": row % 2 == 0,
        "time": pd.Timestamp("2026-03-01T00:00:00.123Z") + pd.Timedelta(hours=row),
    }[column.kind]


def _shape(kind: str, row: int) -> Any:
    x, y = X + 10 * row, Y + 5 * row
    if kind == "POINT":
        return None if row % 5 == 4 else shapely.Point(x, y)
    if kind == "LINESTRING":
        return shapely.LineString([(x, y), (x + 3, y + 4), (x + 9.5, y)])
    holed = shapely.box(x, y, x + 8, y + 4).difference(shapely.box(x + 1, y + 1, x + 2, y + 2))
    return shapely.MultiPolygon([holed, shapely.box(x + 20, y, x + 21, y + 1)])


@pytest.fixture
def rows() -> Callable[..., pd.DataFrame]:
    """Rows of a table that nothing else must stand for, with distinct keys."""

    def make(name: str, count: int = 7, start: int = 0) -> pd.DataFrame:
        table = TABLES[name]
        numbers = range(start, start + count)
        plain = pd.DataFrame({c.name: [_value(c, row) for row in numbers] for c in table.columns})
        for key in table.key:
            if key == table.key[-1] and plain[key].dtype == "str":
                plain[key] = [f"{key}-{row}" for row in numbers]
        if table.geometry is None:
            return conform(plain, name)
        geom = np.array([_shape(table.geometry, row) for row in numbers], dtype=object)
        frame = gpd.GeoDataFrame(plain, geometry=gpd.GeoSeries(geom, crs=CRS)).rename_geometry("geom")
        return conform(frame, name)

    return make


@pytest.fixture
def network(rows: Callable[..., pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Three nodes, two links, a device, a hydrant, two customers and their connections, all of water."""
    nodes = rows("nodes", 3).assign(utility="water", code=["N1", "N2", "N3"])
    links = rows("links", 2).assign(utility="water", code=["L1", "L2"], from_node=["N1", "N2"], to_node=["N2", "N3"])
    devices = rows("devices", 1).assign(utility="water", code="V1", link_code="L1", node_code="N1")
    hydrants = rows("hydrants", 1).assign(utility="water", code="H1", link_code="L2")
    customers = rows("customers", 2).assign(code=["C1", "C2"])
    connections = rows("connections", 2).assign(utility="water", customer_code=["C1", "C2"], link_code="L2")
    made = {"nodes": nodes, "links": links, "devices": devices, "hydrants": hydrants}
    made |= {"customers": customers, "connections": connections}
    return {name: conform(frame, name) for name, frame in made.items()}


@pytest.fixture
def operations(rows: Callable[..., pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Seven shutoff operations with a step and a notice each, and what was done to the valve V1 for them."""
    shutoffs = rows("shutoffs")
    done = rows("valve_operations").assign(utility="water", device_code="V1", shutoff_code=shutoffs["code"])
    of_each = {name: rows(name).assign(shutoff_code=shutoffs["code"]) for name in ("shutoff_steps", "notices")}
    return {"shutoffs": shutoffs, "valve_operations": done, **of_each}


@pytest.fixture
def boundaries(rows: Callable[..., pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Seven boundary plans with a step, a unit and a change each."""
    plans = rows("plans")
    of_each = {
        name: rows(name).assign(plan_code=plans["code"])
        for name in ("plan_steps", "plan_units", "plan_changes", "plan_comments")
    }
    return {"plans": plans, **of_each}


@pytest.fixture
def everything(
    rows: Callable[..., pd.DataFrame],
    network: dict[str, pd.DataFrame],
    operations: dict[str, pd.DataFrame],
    boundaries: dict[str, pd.DataFrame],
) -> dict[str, pd.DataFrame]:
    """Rows of every table."""
    grids = rows("grids").assign(code=[f"code-{row}" for row in range(7)])
    steps = rows("incident_steps").assign(incident_code=rows("incidents")["code"])
    routes = rows("patrol_routes").assign(grid_code=grids["code"])
    tracks = rows("patrol_tracks").assign(route_code=routes["code"])
    own = {
        "grids": grids,
        "incident_steps": steps,
        "patrol_routes": routes,
        "patrol_checkpoints": rows("patrol_checkpoints").assign(route_code=routes["code"]),
        "patrol_tracks": tracks,
        "patrol_findings": rows("patrol_findings").assign(track_code=tracks["code"]),
    }
    own["measure_steps"] = rows("measure_steps").assign(measure_code=rows("measures")["code"])
    own["patrol_checks"] = rows("patrol_checks").assign(track_code=tracks["code"])
    own["site_steps"] = rows("site_steps").assign(site_code=rows("construction_sites")["code"])
    own["emergency_steps"] = rows("emergency_steps").assign(emergency_code=rows("emergencies")["code"])
    return {name: rows(name) for name in TABLES} | own | network | operations | boundaries


@pytest.fixture
def same() -> Callable[[pd.DataFrame, pd.DataFrame], None]:
    """Assert that two frames hold the same, geometry exactly."""

    def check(found: pd.DataFrame, wanted: pd.DataFrame) -> None:
        assert type(found) is type(wanted)
        plain = [column for column in wanted.columns if column != "geom"]
        assert list(found.columns) == list(wanted.columns)
        pd.testing.assert_frame_equal(pd.DataFrame(found[plain]), pd.DataFrame(wanted[plain]))
        if isinstance(wanted, gpd.GeoDataFrame):
            assert found.crs == wanted.crs
            assert shapely.equals_identical(found.geom.to_numpy(), wanted.geom.to_numpy())[wanted.geom.notna()].all()
            assert (found.geom.isna() == wanted.geom.isna()).all()

    return check
