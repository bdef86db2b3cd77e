"""The manager's page: where it is really worse, beyond chance, and the rows behind every colour."""

from dashboards.manager.page import ICON, NEEDS, PATH, TITLE, attach, layout, ready

__all__ = ["ICON", "NEEDS", "PATH", "TITLE", "attach", "layout", "ready"]
