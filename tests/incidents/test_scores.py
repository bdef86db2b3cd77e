"""Scores are given by persons and weighed by the rules of the day; nobody is scored by themselves alone."""

from datetime import date

import pandas as pd
import pytest

from gisapp.errors import InputError
from gisapp.incidents.scores import scored, shares
from gisapp.rules import incident_rules, rule_text

OURS = rule_text("incidents")
RULES = incident_rules(date(2026, 10, 31))


def given(*rows):
    parts = ("results", "quality", "efficiency", "attitude")
    return pd.DataFrame([dict(zip(("subject", "scored_by", *parts), row, strict=True)) for row in rows])


def test_a_score_weighs_its_parts_and_is_the_mean_of_its_scorers():
    """G5.4, G5.7: the weights are those of the rules, shown beside the score."""
    assert shares(RULES) == pytest.approx({"results": 0.4, "quality": 0.3, "efficiency": 0.2, "attitude": 0.1})
    told = scored(given(("K1", "E1", 100, 0, 0, 0), ("K1", "E2", 0, 100, 100, 100)), RULES)
    assert told.to_dict("records") == [{"subject": "K1", "score": pytest.approx(50), "scorers": 2}]


def test_ones_own_score_is_not_the_only_one():
    """G5.5."""
    own = ("K1", "K1", 100, 100, 100, 100)
    assert scored(given(own), RULES)["score"].isna().all()
    assert scored(given(own, ("K1", "E1", 60, 60, 60, 60)), RULES)["score"].tolist() == [80]


def test_an_old_month_keeps_its_weights():
    """P4.3."""
    line = next(line for line in OURS.splitlines() if 'part = "results"' in line)
    ended = line.replace("valid_from = 2000-01-01", "valid_from = 2000-01-01, valid_to = 2026-10-31")
    newer = line.replace("valid_from = 2000-01-01", "valid_from = 2026-11-01").replace("0.4", "0.8")
    text = OURS.replace(line, f"{ended}\n{newer}")
    row = given(("K1", "E1", 100, 0, 0, 0))
    months = [incident_rules(day, text) for day in (date(2026, 10, 31), date(2026, 11, 30))]
    assert [scored(row, rules)["score"].iloc[0] for rules in months] == [pytest.approx(40), pytest.approx(80 / 1.4)]


def test_rules_without_weights_score_nobody():
    bare = incident_rules(date(2026, 10, 31), "\n".join(line for line in OURS.splitlines() if "{ part =" not in line))
    assert shares(bare) == {}
    with pytest.raises(InputError, match="no part of an assessment weighs anything"):
        scored(given(("K1", "E1", 1, 1, 1, 1)), bare)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (("K1", "E1", 101, 0, 0, 0), "row 2, field results: found 101; give 0 to 100"),
        (("K1", "E1", 1, "gut", 0, 0), "row 2, field quality: found 'gut'"),
        (("K1", None, 1, 1, 0, 0), "row 2, field scored_by: is empty"),
        (("K0", "E1", 1, 1, 0, 0), "row 2, field scored_by: E1 scored K0 already"),
    ],
)
def test_a_wrong_score_is_named_by_its_row(row, said):
    with pytest.raises(InputError, match=said):
        scored(given(("K0", "E1", 1, 1, 1, 1), row), RULES)
    with pytest.raises(InputError, match="scores lack a column"):
        scored(given(row).drop(columns="attitude"), RULES)
