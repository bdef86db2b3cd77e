"""What leaves packed, and for whom."""

import gzip
import re

import pytest
from squares import squares

from dashboards import packing
from dashboards.app import create_app

SCRIPTS = ("/assets/shell.js", "/assets/vendor/maplibre-gl.js", "/assets/shell.css")


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with squares(tmp_path_factory.mktemp("packing") / "squares.gpkg") as store:
        yield create_app(store)


def get(app, address, **headers):
    with app.server.test_client().get(address, headers=headers) as answer:
        answer.get_data()
        return answer


@pytest.mark.parametrize("address", SCRIPTS)
def test_scripts_and_styles_come_packed_to_who_can_unpack_them(app, address):
    bare, packed = get(app, address), get(app, address, **{"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in bare.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert gzip.decompress(packed.data) == bare.data
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(bare.data) / 2


def test_a_component_library_comes_packed(app):
    page = get(app, "/en/planner").get_data(as_text=True)
    address = re.search(r'src="(/_dash-component-suites/dash_mantine_components/[^"]+)"', page)[1]
    packed = get(app, address, **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == get(app, address).data


def test_a_file_is_packed_once_and_anew_when_it_has_changed(app, monkeypatch, tmp_path):
    packs = []

    def compress(body, **options):
        packs.append(len(body))
        return real(body, **options)

    real = gzip.compress
    monkeypatch.setattr(packing.gzip, "compress", compress)
    monkeypatch.setattr(app.server.blueprints["_dash_assets"], "static_folder", str(tmp_path))
    (tmp_path / "some.js").write_text("1;" * 2000)
    for _ in range(3):
        get(app, "/assets/some.js", **{"Accept-Encoding": "gzip"})
    assert packs == [4000]
    (tmp_path / "some.js").write_text("2;" * 3000)
    anew = get(app, "/assets/some.js", **{"Accept-Encoding": "gzip"})
    assert gzip.decompress(anew.data) == b"2;" * 3000
    assert packs == [4000, 6000]


def test_who_has_a_file_is_told_that_it_has_not_changed(app):
    packed = get(app, SCRIPTS[0], **{"Accept-Encoding": "gzip"})
    again = get(app, SCRIPTS[0], **{"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
    assert again.status_code == 304
    assert again.data == b""


def test_what_is_small_is_sent_as_it_is(app):
    assert "Content-Encoding" not in get(app, "/assets/vendor/icons/moon.svg", **{"Accept-Encoding": "gzip"}).headers
