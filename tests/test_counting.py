import pandas as pd

from gisapp.counting import counted

ROWS = pd.DataFrame(
    [
        {"drill": False, "duplicate_of": None, "status": "archived"},
        {"drill": True, "duplicate_of": "A", "status": "merged"},
        {"drill": False, "duplicate_of": "A", "status": "archived"},
        {"drill": False, "duplicate_of": None, "status": "merged"},
        {"drill": False, "duplicate_of": None, "status": "cancelled"},
        {"drill": False, "duplicate_of": None, "status": "rejected"},
    ]
)


def test_drills_duplicates_and_withdrawn_reports_do_not_count():
    assert counted(ROWS)["counts"].tolist() == [True, False, False, False, False, False]


def test_each_row_that_does_not_count_has_exactly_one_reason():
    reasons = counted(ROWS)[["drill", "duplicate", "withdrawn"]].sum(axis=1)
    assert reasons.tolist() == [0, 1, 1, 1, 1, 1]
