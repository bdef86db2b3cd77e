"""The weights of the workload as data."""

from datetime import date

import pytest

from gisapp.errors import InputError
from gisapp.rules import checked_rules, workload_weights

TODAY = date(2026, 11, 27)


def own(tmp_path, *rows):
    path = tmp_path / "own.toml"
    path.write_text("\n".join(f'[[weight]]\narticle = "自定"\n{row}' for row in rows), encoding="utf-8")
    return path


def test_ours_add_up_to_one():
    assert workload_weights(TODAY) == {
        "households": 0.4,
        "incidents_12m": 0.3,
        "pipe_m": 0.15,
        "critical": 0.1,
        "valves": 0.05,
    }


def test_shares_are_divided_by_their_sum_and_hold_on_their_days(tmp_path):
    path = own(
        tmp_path,
        'measure = "people"\nshare = 3\nvalid_from = 2020-01-01',
        'measure = "valves"\nshare = 1\nvalid_from = 2020-01-01\nvalid_to = 2026-11-27',
        'measure = "critical"\nshare = 0\nvalid_from = 2020-01-01',
    )
    assert workload_weights(TODAY, path) == {"people": 0.75, "valves": 0.25}
    assert workload_weights(date(2026, 11, 28), path.read_text(encoding="utf-8")) == {"people": 1.0}
    (found,) = checked_rules(path)
    assert (found.topic, found.rows) == ("workload", {"weight": 3})


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('measure = "rain"\nshare = 1\nvalid_from = 2020-01-01', "weight 1: found 'rain'; use one of households"),
        ('measure = "people"\nshare = -1\nvalid_from = 2020-01-01', "field share: weight 1: found -1"),
        ('measure = "people"\nvalid_from = 2020-01-01', "weight 1 has no share"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, row, words):
    with pytest.raises(InputError, match=words) as error:
        checked_rules(own(tmp_path, row))
    assert "own.toml" in str(error.value)


def test_a_day_on_which_nothing_weighs_is_refused(tmp_path):
    path = own(tmp_path, 'measure = "people"\nshare = 1\nvalid_from = 2027-01-01')
    with pytest.raises(InputError, match="no measure weighs anything on 2026-11-27"):
        workload_weights(TODAY, path)
