"""The planner's page: the workload of the grids in force, and boundary plans drawn, judged and put in force."""

from dashboards.planner.drafts import ready
from dashboards.planner.page import ICON, NEEDS, PATH, TITLE, attach, layout

__all__ = ["ICON", "NEEDS", "PATH", "TITLE", "attach", "layout", "ready"]
