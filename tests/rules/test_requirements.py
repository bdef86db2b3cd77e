"""What the documents demand stands as data, and the page of rules tells what shows it."""

from rules_page import PAGE, shown_rules

from gisapp.rules.requirements import CLASSES, requirements, rules_page


def test_every_demand_stands_once_with_its_class_and_its_words():
    known = requirements()
    assert len({one.id for one in known}) == len(known) == 182
    assert {kind: sum(one.kind == kind for one in known) for kind in CLASSES} == {"A": 68, "B": 86, "C": 28}
    assert all(one.about and one.place for one in known)


def test_what_is_left_to_people_says_so_or_where_it_links():
    assert all(one.recorded for one in requirements() if one.kind == "C")


def test_the_page_of_rules_is_what_the_rule_files_and_the_tests_make():
    assert PAGE.read_text(encoding="utf-8") == rules_page(shown_rules()), "run make rules"


def test_a_test_names_only_rules_that_there_are():
    assert set(shown_rules()) <= {one.id for one in requirements()}


def test_a_demand_that_nothing_shows_is_said_to_be_not_yet():
    page = rules_page({"W9.1": [("tests/a.py", "test_it_holds")]})
    assert "[it holds](../tests/a.py)" in page
    assert "| W30.1 | Art 30 | A |" in page
    assert page.count("**not yet**") > 50
