"""The only room with SQL: a GeoPackage file, or a database of a server with PostGIS."""

from gisapp.store.backup import backup_store, restore_store, table_digests, verify_backup
from gisapp.store.copying import copy_whole
from gisapp.store.embedded import Store, create_store, open_store
from gisapp.store.export import export_geopackage
from gisapp.store.points import make_point, newest_point
from gisapp.store.shapefile import export_shapefile
from gisapp.store.upgrading import rehearse_upgrade, upgrade_store

__all__ = [
    "Store",
    "backup_store",
    "copy_whole",
    "create_store",
    "export_geopackage",
    "export_shapefile",
    "make_point",
    "newest_point",
    "open_store",
    "rehearse_upgrade",
    "restore_store",
    "table_digests",
    "upgrade_store",
    "verify_backup",
]
