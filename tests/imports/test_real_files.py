"""Real files nobody here wrote: every row accounted for. Skipped where the files are absent."""

import os
from pathlib import Path

import pytest
import wntr

from gisapp.errors import InputError
from gisapp.imports import Mapping, RejectedError

SHARED = Path(__file__).resolve().parents[3] / "shared"
LIBRARY = Path(wntr.__file__).parent / "library" / "networks"
DOCS = Path(__file__).resolve().parents[2] / "docs"
nightly = pytest.mark.skipif("GISAPP_NIGHTLY" not in os.environ, reason="slow: only with GISAPP_NIGHTLY set")


def real(name: str) -> Path:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"{name} is not here")
    return path


def example(title: str, tmp_path: Path) -> Mapping:
    """Return the mapping that the user guide shows under a title."""
    text = (DOCS / "importing.md").read_text(encoding="utf-8")
    block = text.split(title, 1)[1].split("```toml", 1)[1].split("```", 1)[0]
    (tmp_path / "mapping.toml").write_text(block, encoding="utf-8")
    return Mapping.from_toml(tmp_path / "mapping.toml")


def test_st_louis_every_row_is_accounted_for_and_22_repeated_codes_are_named(come_in, tmp_path):
    path = real("data/stlouis_csb_311_january_2018.csv")
    stated = {"crs": "ESRI:102696", "project_crs": "EPSG:26915", "mapping": example("A city's 311 calls", tmp_path)}
    with pytest.raises(RejectedError) as caught:
        come_in(path, **stated)
    report = caught.value.report
    assert (report.rows, report.accepted, report.rejected_rows) == (1554, 1532, 22)
    assert set(report.rejected["field"]) == {"code"}
    assert (
        report.rejected["found"].str.contains("the same in every column").sum()
        + report.rejected["found"].str.contains("with other values").sum()
        == 22
    )
    frame = come_in(path, skip_rejected=True, **stated).tables["incidents"]
    assert frame["geom"].isna().sum() == 48
    assert frame["code"].is_unique
    lon, lat = frame["geom"].to_crs(4326).x, frame["geom"].to_crs(4326).y
    assert lon.between(-90.33, -90.16).sum() == lat.between(38.53, 38.78).sum() == 1532 - 48


def test_king_county_has_no_crs_and_comes_in_with_the_stated_one(come_in):
    path = real("data/king_county.gpkg")
    stated = {"project_crs": "EPSG:32610", "mapping": Mapping(columns={"code": "id", "people": "pop"})}
    with pytest.raises(InputError, match="which CRS"):
        come_in(path, "units", **stated)
    batch = come_in(path, "units", crs="EPSG:2926", **stated)
    assert batch.report.accepted == 2562
    assert batch.report.provenance["accuracy_m"] == 1.0


def test_minnesota_comes_in_zipped_and_its_bad_borders_are_told(come_in):
    batch = come_in(real("data/MN_16.zip"), "units", project_crs="EPSG:26915", mapping=Mapping(columns={"code": "VTD"}))
    assert batch.report.accepted == 4120
    assert any("32 of 4,120 polygons" in text for text in batch.report.warnings)


def test_kitchener_breaks_come_in_and_the_rest_is_named(come_in, tmp_path):
    path = real("data/kitchener_water_main_breaks_2024.csv")
    stated = {"crs": "EPSG:26917", "project_crs": "EPSG:26917", "mapping": example("Breaks of water mains", tmp_path)}
    batch = come_in(path, skip_rejected=True, **stated)
    assert batch.report.rows == 2809
    assert batch.report.accepted == 2809 - batch.report.rejected["row"].nunique()
    assert len(batch.tables["incidents"]) == batch.report.accepted > 2700


@pytest.mark.parametrize(
    ("path", "links"),
    [
        (LIBRARY / "Net3.inp", 119),
        (SHARED / "networks" / "L-TOWN.inp", 909),
        pytest.param(LIBRARY / "ky10.inp", 1061, marks=nightly),
        pytest.param(SHARED / "networks" / "exnet-3.inp", 2467, marks=nightly),
        pytest.param(SHARED / "networks" / "Richmond_standard.inp", 957, marks=nightly),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else "",
)
def test_known_networks_come_in_whole(come_in, path, links):
    if not path.exists():
        pytest.skip(f"{path.name} is not here")
    batch = come_in(path, "network", crs="EPSG:4547")
    assert len(batch.tables["links"]) == links
    assert batch.report.accepted == batch.report.rows
