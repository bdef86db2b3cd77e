import pandas as pd

from gisapp.grids import leaders_at


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
