"""The web: pages, map, tiles, and the command line that serves them."""

from gisapp import __version__

# Dash looks these up on the package whose component it draws. The map's own files lie in ``assets``, which
# the application serves whole; naming them here too would load MapLibre twice.
_js_dist: list[dict[str, str]] = []
_css_dist: list[dict[str, str]] = []

__all__ = ["__version__"]
