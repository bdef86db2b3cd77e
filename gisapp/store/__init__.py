"""The only room with SQL: one GeoPackage file that several programs may read while one writes."""

from gisapp.store.embedded import Store, create_store, open_store

__all__ = ["Store", "create_store", "open_store"]
