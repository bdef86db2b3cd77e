"""The rules of the house as data: TOML files in which every row cites its article."""

from gisapp.rules.check import Checked, checked_rules, rows_of
from gisapp.rules.incidents import ClockRule, IncidentRules, RouteRule, incident_rules
from gisapp.rules.places import AliasRule, place_aliases
from gisapp.rules.rows import Rule, rule_text
from gisapp.rules.shutoffs import (
    LevelRule,
    LimitRule,
    NightRule,
    NoticeRule,
    ShutoffRules,
    TrunkRule,
    shutoff_rules,
)
from gisapp.rules.workload import WeightRule, workload_weights

__all__ = [
    "AliasRule",
    "Checked",
    "ClockRule",
    "IncidentRules",
    "LevelRule",
    "LimitRule",
    "NightRule",
    "NoticeRule",
    "RouteRule",
    "Rule",
    "ShutoffRules",
    "TrunkRule",
    "WeightRule",
    "checked_rules",
    "incident_rules",
    "place_aliases",
    "rows_of",
    "rule_text",
    "shutoff_rules",
    "workload_weights",
]
