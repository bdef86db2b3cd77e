# ruff: noqa: E501 - one file a line
"""Files as they come from careless programs and from enemies: each is written anew, none holds anything real.

``FILES`` has one row a file: its name, what it is brought in as, what is stated beside it, and what writes it. URL stands
in them for the address of a listener that nobody may reach.
"""

import io
import json
import sqlite3
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from openpyxl import Workbook

URL = "http://127.0.0.1:{port}/x"
METRES = "EPSG:4547"
HEAD = "code,type,channel,status,reported_at,drill,x,y"
ROW = "00123,leak,phone,registered,2026-11-22T08:30:00,false,528770.2,3386666.2"
VRT = "<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
WEST, SOUTH = 528_000, 3_386_000


@dataclass(frozen=True)
class Bad:
    """One file: how it is called, as what it comes in, what is stated, and its content for a port."""

    name: str
    target: str
    content: Callable[[int], bytes | dict[str, bytes]]
    stated: dict = field(default_factory=dict)

    def write(self, folder: Path, port: int) -> Path:
        """Write the file, and those beside it, into a folder; return its path."""
        told = self.content(port)
        path = folder / self.name
        for name, content in (told if isinstance(told, dict) else {self.name: told}).items():
            (folder / name).write_bytes(content)
        return path


FILES: dict[str, Bad] = {}


def bad(what: str, name: str, target: str, content, **stated: object) -> None:
    """Add one file to the list."""
    assert what not in FILES, what
    made = content if callable(content) else lambda _port: content
    FILES[what] = Bad(name, target, made, {"crs": METRES, **stated})


# -- text -------------------------------------------------------------------------------------------------------------


def rows(*lines: str, head: str = HEAD) -> bytes:
    return "\n".join([head, *lines]).encode()


def changed(**cells: str) -> bytes:
    """Return a table of one row in which some cells are others."""
    told = dict(zip(HEAD.split(","), ROW.split(","), strict=True)) | cells
    return rows(",".join(told.values()), head=",".join(told))


CHINESE = "code,summary,type,channel,status,reported_at,drill,x,y\n1,滨江路漏水，门口,leak,phone,registered,2026-11-22,false,528770,3386666"
for what, content, stated in (
    ("csv empty", b"", {}),
    ("csv of a mark only", b"\xef\xbb\xbf", {}),
    ("csv of blank lines", b"\n" * 200_000, {}),
    ("csv without rows", HEAD.encode(), {}),
    ("csv without a head", ROW.encode(), {}),
    ("csv cut in the middle of a letter", CHINESE.encode()[:62], {}),
    ("csv in GBK undeclared", CHINESE.encode("gb18030"), {}),
    ("csv in Big5 declared as GBK", CHINESE.replace("滨", "濱").replace("门", "門").encode("big5"), {"encoding": "gb18030"}),
    ("csv in UTF-8 declared as Big5", CHINESE.encode(), {"encoding": "big5"}),
    ("csv in UTF-16", CHINESE.encode("utf-16"), {}),
    ("csv in UTF-32", CHINESE.encode("utf-32"), {}),
    ("csv in an encoding that there is not", rows(ROW), {"encoding": "klingon"}),
    ("csv in two encodings", rows(ROW) + b"\n" + "漏".encode("gb18030") + ROW.encode(), {}),
    ("csv with a NUL", rows(ROW.replace("leak", "le\0ak")), {}),
    ("csv with control letters", changed(code="a\x01\x02\x1f"), {}),
    ("csv with a quote that never closes", rows('"' + ROW, *[ROW] * 2000), {}),
    ("csv with quotes in the middle", rows(ROW.replace("leak", 'le"a"k')), {}),
    ("csv with too many cells", rows(ROW + ",1,2,3"), {}),
    ("csv with too few cells", rows("00123,leak"), {}),
    ("csv with one column name twice", rows(ROW + ",x", head=HEAD + ",code"), {}),
    ("csv with a nameless column", rows(ROW + ",x", head=HEAD + ","), {}),
    ("csv by semicolons", rows(ROW.replace(",", ";"), head=HEAD.replace(",", ";")), {}),
    ("csv with old Macintosh lines", rows(ROW, ROW.replace("123", "124")).replace(b"\n", b"\r"), {}),
    ("csv of 10,000 columns", rows(ROW + ",1" * 10_000, head=HEAD + "".join(f",c{n}" for n in range(10_000))), {}),
    ("csv with a cell of 20 MB", changed(code="x" * 20_000_000), {}),
    ("csv of one line of 20 MB", b"a," * 10_000_000, {}),
    ("csv with a formula", changed(code="=1+1"), {}),
    ("csv with a command", changed(code="@SUM(1)"), {}),
    ("csv with a formula behind a tab", changed(code="\t=cmd|' /C calc'!A0"), {}),
    ("csv with a plus before letters", changed(code="+cmd"), {}),
    ("csv with letters that turn the line", changed(code="abc\u202egnp"), {}),
    ("csv with an infinite place", changed(x="inf"), {}),
    ("csv with a place that is no number", changed(y="NaN"), {}),
    ("csv with a place beyond numbers", changed(x="1e999"), {}),
    ("csv with decimal commas", changed(x='"528770,2"'), {}),
    ("csv with one coordinate", changed(x=""), {}),
    ("csv with swapped axes", changed(x="3386666.2", y="528770.2"), {}),
    ("csv in degrees called metres", changed(x="114.3", y="30.6"), {}),
    ("csv in metres called degrees", rows(ROW), {"crs": "EPSG:4326"}),
    ("csv in a CRS that there is not", rows(ROW), {"crs": "EPSG:999999"}),
    ("csv in a CRS of nonsense", rows(ROW), {"crs": "+proj=nonsense +towgs84=1,2"}),
    ("csv in a CRS of heights", rows(ROW), {"crs": "EPSG:5773"}),
    ("csv in an old datum", rows(ROW), {"crs": "EPSG:2437"}),
    ("csv without a CRS", rows(ROW), {"crs": None}),
    ("csv on the 30th of February", changed(reported_at="2026-02-30"), {}),
    ("csv in the year 99999", changed(reported_at="99999-01-01"), {}),
    ("csv in the year 1", changed(reported_at="0001-01-01T00:00:00"), {}),
    ("csv in the future", changed(reported_at="2199-01-01T00:00:00"), {}),
    ("csv at a quarter past 25", changed(reported_at="2026-01-01T25:15"), {}),
    ("csv with a kind that there is not", changed(type="flood of milk"), {}),
    ("csv with maybe for yes", changed(drill="maybe"), {}),
    ("csv with a code twice", rows(ROW, ROW), {}),
    ("csv without a code", changed(code=""), {}),
    ("csv with a code of blanks", changed(code="   "), {}),
    ("csv with another's customer", changed(customer_code="nobody"), {}),
    ("csv that is a page", b"<!doctype html><title>Log in</title>", {}),
    ("csv that is a picture", b"\x89PNG\r\n\x1a\n" + bytes(200), {}),
    ("csv that is a program", b"\x7fELF" + bytes(200), {}),
    ("csv that is a store", b"SQLite format 3\0" + bytes(200), {}),
    ("csv that is packed", zlib.compress(rows(ROW)), {}),
    ("csv of random bytes", bytes((n * 7919 + n * n) % 256 for n in range(5000)), {}),
):  # fmt: skip
    bad(what, "a.csv", "incidents", content, **stated)

GRID = 'code,name,utilities,valid_from,geom\n1,a,water,2020-01-01,"{}"'
for what, shape in (
    ("open ring", "POLYGON((0 0, 100 0, 100 100))"),
    ("ring of two points", "POLYGON((0 0, 100 0, 0 0))"),
    ("bow tie", "POLYGON((0 0, 100 100, 100 0, 0 100, 0 0))"),
    ("no number in it", "POLYGON((0 0, nan 0, 100 100, 0 0))"),
    ("nothing in it", "POLYGON EMPTY"),
    ("a point", "POINT(1 2)"),
    ("half a word", "POLYG"),
    ("a deep nest", "GEOMETRYCOLLECTION(" * 3000 + "POINT(1 2)" + ")" * 3000),
    ("300,000 corners", "POLYGON((" + ",".join(f"{n % 1000} {n // 1000}" for n in range(300_000)) + ", 0 0))"),
    ("letters for numbers", "POLYGON((a b, c d, e f, a b))"),
    ("a hole outside", "POLYGON((0 0,10 0,10 10,0 10,0 0),(50 50,60 50,60 60,50 60,50 50))"),
):  # fmt: skip
    bad(f"grid as text with {what}", "a.csv", "grids", GRID.format(shape).encode())

# -- GeoJSON ----------------------------------------------------------------------------------------------------------

SQUARE = [[WEST, SOUTH], [WEST + 100, SOUTH], [WEST + 100, SOUTH + 100], [WEST, SOUTH + 100], [WEST, SOUTH]]


def features(*shapes: object, crs: object = "urn:ogc:def:crs:EPSG::4547", **properties: object) -> bytes:
    told = [
        {"type": "Feature", "properties": {"code": f"{n:03d}", **properties}, "geometry": shape}
        for n, shape in enumerate(shapes, 1)
    ]
    named = {"crs": {"type": "name", "properties": {"name": crs}}} if crs else {}
    return json.dumps({"type": "FeatureCollection", "features": told, **named}).encode()


def polygon(ring: object) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": [ring]}


SOUND = features(polygon(SQUARE))


def nested(depth: int) -> bytes:
    return b'{"type":"FeatureCollection","features":' + b"[" * depth + b"]" * depth + b"}"


for what, content in (
    ("cut off", SOUND[: len(SOUND) // 2]),
    ("with a tail", SOUND + b"}]}"),
    ("twice", SOUND + SOUND),
    ("that is a list", b"[1, 2, 3]"),
    ("that is a number", b"42"),
    ("that is null", b"null"),
    ("of TopoJSON", b'{"type": "Topology", "arcs": []}'),
    ("without features", b'{"type": "FeatureCollection"}'),
    ("with features of a number", b'{"type": "FeatureCollection", "features": 7}'),
    ("with null for a feature", b'{"type": "FeatureCollection", "features": [null, {}]}'),
    ("with no feature", b'{"type": "FeatureCollection", "features": []}'),
    ("nested deep", nested(50_000)),
    ("with null for a shape", features(None)),
    ("with an open ring", features(polygon(SQUARE[:-1]))),
    ("with a ring of one point", features(polygon(SQUARE[:1]))),
    ("with no ring", features({"type": "Polygon", "coordinates": []})),
    ("with NaN", features(polygon([[float("nan"), SOUTH], *SQUARE[1:]]))),
    ("with Infinity", features(polygon([[float("inf"), SOUTH], *SQUARE[1:]]))),
    ("with 1e999", SOUND.replace(str(WEST + 100).encode(), b"1e999")),
    ("with words for numbers", features(polygon([["a", "b"], *SQUARE[1:]]))),
    ("with null for a number", features(polygon([[None, SOUTH], *SQUARE[1:]]))),
    ("with one number a corner", features(polygon([[WEST], [WEST + 1], [WEST + 2], [WEST]]))),
    ("with a flat ring", features({"type": "Polygon", "coordinates": [1, 2, 3]})),
    ("with a shape of no kind", features({"type": "Blob", "coordinates": SQUARE})),
    ("with a bow tie", features(polygon([SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]))),
    ("with a line", features({"type": "LineString", "coordinates": SQUARE})),
    ("with swapped axes", features(polygon([[y, x] for x, y in SQUARE]))),
    ("in metres called degrees", features(polygon(SQUARE), crs=None)),
    ("in a CRS of nonsense", features(polygon(SQUARE), crs="klingon")),
    ("with a CRS in a list", SOUND.replace(b'{"name": "urn:ogc:def:crs:EPSG::4547"}', b"[1]")),
    ("in a CRS of a list", features(polygon(SQUARE), crs=[1, 2])),
    ("with heights", features(polygon([[*corner, 5.0, 1.0] for corner in SQUARE]))),
    ("with one id twice", features(polygon(SQUARE), polygon(SQUARE), code="1")),
    ("with an object for a code", features(polygon(SQUARE), code={"a": [1]})),
    ("with 5 MB for a code", features(polygon(SQUARE), code="x" * 5_000_000)),
    ("with half a letter", SOUND.replace(b'"001"', b'"\\ud800"')),
    ("with a NUL", SOUND.replace(b'"001"', b'"a\\u0000b"')),
    ("in UTF-16", SOUND.decode().encode("utf-16")),
    ("in GBK", SOUND.replace(b"001", "滨江".encode("gb18030"))),
    ("with a number of 5,000 digits", SOUND.replace(b'"001"', b"9" * 5_000)),
    ("with a key twice", SOUND.replace(b'"code"', b'"code": 1, "code"')),
    ("that is a VRT of a file", VRT.format("/etc/passwd").encode()),
):  # fmt: skip
    bad(f"geojson {what}", "a.geojson", "units", content)
bad("geojson that is a VRT of an address", "a.geojson", "units", lambda port: VRT.format(f"/vsicurl/{URL.format(port=port)}").encode())  # fmt: skip
bad(
    "geojson with a link to a CRS",
    "a.geojson",
    "units",
    lambda port: json.dumps(
        json.loads(features(polygon(SQUARE), crs=None))
        | {"crs": {"type": "link", "properties": {"href": URL.format(port=port), "type": "proj4"}}}
    ).encode(),
)
bad("geojson called shp", "a.shp", "units", SOUND)
bad("geojson called gpkg", "a.gpkg", "units", SOUND)

# -- GeoPackage -------------------------------------------------------------------------------------------------------


def wkb(ring: list, *, kind: int = 3, count: int | None = None) -> bytes:
    """Return a polygon as WKB; ``count`` lies about its corners."""
    points = b"".join(struct.pack("<dd", *corner) for corner in ring)
    return struct.pack("<BII", 1, kind, 1) + struct.pack("<I", len(ring) if count is None else count) + points


def blob(shape: bytes, srs: int = 4547) -> bytes:
    return b"GP\0\1" + struct.pack("<i", srs) + shape


def package(
    *, shape: bytes | None = None, srs: int = 4547, more: str = "", layer: str = "units", rows: int = 1
) -> bytes:
    """Return a GeoPackage of one layer, made by hand."""
    connection, said = sqlite3.connect(":memory:"), layer.replace("'", "''")
    connection.executescript(
        "PRAGMA application_id = 1196444487; PRAGMA user_version = 10300;"
        "CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,"
        " organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);"
        "CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,"
        " description TEXT, last_change DATETIME, min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);"
        "CREATE TABLE gpkg_geometry_columns (table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER,"
        " z TINYINT, m TINYINT);"
        f"INSERT INTO gpkg_spatial_ref_sys VALUES ('a', {srs}, 'EPSG', {srs}, 'undefined', '');"
        f'CREATE TABLE "{layer}" (fid INTEGER PRIMARY KEY, geom BLOB, code TEXT);'
        f"INSERT INTO gpkg_contents VALUES ('{said}', 'features', '{said}', '', '2026-01-01T00:00:00Z', 0, 0, 1, 1, {srs});"
        f"INSERT INTO gpkg_geometry_columns VALUES ('{said}', 'geom', 'POLYGON', {srs}, 0, 0);"
    )
    told = blob(wkb(SQUARE), srs) if shape is None else shape
    connection.executemany(f'INSERT INTO "{layer}" (geom, code) VALUES (?, ?)', [(told, str(n)) for n in range(rows)])
    connection.executescript(more)
    connection.commit()
    return connection.serialize()


GPKG = package()
for what, content in (
    ("cut in half", GPKG[: len(GPKG) // 2]),
    ("cut to its first bytes", GPKG[:100]),
    ("with a page of zeros", GPKG[:4096] + bytes(4096) + GPKG[8192:]),
    ("with a page of noise", GPKG[:4096] + b"\xa5" * 4096 + GPKG[8192:]),
    ("of no tables", b"SQLite format 3\0" + bytes(4080)),
    ("with another page size", GPKG[:16] + b"\xff\xff" + GPKG[18:]),
    ("without rows", package(rows=0)),
    ("in no CRS", package(srs=-1)),
    ("in a CRS that there is not", package(srs=999_999)),
    ("with noise for a shape", package(shape=b"\xa5" * 40)),
    ("with an empty shape", package(shape=b"")),
    ("with half a head of a shape", package(shape=b"GP\0")),
    ("with two billion corners", package(shape=blob(wkb(SQUARE, count=2**31 - 1)))),
    ("with a kind of shape that there is not", package(shape=blob(wkb(SQUARE, kind=99)))),
    ("with an open ring", package(shape=blob(wkb(SQUARE[:-1])))),
    ("with NaN", package(shape=blob(wkb([[float("nan"), 1.0], *SQUARE[1:]])))),
    ("with infinite corners", package(shape=blob(wkb([[float("inf"), 1.0], *SQUARE[1:]])))),
    ("with text for a shape", package(more="UPDATE units SET geom = 'POLYGON((0 0))'")),
    ("with a number for a shape", package(more="UPDATE units SET geom = 7")),
    ("with one code twice", package(more="UPDATE units SET code = '1'", rows=2)),
    ("with a layer that is a loop", package(more="DROP TABLE units; CREATE VIEW units AS SELECT * FROM units;")),
    ("with a layer that is gone", package(more="DROP TABLE units;")),
    ("with a layer of everything", package(more="DROP TABLE units; CREATE VIEW units AS WITH RECURSIVE n(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM n) SELECT fid, NULL AS geom, 'x' AS code FROM n;")),
    ("with a register of everything", package(more="DROP TABLE gpkg_contents; CREATE VIEW gpkg_contents AS WITH RECURSIVE n(fid) AS (SELECT 1 UNION ALL SELECT fid + 1 FROM n) SELECT fid AS table_name, 'features' AS data_type, NULL AS identifier, NULL AS description, NULL AS last_change, 0 AS min_x, 0 AS min_y, 1 AS max_x, 1 AS max_y, 4547 AS srs_id FROM n;")),
    ("with a layer that loads a program", package(more="DROP TABLE units; CREATE VIEW units AS SELECT 1 AS fid, NULL AS geom, load_extension('/tmp/x.so') AS code;")),
    ("with an evil name", package(layer="a';--")),
    ("with a second layer", package(more="CREATE TABLE b (fid INTEGER PRIMARY KEY, geom BLOB); INSERT INTO gpkg_contents SELECT 'b', data_type, 'b', description, last_change, 0, 0, 1, 1, srs_id FROM gpkg_contents; INSERT INTO gpkg_geometry_columns VALUES ('b', 'geom', 'POLYGON', 4547, 0, 0);")),
):  # fmt: skip
    bad(f"gpkg {what}", "a.gpkg", "units", content)
bad("gpkg that is a VRT of a file", "a.gpkg", "units", VRT.format("/etc/passwd").encode())
bad("gpkg that is a VRT of an address", "a.gpkg", "units", lambda port: VRT.format(f"/vsicurl/{URL.format(port=port)}").encode())  # fmt: skip
bad("gpkg that is a service", "a.gpkg", "units", lambda port: f"<OGRWFSDataSource><URL>{URL.format(port=port)}</URL></OGRWFSDataSource>".encode())  # fmt: skip
bad("gpkg called csv", "a.csv", "incidents", GPKG)

# -- shapefile and zip ------------------------------------------------------------------------------------------------


def shp(ring: list, *, kind: int = 5, length: int | None = None, parts: int = 0, count: int | None = None) -> bytes:
    """Return the .shp of one polygon; lengths and counts may lie."""
    points = b"".join(struct.pack("<dd", *corner) for corner in ring)
    many = len(ring) if count is None else count
    record = (
        struct.pack("<i4d2i", kind, WEST, SOUTH, WEST + 100, SOUTH + 100, 1, many) + struct.pack("<i", parts) + points
    )
    body = struct.pack(">2i", 1, len(record) // 2) + record
    words = (100 + len(body)) // 2 if length is None else length
    box = struct.pack("<8d", WEST, SOUTH, WEST + 100, SOUTH + 100, 0, 0, 0, 0)
    return struct.pack(">7i", 9994, 0, 0, 0, 0, 0, words) + struct.pack("<2i", 1000, kind) + box + body


def dbf(value: bytes = b"001", *, rows: int = 1, width: int = 10, name: bytes = b"code") -> bytes:
    """Return the .dbf of one column."""
    head = struct.pack("<4BIHH20x", 3, 126, 11, 22, rows, 65, width + 1)
    column = struct.pack("<11sc4xBB14x", name, b"C", width, 0)
    return head + column + b"\r" + b" " + value.ljust(width)[:width] + b"\x1a"


def shx(words: int) -> bytes:
    return shp(SQUARE, length=54)[:100] + struct.pack(">2i", 50, words)


def shape(**changes: object) -> dict[str, bytes | None]:
    told = {"shp": shp(SQUARE), "shx": shx(68), "dbf": dbf(), "prj": None, "cpg": None} | changes
    return {f"a.{ending}": content for ending, content in told.items() if content is not None}


for what, content in (
    ("without its index and table", {"a.shp": shp(SQUARE)}),
    ("without its index", shape(shx=None)),
    ("without its table", shape(dbf=None)),
    ("cut off", shape(shp=shp(SQUARE)[:120])),
    ("of its head only", shape(shp=shp(SQUARE)[:100], shx=shx(0)[:100], dbf=dbf(rows=0))),
    ("that lies about its length", shape(shp=shp(SQUARE, length=2**30))),
    ("with two billion corners", shape(shp=shp(SQUARE, count=2**31 - 1))),
    ("with a part beyond its corners", shape(shp=shp(SQUARE, parts=999))),
    ("with an open ring", shape(shp=shp(SQUARE[:-1]))),
    ("with NaN", shape(shp=shp([[float("nan"), 1.0], *SQUARE[1:]]))),
    ("of points that are polygons", shape(shp=shp(SQUARE, kind=1))),
    ("of a kind that there is not", shape(shp=shp(SQUARE, kind=77))),
    ("with two billion rows in its table", shape(dbf=dbf(rows=2**31))),
    ("with a table cut off", shape(dbf=dbf()[:40])),
    ("with an empty table", shape(dbf=b"")),
    ("in GBK without a mark", shape(dbf=dbf("滨江".encode("gb18030")))),
    ("with a mark that there is not", shape(cpg=b"KLINGON")),
    ("with a mark that is wrong", shape(dbf=dbf("滨江".encode("gb18030")), cpg=b"UTF-8")),
    ("in a CRS of nonsense", shape(prj=b"PROJCS[nonsense")),
    ("in another CRS", shape(prj=b'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]]')),
    ("that is noise", shape(shp=b"\xa5" * 500)),
):  # fmt: skip
    bad(f"shapefile {what}", "a.shp", "units", content)


def packed(members: dict[str, bytes], **more: object) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def linked() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        link = zipfile.ZipInfo("a.shp")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return stream.getvalue()


WHOLE = packed(shape())
BOMB = packed({"a.shp": bytes(100_000_000)})
for what, content in (
    ("bomb", BOMB),
    ("in a zip", packed({"b.zip": WHOLE})),
    ("of a bomb in a zip", packed({"b.zip": BOMB})),
    ("that climbs out", packed({"../../a.shp": b"1"})),
    ("of the root", packed({"/etc/a.shp": b"1"})),
    ("of a link", linked()),
    ("cut off", WHOLE[: len(WHOLE) // 2]),
    ("with a wrong sum", WHOLE.replace(zlib.crc32(dbf()).to_bytes(4, "little"), b"\1\2\3\4")),
    ("that says it is encrypted", WHOLE.replace(b"PK\x03\x04\x14\0\0\0", b"PK\x03\x04\x14\0\1\0").replace(b"PK\x01\x02\x14\x03\x14\0\0\0", b"PK\x01\x02\x14\x03\x14\0\1\0")),
    ("of two shapefiles", packed({**shape(), "b.shp": shp(SQUARE)})),
    ("of no shapefile", packed({"a.txt": b"x"})),
    ("of nothing", packed({})),
    ("of 20,000 names", packed({f"{n}.txt": b"" for n in range(20_000)})),
    ("that lies about a size", WHOLE.replace(struct.pack("<I", len(shp(SQUARE))), struct.pack("<I", 10))),
):  # fmt: skip
    bad(f"zip {what}", "a.zip", "units", content)

# -- XLSX -------------------------------------------------------------------------------------------------------------


def book(*lines: list, sheets: int = 1) -> bytes:
    made = Workbook()
    for number in range(sheets):
        sheet = made.active if number == 0 else made.create_sheet()
        for line in (HEAD.split(","), *lines):
            sheet.append(line)
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


CELLS = ["00123", "leak", "phone", "registered", "2026-11-22T08:30:00", False, 528770.2, 3386666.2]
BOOK = book(CELLS)


def rewritten(name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return the workbook with one part of it changed."""
    parts = zipfile.ZipFile(io.BytesIO(BOOK))
    return packed({n: change(parts.read(n)) if n == name else parts.read(n) for n in parts.namelist()})


SHEET = "xl/worksheets/sheet1.xml"
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">' + b"".join(b'<!ENTITY %c "%s">' % (99 + n, b"&%c;" % (98 + n) * 8) for n in range(12)) + b"]><worksheet><sheetData><row><c><v>&n;</v></c></row></sheetData></worksheet>"  # fmt: skip
for what, content in (
    ("cut off", BOOK[: len(BOOK) // 2]),
    ("without a workbook", packed({"a.txt": b"x"})),
    ("without its sheet", rewritten(SHEET, lambda _: b"")),
    ("with a sheet of noise", rewritten(SHEET, lambda _: b"\xa5" * 400)),
    ("with a sheet cut off", rewritten(SHEET, lambda part: part[: len(part) // 2])),
    ("that laughs a billion times", rewritten(SHEET, lambda _: LAUGHS)),
    ("with a string that there is not", rewritten(SHEET, lambda part: part.replace(b't="inlineStr"><is><t>00123</t></is>', b't="s"><v>99999</v>'))),
    ("with a cell beyond the sheet", rewritten(SHEET, lambda part: part.replace(b'r="A2"', b'r="ZZZZ99999999"'))),
    ("that says it has a billion rows", rewritten(SHEET, lambda part: part.replace(b'ref="A1:H2"', b'ref="A1:XFD1048576"'))),
    ("bomb", packed({"xl/workbook.xml": b"<a/>", SHEET: b" " * 100_000_000})),
    ("with formulas", book(["=1+1", *CELLS[1:]])),
    ("with an error for a value", book(["#REF!", *CELLS[1:]])),
    ("with a date before dates", book([*CELLS[:4], -700_000, *CELLS[5:]])),
    ("with a number for a code", book([123, *CELLS[1:]])),
    ("with two sheets", book(CELLS, sheets=2)),
    ("without rows", book()),
    ("of an old program", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000)),
    ("that is text", rows(ROW)),
    ("that is a shapefile", WHOLE),
    ("with letters no XML has", rewritten(SHEET, lambda part: part.replace(b"</v>", b"\x0b</v>"))),
):  # fmt: skip
    bad(f"xlsx {what}", "a.xlsx", "incidents", content)
bad(
    "xlsx with an entity from elsewhere",
    "a.xlsx",
    "incidents",
    lambda port: rewritten(
        SHEET,
        lambda _: f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a SYSTEM "{URL.format(port=port)}">]><worksheet><sheetData><row><c><v>&a;</v></c></row></sheetData></worksheet>'.encode(),
    ),
)  # fmt: skip

# -- EPANET and our own networks --------------------------------------------------------------------------------------

INP = """[JUNCTIONS]
J1 10 1
J2 10 1
[RESERVOIRS]
R1 50
[PIPES]
P1 R1 J1 100 200 130 0 Open
P2 J1 J2 150 200 130 0 Open
[COORDINATES]
R1 528000 3386000
J1 528100 3386000
J2 528200 3386050
[OPTIONS]
Units LPS
[END]
"""
for what, content in (
    ("cut off", INP[:90]),
    ("of nothing but a title", "[TITLE]\nx\n[END]\n"),
    ("without heads", INP.replace("[", "").replace("]", "")),
    ("with a head that never closes", INP.replace("[PIPES]", "[PIPES")),
    ("with a head that there is not", INP.replace("[OPTIONS]", "[WISHES]")),
    ("with a pipe from nowhere", INP.replace("P1 R1", "P1 X9")),
    ("with a pipe to itself", INP.replace("P2 J1 J2", "P2 J1 J1")),
    ("with a pipe of no length", INP.replace("150 200", "0 200")),
    ("with a pipe of a negative length", INP.replace("150 200", "-150 200")),
    ("with a pipe of NaN", INP.replace("150 200", "nan 200")),
    ("with a pipe of words", INP.replace("150 200", "long wide")),
    ("with one pipe twice", INP.replace("P2 J1", "P1 J1")),
    ("with one node twice", INP.replace("J2 10 1", "J1 10 1")),
    ("with a cycle of valves", INP.replace("[COORDINATES]", "[VALVES]\nV1 J1 J2 200 PRV 30 0\nV2 J2 J1 200 PRV 30 0\n[COORDINATES]")),
    ("with a cycle of pipes", INP.replace("[COORDINATES]", "P3 J2 R1 10 200 130 0 CV\nP4 J2 J1 10 200 130 0 Open\n[COORDINATES]")),
    ("with curves that there are not", INP.replace("[COORDINATES]", "[PUMPS]\nU1 J1 J2 HEAD nothing\n[COORDINATES]")),
    ("with patterns that there are not", INP.replace("J1 10 1", "J1 10 1 nothing")),
    ("with rules of nonsense", INP.replace("[OPTIONS]", "[RULES]\nRULE x\nIF moon IS full\nTHEN howl\n[CONTROLS]\nLINK X9 OPEN IF NODE Q ABOVE 3\n[OPTIONS]")),
    ("without places", INP.replace("[COORDINATES]", "[TAGS]")),
    ("with a place of NaN", INP.replace("528200 3386050", "nan inf")),
    ("with a place of words", INP.replace("528200 3386050", "here there")),
    ("with units that there are not", INP.replace("LPS", "BUCKETS")),
    ("with a line of 2 MB", INP.replace("J2 10 1", "J2 10 1 ;" + "x" * 2_000_000)),
    ("with a code of 1 MB", INP.replace("J2", "J" * 1_000_000)),
    ("with a NUL", INP.replace("J2 10", "J\0 10")),
    ("of a page", "<html></html>"),
):  # fmt: skip
    bad(f"inp {what}", "a.inp", "network", content.encode(), utility="water")
bad("inp in GBK", "a.inp", "network", INP.replace("J2", "滨江").encode("gb18030"), utility="water")
bad("inp of noise", "a.inp", "network", b"[JUNCTIONS]\n" + b"\xa5\xff\0" * 400, utility="water")
for what, content in (
    ("of nothing", b"{}"),
    ("of a list", b"[]"),
    ("of null", b"null"),
    ("cut off", b'{"nodes": [{"code"'),
    ("of numbers", b'{"utility": "water", "nodes": 1, "links": 2, "devices": 3}'),
    ("of a graph without codes", b'{"directed": true, "multigraph": true, "graph": {}, "nodes": [{}], "links": [{}]}'),
    ("nested deep", b'{"nodes":' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    ("with NaN", b'{"utility": "water", "nodes": [{"code": NaN}], "links": [], "devices": []}'),
):  # fmt: skip
    bad(f"network {what}", "a.json", "network", content, utility="water")
