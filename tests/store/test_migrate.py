"""Which files are opened, and how an older one is brought on."""

import re
import shutil
import sqlite3
from pathlib import Path

import pyproj
import pytest
from alembic.script import ScriptDirectory

from gisapp.errors import CrsError, InputError, StoreError
from gisapp.store import create_store, migrate, open_store, upgrade_store
from gisapp.store.connect import Connections

OURS = max(file.name[:4] for file in (migrate.FOLDER / "versions").glob("0*.py"))
LATER = f"{int(OURS) + 1:04d}"
NEXT = f"""
from alembic import op
revision, down_revision = "{LATER}", "{OURS}"
def upgrade():
    op.execute("ALTER TABLE org_units ADD COLUMN note TEXT(255)")
    {{more}}
"""


@pytest.fixture
def later(tmp_path) -> Path:
    """Return the migrations of a later program: ours and one more."""
    folder = tmp_path / "later"
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / f"{LATER}_next.py").write_text(NEXT.format(more="pass"))
    return folder


def schema_of(path):
    raw = sqlite3.connect(path)
    made = {
        name: re.sub(r"\s*([(),])\s*", r"\1", " ".join((sql or "").split()))
        for name, sql in raw.execute("SELECT name, sql FROM sqlite_master")
    }
    rows = [
        raw.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall() for name in ("gpkg_geometry_columns", "layer_rev")
    ]
    marks = [raw.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")]
    contents = raw.execute("SELECT table_name, data_type, description, srs_id FROM gpkg_contents ORDER BY 1").fetchall()
    version = raw.execute("SELECT * FROM alembic_version").fetchall()
    raw.close()
    return made, rows, marks, contents, version


def test_the_migrations_make_the_schema_of_a_new_store(path, tmp_path):
    create_store(path, crs="EPSG:4547").close()
    migrated = tmp_path / "migrated.gpkg"
    migrated.touch()
    connections = Connections(migrated)
    with connections.writing() as connection:
        migrate.run(connection, crs=pyproj.CRS("EPSG:4547"))
    connections.close()
    assert schema_of(migrated) == schema_of(path)


def test_an_older_store_is_refused_upgraded_with_a_backup_and_then_too_new(path, rows, later, same):
    """P6.2."""
    with create_store(path, crs="EPSG:4547") as store:
        store.save({"org_units": rows("org_units")}, actor="t")
    with pytest.raises(StoreError, match=f"older schema {OURS}, this program needs {LATER}; run gisapp upgrade"):
        migrate.require_current(path, later)
    backup = upgrade_store(path, folder=later).backup
    migrate.require_current(path, later)
    assert upgrade_store(path, folder=later) is None
    with pytest.raises(StoreError, match=f"schema {LATER}, newer than this program's {OURS}"):
        open_store(path)
    with open_store(backup) as before:
        same(before.table("org_units"), rows("org_units"))
    raw = sqlite3.connect(path)
    assert raw.execute("SELECT count(*), count(note) FROM org_units").fetchone() == (7, 0)
    raw.close()


def test_an_upgrade_that_fails_leaves_the_store_as_it_was(path, later):
    create_store(path, crs="EPSG:4547").close()
    before = schema_of(path)
    (later / "versions" / f"{LATER}_next.py").write_text(NEXT.format(more='raise RuntimeError("half way")'))
    with pytest.raises(RuntimeError, match="half way"):
        upgrade_store(path, folder=later)
    assert schema_of(path) == before
    open_store(path).close()


def test_a_newer_store_is_not_upgraded_either(path, later):
    create_store(path, crs="EPSG:4547").close()
    upgrade_store(path, folder=later)
    with pytest.raises(StoreError, match="newer than this program"):
        upgrade_store(path)


def test_files_that_are_no_store_are_refused(path, tmp_path):
    with pytest.raises(StoreError, match="is not there"):
        open_store(path)
    path.write_text("code,name\n" * 100)
    with pytest.raises(StoreError, match="this is not a store"):
        open_store(path)
    path.write_bytes(b"")
    with pytest.raises(StoreError, match="is not a store of this program"):
        open_store(path)
    foreign = tmp_path / "foreign.gpkg"
    raw = sqlite3.connect(foreign)
    raw.execute(f"PRAGMA application_id = {0x47504B47}")
    raw.execute("CREATE TABLE settings (key, value)")
    raw.close()
    with pytest.raises(StoreError, match="is not a store of this program; import it"):
        open_store(foreign)


def test_an_existing_file_is_not_written_over(path):
    path.write_text("precious")
    with pytest.raises(StoreError, match="exists already"):
        create_store(path, crs="EPSG:4547")
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"crs": "EPSG:4490"}, CrsError),
        ({"crs": "EPSG:3857"}, CrsError),
        ({"crs": None}, CrsError),
        ({"crs": "EPSG:4547", "zone": "Asia/Nowhere"}, InputError),
    ],
)
def test_a_store_in_degrees_or_in_no_zone_is_not_made(path, options, error):
    with pytest.raises(error):
        create_store(path, **options)
    assert list(path.parent.iterdir()) == []


def test_a_frame_without_a_number_is_kept_whole(path):
    local = pyproj.CRS("+proj=tmerc +lon_0=113.5 +k=0.9999 +x_0=400000 +y_0=-3000000 +ellps=GRS80 +units=m")
    create_store(path, crs=local).close()
    with open_store(path) as store:
        assert store.crs == local


def test_the_version_that_files_are_named_by_is_that_of_alembic():
    script = ScriptDirectory(str(migrate.FOLDER))
    assert migrate.newest_schema() == script.get_current_head()
    assert [one.revision for one in script.walk_revisions()][::-1] == [
        file.name[:4] for file in sorted((migrate.FOLDER / "versions").glob("0*.py"))
    ]
