"""Programs of others read the service: GDAL in a process of its own, OWSLib, and schemathesis by the description."""

import json
import os
import subprocess
import sys

import pytest
import riverside

from gisapp.crs import to_degrees

EXAMPLES = os.environ.get("GISAPP_EXAMPLES", "")
"""How many requests of every kind ``make standards`` lets schemathesis try."""
READ = """
import json, sys
import pyogrio
url, wanted = sys.argv[1:]
told = {}
for name, _ in pyogrio.list_layers(f"OAPIF:{url}/ogc/?api_key=all"):
    frame = pyogrio.read_dataframe(f"OAPIF:{url}/ogc/?api_key=all", layer=name, PAGE_SIZE="2")
    told[name] = sorted(frame["code"])
for crs, box in json.loads(wanted).items():
    there = pyogrio.read_dataframe(f"OAPIF:{url}/ogc/?api_key=all", layer="incidents", CRS=crs, bbox=tuple(box))
    first = there.geometry.iloc[0]
    told[crs] = [sorted(there["code"]), first.x, first.y]
print(json.dumps(told))
"""


def test_gdal_reads_every_collection_page_by_page_and_a_box_in_every_crs(live):
    """East stands before north in what GDAL gives, whatever the order of the axes on the way."""
    low, high = riverside.point(50, 0), riverside.point(100, 20)
    metres = [*low.coords[0], *high.coords[0]]
    degrees = [*to_degrees(riverside.CRS).transform(*metres[:2]), *to_degrees(riverside.CRS).transform(*metres[2:])]
    boxes = {"EPSG:4547": metres, "EPSG:4326": degrees, "OGC:CRS84": degrees}
    environment = {name: value for name, value in os.environ.items() if name != "GDAL_SKIP"}
    done = subprocess.run(
        [sys.executable, "-W", "error::RuntimeWarning", "-c", READ, live, json.dumps(boxes)],
        env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["grids"] == ["G1", "G2"]
    assert told["incidents"] == ["I1", "I2", "I3", "I4", "I5"]
    assert told["pipes"] == ["G1", "P1", "P2", "P3"]
    assert len(told["shutoffs"]) == 1
    place = riverside.point(60, 10).coords[0]
    lonlat = to_degrees(riverside.CRS).transform(*place)
    for crs, wanted in (("EPSG:4547", place), ("EPSG:4326", lonlat), ("OGC:CRS84", lonlat)):
        codes, *xy = told[crs]
        assert codes == ["I2", "I3"], crs
        assert xy == [pytest.approx(wanted[0], abs=0.001), pytest.approx(wanted[1], abs=0.001)]


def test_owslib_finds_the_collections_and_their_features(live):
    from owslib.ogcapi.features import Features

    service = Features(f"{live}/ogc/", headers={"Authorization": "Bearer all"})
    assert service.feature_collections() == ["grids", "shutoffs", "incidents", "pipes"]
    assert service.conformance()["conformsTo"][0].endswith("/core")
    assert service.api()["openapi"].startswith("3.0")
    page = service.collection_items("incidents", limit=2)
    assert (page["numberMatched"], [one["id"] for one in page["features"]]) == (5, ["I1", "I2"])
    assert service.collection_item("pipes", "water:P2")["properties"]["code"] == "P2"


def test_schemathesis_finds_no_server_error_and_no_deviation_from_the_description(live, tmp_path):
    """What fits together is more than a description can say: a request that it allows may be refused."""
    words = ["run", f"{live}/ogc/api", "--header", "Authorization: Bearer all", "--no-color", "--workers", "4"]
    words += ["--exclude-checks", "positive_data_acceptance", "--seed", "1"]
    words += ["--max-examples", EXAMPLES] if EXAMPLES else ["--phases", "fuzzing", "--max-examples", "1"]
    program = [sys.executable, "-m", "schemathesis.cli", *words]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
