"""The table of roles says what each may do; a right that there is not is refused by row and field."""

import pytest

from gisapp.errors import InputError
from gisapp.rules.roles import AREAS, require_roles, role_rules, rules_in

HEAD = ",".join(("role", *AREAS, "personal"))


def test_a_crew_handles_what_its_unit_has_and_no_more():
    crew = role_rules()["crew"]
    assert crew.rights["incidents"] == "ve"
    assert crew.scopes["incidents"] == "own_unit"
    assert crew.rights["customers"] == crew.rights["settings"] == ""


def test_the_administrator_of_accounts_sees_nothing_of_the_city():
    rule = role_rules()["administrator"]
    assert {area for area, letters in rule.rights.items() if letters} == {"settings"}
    assert rule.personal == "none"


def test_planner_commander_and_manager_see_nobody_in_clear():
    assert {role_rules()[role].personal for role in ("planner", "commander", "manager", "auditor")} <= {"none", "mask"}


@pytest.mark.parametrize(
    ("line", "field"),
    [("boss,q,,,,,,,,,none", "grids"), ("boss,v@mine,,,,,,,,,none", "grids"), ("boss,@own_grid,,,,,,,,,none", "grids"),
     ("boss,v,,,,,,,,,everything", "personal")],
)  # fmt: skip
def test_a_right_that_there_is_not_is_refused_by_row_and_field(line, field):
    with pytest.raises(InputError, match=rf"roles\.csv, row 1, field {field}"):
        rules_in([HEAD, line])


def test_a_role_that_stands_twice_and_a_wrong_column_are_refused():
    with pytest.raises(InputError, match="row 2: role 'boss' stands twice"):
        rules_in([HEAD, "boss,v,,,,,,,,,none", "boss,v,,,,,,,,,none"])
    with pytest.raises(InputError, match="has columns"):
        rules_in(["role,rights", "boss,v"])


def test_roles_come_in_the_order_of_the_table_each_once():
    assert require_roles(["planner", "dispatcher", "planner"]) == ("dispatcher", "planner")
    with pytest.raises(InputError, match="found role 'boss'"):
        require_roles(["boss"])
