"""From an answer to a record: the buttons that open an emergency operation or planned works."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from dash.development.base_component import Component

from dashboards.access import Permission
from dashboards.deeds import Field, deed
from dashboards.emergency.parts import happened
from dashboards.emergency.standing import Standing
from gisapp.words import utility_word, word


def opening_buttons(standing: Standing, spoken: str) -> list[Component]:
    """Return the buttons that open a record of what is tried out."""
    made = [
        deed(
            utility_word(f"emergency.open_{kind}", standing.utility, spoken),
            {
                "do": "open",
                "kind": kind,
                "utility": standing.utility,
                "bursts": list(standing.case.bursts),
                "stuck": list(standing.case.stuck),
            },
            needs=Permission.SHUTOFF_RECORD,
            ask=_asked(kind, standing, spoken),
            look="main" if kind == "emergency" else "",
            sign="alert-triangle" if kind == "emergency" else "clock",
        )
        for kind in ("emergency", "planned")
    ]
    return [button for button in made if button is not None]


def _asked(kind: str, standing: Standing, spoken: str) -> list[Field]:
    """Return what is asked: the place is filled in from the nearest streets, planned work has its times."""

    def label(name: str) -> str:
        return word(f"emergency.field_{name}", spoken)

    place = Field("place", label("place"), value=standing.situation.site.place.words(spoken))
    times = [Field(name, label(name), "moment", required=True) for name in ("planned_start", "planned_end")]
    reason = Field("reason", label("reason"), required=kind == "planned")
    incident = Field("incident_code", label("incident_code"))
    zone = ZoneInfo(str(standing.situation.made_at.tzinfo))
    drill = Field("drill", label("drill"), "tick")
    when = happened(zone, spoken)
    return [place, *times, reason, drill] if kind == "planned" else [place, reason, incident, when, drill]
