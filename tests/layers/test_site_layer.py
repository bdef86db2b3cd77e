"""Construction sites on the map: what is open, in which colour, and never who leads the works."""

from datetime import UTC, datetime

import pytest
from small_city import small_tables

from dashboards.access import Permission
from dashboards.bundles import NEEDS, bundles
from gisapp.errors import AccessError
from layers.layer import Shapes, Style
from layers.sites import site_shapes

NOW = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(scope="module")
def tables():
    return {name: small_tables()[name] for name in ("construction_sites", "site_steps")}


def test_open_sites_are_drawn_and_works_without_a_report_have_a_colour_of_their_own(tables):
    """W21.1."""
    layer = site_shapes(**tables, now=NOW, language="en")
    standing = dict(zip(layer.frame["code"].str[-2:], layer.frame["standing"], strict=True))
    wanted = {"02": "in_work", "03": "unreported", "04": "unreported", "05": "reported", "06": "planned"}
    assert standing == wanted
    assert [words for _, words in layer.legend.entries] == [
        "begun without a report", "in work", "reported, not begun", "not reported yet",
    ]  # fmt: skip
    assert len({colour for colour, _ in layer.legend.entries}) == 4


def test_who_leads_the_works_is_in_no_tile_and_cannot_be_put_in_one(tables):
    """W21.1."""
    assert {"project_leader", "contact"} <= set(tables["construction_sites"].columns)
    for language in ("en", "zh-Hans"):
        (layer,) = bundles()["sites"].make(tables, language, "dark")
        values = map(str, layer.frame.drop(columns="geom").to_numpy().ravel())
        assert not any("项目负责人" in one or "分机" in one for one in values)
    with pytest.raises(AccessError, match="contact, project_leader"):
        Shapes("s", "layers.construction_sites", "polygon", tables["construction_sites"], Style("#000"),
               table="construction_sites")  # fmt: skip


def test_dispatchers_and_commanders_see_them_and_planners_do_not():
    """W21.1."""
    assert NEEDS["sites"] == {Permission.INCIDENTS_VIEW, Permission.SHUTOFF_VIEW}
