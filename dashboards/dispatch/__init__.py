"""The dispatchers' page: what waits, the intake of reports, and the sheet of one incident."""

from dashboards.dispatch.desk import ready
from dashboards.dispatch.page import ICON, NEEDS, PATH, TITLE, attach, layout

__all__ = ["ICON", "NEEDS", "PATH", "TITLE", "attach", "layout", "ready"]
