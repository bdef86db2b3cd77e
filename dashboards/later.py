"""What stands beside a map and is heavy: tables and charts, made when the map of the page stands."""

from __future__ import annotations

from typing import Any, ClassVar

from dash.development.base_component import Component

CHARTS = "/assets/vendor/plotly-basic.js"
"""The code of bars and lines: where it has run, Dash's graphs take it, not the whole of Plotly, four times as much."""
_PROPS = ("id", "children", "className", "due", "told", "script", "alone")


class Later(Component):
    """Its children, from when the page's map stands, or could not be drawn, or has taken ten seconds.

    Where the map stood before the page they come when the page has its first answers.

    Their code is not even fetched before: it is larger than the map's, and a person looks at the map first. ``due``
    turns true then: a callback that fills the children takes it as an input, and answers nothing before. With ``told``
    they stand while that is true, whatever the map does; with ``alone``, on a page without a map, they come at once.
    The browser half is ``assets/later.js``.
    """

    _children_props: ClassVar[list[str]] = []
    _base_nodes: ClassVar[list[str]] = ["children"]
    _namespace = "dashboards"
    _type = "Later"
    _prop_names: ClassVar[list[str]] = list(_PROPS)
    _valid_wildcard_attributes: ClassVar[list[str]] = []
    available_properties: ClassVar[list[str]] = list(_PROPS)
    available_wildcard_properties: ClassVar[list[str]] = []

    def __init__(self, children: Any = None, *, id: str, className: str, **options: Any) -> None:
        """Take what comes later, or (``told``) when a callback says so; ``script`` is fetched before it is shown."""
        super().__init__(id=id, children=children, className=className, due=False, **options)
