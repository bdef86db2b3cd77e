"""The rules of the house by script: checked, printed, kept and given up."""

from gisapp.rules import rule_text
from gisapp.store import open_store


def test_ours_are_checked_without_a_file(run):
    status, out, err = run("rules", "check")
    assert (status, out) == (0, "")
    assert "rules of shutoffs: 6 notice" in err
    assert "rules of incidents: 18 unit" in err
    assert "holidays to 2026-10-10" in err


def test_the_row_that_is_wrong_is_named(run, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(rule_text("incidents").replace('stop = "accepted_at"', 'stop = "accepted"'), encoding="utf-8")
    status, _, err = run("rules", "check", own)
    assert status == 2
    assert "own.toml, field stop: clock 1: found 'accepted'" in err


def test_a_row_without_its_article_or_with_an_empty_one_is_named(run, tmp_path):
    own, ours = tmp_path / "own.toml", rule_text("incidents")
    cited = 'hours = 24, article = "供水服务办法 第十六条（二）"'
    for given, found in (("hours = 24", "level 2 has no article"), ('hours = 24, article = " "', "level 2: found ' '")):
        own.write_text(ours.replace(cited, given, 1), encoding="utf-8")
        status, _, err = run("rules", "check", own)
        assert (status, f"own.toml, field article: {found}" in err) == (2, True), err


def test_a_file_of_no_rules_is_refused(run, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text("# nothing yet\n", encoding="utf-8")
    status, _, err = run("rules", "check", own)
    assert (status, "holds no rules" in err) == (2, True)


def test_own_rules_of_incidents_are_kept_beside_those_of_shutoffs(run, net3, tmp_path):
    own = tmp_path / "own.toml"
    run("rules", "print", "incidents", "-o", own)
    text = own.read_text(encoding="utf-8").replace("minutes = 20", "minutes = 15", 1)
    own.write_text(text, encoding="utf-8")
    assert run("rules", "keep", own, "--store", net3)[0] == 0
    assert run("rules", "print", "incidents", "--store", net3)[1] == text
    assert run("rules", "print", "shutoffs", "--store", net3)[1] == rule_text("shutoffs")
    run("rules", "keep", "--ours", "incidents", "--store", net3)
    assert run("rules", "print", "incidents", "--store", net3)[1] == rule_text("incidents")


def test_a_wrong_file_changes_nothing(run, net3, tmp_path):
    own = tmp_path / "own.toml"
    own.write_text(rule_text("incidents").replace("minutes = 20", "minutes = -20", 1), encoding="utf-8")
    assert run("rules", "keep", own, "--store", net3)[0] == 2
    with open_store(net3) as store:
        assert store.kept_rules("incidents") is None
