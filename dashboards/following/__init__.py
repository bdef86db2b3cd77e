"""The page of what is followed up: what is due by a day, what leaders noted, which grids nobody visited."""

from dashboards.following.page import ICON, NEEDS, PATH, TITLE, attach, layout

__all__ = ["ICON", "NEEDS", "PATH", "TITLE", "attach", "layout"]
