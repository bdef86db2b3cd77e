"""The rules of the house as data: TOML files in which every row cites its article."""

from gisapp.rules.rows import rule_text
from gisapp.rules.shutoffs import (
    LevelRule,
    LimitRule,
    NightRule,
    NoticeRule,
    ShutoffRules,
    TrunkRule,
    shutoff_rules,
)

__all__ = [
    "LevelRule",
    "LimitRule",
    "NightRule",
    "NoticeRule",
    "ShutoffRules",
    "TrunkRule",
    "rule_text",
    "shutoff_rules",
]
