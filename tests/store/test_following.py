"""Measures and notes of grids in a store."""

from datetime import UTC, datetime, timedelta

import pytest

from gisapp.errors import AccessError, InputError

AT = datetime(2026, 11, 10, 2, tzinfo=UTC)
HEAD = {"kind": "rectification", "summary": "补齐资料", "subject": "U07", "due": "2026-11-20"}


def test_a_measure_lives_in_the_store_and_its_steps_only_grow(store):
    """W14.2."""
    code = store.measures.order(HEAD, actor="E020", role="supervision", at=AT)
    assert code == "M20261110-01"
    assert store.measures.order(HEAD, actor="E020", role="supervision", at=AT) == "M20261110-02"
    done = {"actor": "K1", "role": "unit", "note": "已办"}
    assert store.measures.record(code, "finish", at=AT + timedelta(days=1), **done).status == "done"
    with pytest.raises(InputError, match="'finish' cannot follow done"):
        store.measures.record(code, "finish", **done)
    with pytest.raises(AccessError):
        store.measures.record(code, "check", actor="K1", role="supervision")
    assert store.table("measure_steps")["action"].tolist() == ["order", "order", "finish"]


def test_what_a_measure_names_must_be_there(store):
    """W14.2, G3.1.2."""
    for wrong in (
        {"grid_code": "G9"},
        {"incident_code": "X"},
        {"note_number": 7},
        {"kind": "advice"},
        {"subject": None},
    ):
        with pytest.raises(InputError, match=f"field {next(iter(wrong))}"):
            store.measures.order(HEAD | wrong, actor="E020", role="supervision", at=AT)
    assert store.table("measures").empty
    with pytest.raises(InputError, match="there is no measure 'M9'"):
        store.measures.measure("M9")
