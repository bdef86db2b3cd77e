"""What the commander's page writes and shows of an emergency, without a browser, in the town by the river."""

import geopandas as gpd
import pandas as pd
import pytest
import riverside

from dashboards.access import Permission, Person
from dashboards.app import create_app
from dashboards.emergency.case import Case
from dashboards.emergency.commanding.board import board_of, mark, shown_event
from dashboards.emergency.commanding.writing import conflict_words, write
from dashboards.map import place_on_map
from dashboards.snapshot import Snapshot
from gisapp.emergencies import with_reasons
from gisapp.errors import AccessError, ConflictError, InputError
from gisapp.tables import conform


@pytest.fixture
def town(tmp_path):
    with riverside.store(tmp_path / "river.gpkg") as store:
        yield store


@pytest.fixture
def snapshot(town):
    return Snapshot(town)


@pytest.fixture
def done(snapshot):
    """Writes what a commander did."""
    return lambda decides=True, **deed: write(deed, snapshot, who="E02", decides=decides, spoken="en")


@pytest.fixture
def event(done, town):
    """The code of an emergency of a record, verified."""
    head = {"utility": "water", "kind": "emergency", "links": "P2@100", "code": "S1"}
    town.operations.open({**head, "geom": town.table("nodes").geometry.iloc[0]}, "E02")
    code = done(do="declare", shutoff="S1", kind="burst", utility="water", summary="burst")
    done(do="command", code=code, action="verify", note="seen")
    return code


def test_an_event_that_is_pointed_at_lies_there_and_is_named_by_the_nearest_streets(done, town, snapshot):
    x, y = town.table("nodes").geometry.iloc[0].coords[0][:2]
    lng, lat = place_on_map(x, y, town.crs)
    code = done(do="declare", kind="burst", utility="", summary="burst", lng=lng, lat=lat, drill=True)
    row = town.table("emergencies").set_index("code").loc[code]
    assert row["geom"].distance(town.table("nodes").geometry.iloc[0]) < 0.01
    assert (row["drill"], pd.isna(row["utility"])) == (True, True)
    assert row["place"] == snapshot.streets().places(pd.Series([row["geom"]]).to_numpy())[0].words("en")
    with pytest.raises(InputError, match="point at it on the map"):
        done(do="declare", kind="burst", summary="burst")


@pytest.mark.parametrize("drill", [True, False])
def test_an_event_of_a_record_is_a_drill_exactly_when_the_record_is(done, town, drill):
    """G8.5."""
    town.operations.open({"utility": "water", "kind": "emergency", "links": "P2", "code": "S1", "drill": drill}, "E02")
    code = done(do="declare", shutoff="S1", kind="burst", utility="water", summary="burst", drill=not drill)
    assert town.emergencies.emergency(code).drill == drill


def test_the_event_of_a_record_is_shown_beside_it_unless_it_was_cancelled(done, event, snapshot):
    assert shown_event(Case(code="S1"), snapshot) == event
    assert shown_event(Case("water", ("P2",)), snapshot) is None
    before = mark(Case(code="S1"), snapshot)
    done(do="command", code=event, action="cancel", note="no burst")
    assert mark(Case(code="S1"), snapshot) != before
    assert shown_event(Case(code="S1"), snapshot) is None
    assert shown_event(Case(event=event), snapshot) == event


def test_only_who_decides_appoints_and_starts_the_response(done, event):
    with pytest.raises(AccessError, match="appoint is a decision"):
        done(decides=False, do="command", code=event, action="appoint", subject="E02", value="commander")
    done(decides=False, do="command", code=event, action="remark", note="rain")


def test_an_evaluation_is_written_with_its_measure_or_not_at_all(done, event, town):
    told = {"do": "command", "code": event}
    done(**told, action="appoint", subject="E02", value="commander")
    done(**told, action="activate", value="3")
    done(**told, action="stand_down", note="over")
    with pytest.raises(InputError, match="measure is not whole"):
        done(**told, action="evaluate", note="papers lack", measure="survey", due="2026-12-15")
    assert town.emergencies.emergency(event).status == "stood_down"
    done(**told, action="evaluate", note="papers lack", measure="survey", holder="E02", due="2026-12-15")
    (measure,) = town.emergencies.emergency(event).measures
    assert (measure.whose, measure.words, str(measure.due)) == ("E02", "survey", "2026-12-15")


def test_who_acts_on_what_has_moved_is_told_who_moved_it(done, event, town, snapshot):
    with pytest.raises(ConflictError):
        done(do="command", code=event, action="verify", note="seen", seen="reported")
    words = conflict_words(town.emergencies.emergency(event), snapshot, "en")
    assert event in words
    assert "verified" in words
    assert "E02" in words


def test_whoever_may_only_look_neither_declares_nor_decides(town):
    viewer = Person("E09", frozenset({Permission.SHELL, Permission.SHUTOFF_VIEW}))
    app = create_app(town, person_of=lambda: viewer)
    client = app.server.test_client()
    client.get("/en/emergency")
    token = {"X-CSRFToken": client.get_cookie(app.config.csrf_token_name).value}
    needs = app.server.extensions["gisapp.access"].callbacks
    writes = [name for name in needs if needs[name] in (Permission.EMERGENCY_RECORD, Permission.EMERGENCY_DECIDE)]
    told = [client.post("/_dash-update-component", json={"output": name}, headers=token) for name in writes]
    assert [answer.status_code for answer in told] == [403, 403]


def test_material_near_an_event_bears_what_is_amiss_with_it(town, event, snapshot):
    """P5.5."""
    spot = town.table("shutoffs").geometry.iloc[0]
    row = {"code": "M1", "item": "pump", "quantity": 1.0, "minimum": 2.0, "store": "1", "geom": spot}
    town.save({"materials": conform(gpd.GeoDataFrame([row], geometry="geom", crs=town.crs), "materials")}, actor="E02")
    near = board_of(event, snapshot, "en").around.materials
    assert with_reasons(near, now=pd.Timestamp.now("UTC")).loc[0, "reasons"] == ("below_minimum",)
