"""A deterministic sample city of any size: streets, homes, four utilities, people and three years of incidents."""

from gisapp.demo.make import city_tables, make_city
from gisapp.demo.sizes import SIZES

__all__ = ["SIZES", "city_tables", "make_city"]
