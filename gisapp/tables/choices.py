"""What may stand in a column of choices."""

UTILITIES = ("water", "power", "heating", "gas")
CRITICAL_KINDS = (
    "hospital",
    "dialysis",
    "school",
    "kindergarten",
    "care_home",
    "fire_station",
    "heat_station",
    "government",
)
UNIT_KINDS = ("dispatch", "office", "crew_base", "contractor", "outside")
INCIDENT_TYPES = (
    "leak",
    "burst",
    "no_supply",
    "low_pressure",
    "quality",
    "meter_fault",
    "meter_well_leak",
    "cover",
    "power_outage",
    "no_heat",
    "gas_leak",
    "complaint",
    "patrol_finding",
    "other",
)
STATUSES = (
    "registered",
    "dispatched",
    "return_requested",
    "accepted",
    "assigned",
    "on_site",
    "controlled",
    "repairing",
    "on_hold",
    "repaired",
    "confirmed",
    "replied",
    "closed",
    "called_back",
    "reopened",
    "archived",
    "merged",
    "cancelled",
    "rejected",
    "to_leader",
    "contacted",
    "investigating",
    "solution_set",
    "handling",
    "fed_back",
    "evaluated",
    "reported",
    "graded",
    "ordered",
    "reported_up",
    "verified",
    "suspected",
    "located",
    "watch",
    "quiet",
    "recurred",
)
"""Where an incident may stand, in whichever of its lives."""
DONE_STATUSES = ("closed", "called_back", "archived", "quiet", "recurred")
"""Where the work of an incident is done."""
WITHDRAWN_STATUSES = ("cancelled", "rejected")
"""Where an incident was no fault of the network and no work."""
CHANNELS = (
    "phone",
    "mayor_hotline",
    "web",
    "app",
    "wechat",
    "counter",
    "media",
    "superior",
    "opinion_card",
    "patrol",
    "sensor",
    "other",
)
VERDICTS = ("confirmed", "dismissed")
"""What a person decides about a proposal."""
EMERGENCY_KINDS = (
    "burst",
    "water_outage",
    "power_outage",
    "heating_outage",
    "gas_outage",
    "gas_leak",
    "water_quality",
    "fire",
    "flood",
    "equipment_fault",
    "other",
)
NOTICE_KINDS = ("shutoff_notice", "report_up", "posting_list", "sms", "fire_note")
