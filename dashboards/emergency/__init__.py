"""The commander's page: click the burst; read which valves to close, who is then without supply, and why."""

from dashboards.emergency.drawn import ready
from dashboards.emergency.page import ICON, NEEDS, PATH, TITLE, attach, layout

__all__ = ["ICON", "NEEDS", "PATH", "TITLE", "attach", "layout", "ready"]
