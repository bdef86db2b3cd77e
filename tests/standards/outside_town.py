"""The street by the river with incidents, and who may ask for them by which key."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import riverside

from dashboards.access import LOCAL, Permission, Person
from gisapp.rules.roles import role_rules

READER = Person("reader", frozenset({Permission.INCIDENTS_VIEW, Permission.GRIDS_VIEW}))
WRITER = Person("writer", frozenset({Permission.INCIDENTS_VIEW, Permission.INCIDENTS_REPORT}), ("customer_service",))
LEADER = replace(READER, rules=(role_rules()["grid_leader"],), grids=frozenset({"G1"}))
LOOKER = Person("looker", frozenset({Permission.NETWORK_VIEW}), ("dispatcher",))
KEYS = {"grid": LEADER, "look": LOOKER, "read": READER, "write": WRITER, "all": LOCAL}
PERSONAL = ("13800138000", "张三丰", "501室", "户主1", "0000555000")


def minutes_ago(minutes):
    return datetime.now(UTC) - timedelta(minutes=minutes)


def town(path):
    """Return a store with six incidents, one of them restricted and one a drill, and a shutoff with its notice."""
    store = riverside.store(path)
    said = {"text": "张三丰 13800138000，滨江路4号3幢2单元501室漏水", "reporter_phone": "13800138000"}
    leak = {"utility": "water", "type": "leak", "channel": "phone", "summary": "张三丰 13800138000 门口漏水", **said}
    kinds = ({}, {}, {"type": "quality"}, {"type": "complaint"}, {"drill": True}, {"category": "conduct"})
    for number, kind in enumerate(kinds, start=1):
        told = leak | {"code": f"I{number}", "reported_at": minutes_ago(60 * number)} | kind
        told |= {
            "grid_code": "G1" if number < 3 else "G2",
            "unit_code": "U07",
            "geom": riverside.point(30.0 * number, 10),
        }
        store.report(told, actor="t")
    store.incidents.record("I2", "cancel", actor="t", role="dispatcher", note="重复")
    return store


def release(store, code, *, title="紧急停水通知", body="# 停水范围\n\n滨江路，张三丰13800138000", language="zh-Hans"):
    """Release the notice of an operation."""
    text = {"title": title, "body": body, "language": language, "kind": "shutoff_notice", "shutoff_code": code}
    store.operations.release(text, "E01")
    return code
