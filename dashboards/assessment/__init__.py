"""The page of assessments: what the rules propose and who decided about it, and the sheet of a month, quarter, year."""

from dashboards.assessment.page import ICON, NEEDS, PATH, TITLE, attach, layout

__all__ = ["ICON", "NEEDS", "PATH", "TITLE", "attach", "layout"]
