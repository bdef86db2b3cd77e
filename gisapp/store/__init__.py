"""The only room with SQL: one GeoPackage file that several programs may read while one writes."""

from gisapp.store.backup import backup_store, restore_store, table_digests
from gisapp.store.embedded import Store, create_store, open_store
from gisapp.store.export import export_geopackage
from gisapp.store.migrate import upgrade_store
from gisapp.store.shapefile import export_shapefile

__all__ = [
    "Store",
    "backup_store",
    "create_store",
    "export_geopackage",
    "export_shapefile",
    "open_store",
    "restore_store",
    "table_digests",
    "upgrade_store",
]
