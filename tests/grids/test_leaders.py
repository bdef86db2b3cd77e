import pandas as pd

from gisapp.grids import leaders_at
from gisapp.grids.leaders import as_appointed, leaders_counted


def posts(*rows):
    columns = ["person_code", "scope", "valid_from", "valid_to"]
    table = pd.DataFrame(rows, columns=columns).assign(role="grid_leader", scope_kind="grid")
    for name in ("valid_from", "valid_to"):
        table[name] = pd.to_datetime(table[name], utc=True)
    return table


NOW = pd.Timestamp("2026-06-01", tz="UTC")


def test_of_two_who_lead_a_grid_the_one_appointed_last_counts_and_of_equal_ones_the_first_code():
    held = posts(
        ("E1", "G1", "2026-01-01", None),
        ("E2", "G1", "2026-03-01", None),
        ("E4", "G2", "2026-01-01", None),
        ("E3", "G2", "2026-01-01", None),
    )
    assert leaders_at(held, NOW).to_dict() == {"G1": "E2", "G2": "E3"}


def test_a_post_holds_from_its_first_moment_until_before_its_end():
    held = posts(("E1", "G1", "2026-01-01", "2026-06-01"), ("E2", "G2", "2026-06-01", None))
    assert leaders_at(held, NOW).to_dict() == {"G2": "E2"}


def test_whom_a_plan_names_leads_from_the_moment_on_and_posts_to_come_stay():
    held = posts(
        ("E1", "G1", "2026-01-01", None),
        ("E2", "G2", "2026-01-01", "2026-12-01"),
        ("E9", "G1", "2026-09-01", None),
        ("E3", "G3", "2026-01-01", None),
    )
    named = pd.Series({"G1": "E5", "G2": "E2", "G4": "E4"})
    then = as_appointed(held, named, NOW)
    codes = ["G1", "G2", "G3", "G4"]
    assert leaders_at(then, NOW).to_dict() == dict(zip(codes, ["E5", "E2", "E3", "E4"], strict=True))
    assert leaders_counted(then, codes, NOW).tolist() == [1, 1, 1, 1]
    assert leaders_counted(then, codes, pd.Timestamp("2027-01-01", tz="UTC")).tolist() == [2, 0, 1, 1]
    assert leaders_counted(held, ["G4", "G1"], NOW).to_dict() == {"G1": 1, "G4": 0}
