"""The web: pages, map, tiles, and the command line that serves them."""

from gisapp import __version__

__all__ = ["__version__"]
