"""Emergencies on the disk."""

import pytest

from gisapp.errors import InputError
from gisapp.tables import conform

HEAD = {"kind": "burst", "utility": "water", "summary": "爆管"}


@pytest.fixture
def stocked(store, rows):
    """Return a store with two people and one material, of which five are there."""
    people = rows("people", 2).assign(code=["E001", "E002"])
    material = rows("materials", 1).assign(code="M1", quantity=5.0)
    store.save({"people": conform(people, "people"), "materials": conform(material, "materials")}, actor="test")
    return store


def test_steps_are_written_one_after_another(stocked):
    code = stocked.emergencies.open(HEAD, "E001")
    stocked.emergencies.record(code, "verify", "E001", note="属实")
    stocked.emergencies.record(code, "appoint", "E001", subject="E002", value="commander")
    after = stocked.emergencies.record(code, "activate", "E002", value="3")
    assert (after.status, after.commander, after.level) == ("active", "E002", 3)
    assert stocked.emergencies.emergency(code) != after
    assert stocked.emergencies.emergency(code).steps == after.steps
    assert stocked.emergencies.open(HEAD, "E001")[:-2] == code[:-2]
    with pytest.raises(InputError, match="no person 'E009'"):
        stocked.emergencies.record(code, "appoint", "E001", subject="E009", value="deputy")
    with pytest.raises(InputError, match="no emergency 'E9'"):
        stocked.emergencies.record("E9", "verify", "E001", note="属实")


def test_issued_material_leaves_the_stock_but_not_in_a_drill(stocked):
    """G4.1.4, G8.4, G8.5."""
    issue = {"subject": "M1", "value": "3"}
    drill = stocked.emergencies.open(HEAD | {"drill": True}, "E001")
    stocked.emergencies.record(drill, "issue_material", "E001", **issue)
    assert stocked.table("materials")["quantity"].tolist() == [5.0]
    code = stocked.emergencies.open(HEAD, "E001")
    stocked.emergencies.record(code, "issue_material", "E001", **issue)
    assert stocked.table("materials")["quantity"].tolist() == [2.0]
    with pytest.raises(InputError, match="only 2 are there"):
        stocked.emergencies.record(code, "issue_material", "E001", **issue)
    assert stocked.table("materials")["quantity"].tolist() == [2.0]


def test_of_several_steps_all_are_written_or_none(stocked):
    code = stocked.emergencies.open(HEAD, "E001")
    unknown = ("appoint", {"subject": "E009", "value": "commander"})
    with pytest.raises(InputError, match="no person 'E009'"):
        stocked.emergencies.record_all(code, [("verify", {"note": "属实"}), unknown], "E001")
    assert len(stocked.emergencies.emergency(code).steps) == 1
    known = ("appoint", {"subject": "E002", "value": "commander"})
    after = stocked.emergencies.record_all(code, [("verify", {"note": "属实"}), known], "E001")
    assert (len(after.steps), after.commander) == (3, "E002")
