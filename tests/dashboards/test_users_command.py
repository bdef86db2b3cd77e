"""``gisapp users``: accounts are made and changed from the command line, and a password never stands in it."""

import io

import pytest

from dashboards.__main__ import main
from gisapp.accounts import matches
from gisapp.store import create_store, open_store

WORDS = "vier worte im regen"


@pytest.fixture
def path(tmp_path):
    create_store(tmp_path / "a.gpkg", crs="EPSG:4547").close()
    return tmp_path / "a.gpkg"


@pytest.fixture
def run(path, monkeypatch, capsys):
    def run(*words, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        status = main(["users", *words, "--store", str(path)])
        told = capsys.readouterr()
        return status, told.out, told.err

    return run


def test_an_account_is_made_listed_given_a_role_and_disabled(run, path):
    status, _, said = run("add", "D001", "--display", "调度一台", "--role", "dispatcher", typed=f"{WORDS}\n")
    assert status == 0
    assert "there are accounts now" in said
    assert run("role", "D001", "--role", "planner", "--role", "manager")[0] == 0
    assert run("list")[1].splitlines()[1] == "D001,调度一台,planner manager,,,False,password"
    assert run("disable", "D001")[0] == 0
    with open_store(path) as store:
        user, kept = store.accounts.login_of("D001")
    assert user.disabled
    assert matches(WORDS, kept)


def test_a_password_is_no_option(run):
    with pytest.raises(SystemExit):
        run("add", "D001", "--display", "x", "--role", "planner", "--password", WORDS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--role", "boss"), "found role 'boss'"),
        (("--role", "grid_leader"), "ends at its grids and it has none; add --grid"),
        (("--role", "grid_leader", "--grid", "G9"), "there is no grid 'G9'"),
        (("--role", "crew", "--unit", "U9"), "there is no unit 'U9'"),
    ],
)
def test_a_wrong_role_grid_or_unit_is_named_and_nothing_is_written(run, path, words, said):
    status, _, told = run("add", "D001", "--display", "x", *words, typed=f"{WORDS}\n")
    assert status == 2
    assert said in told
    with open_store(path) as store:
        assert not store.accounts.exist()


def test_a_weak_password_is_refused_and_not_said(run):
    status, _, told = run("add", "D001", "--display", "x", "--role", "planner", typed="passwordpassword\n")
    assert status == 2
    assert "is easily guessed" in told
    assert "passwordpassword" not in told


def test_a_token_is_shown_once_listed_without_it_and_ended(run, path):
    run("add", "D001", "--display", "x", "--role", "dispatcher", typed=f"{WORDS}\n")
    token = run("token", "D001", "--label", "open311")[1].strip()
    listed = run("token", "D001")[1]
    assert "open311" in listed
    assert token not in listed
    with open_store(path) as store:
        assert store.accounts.by_token(token).name == "D001"
    assert run("token", "D001", "--end", "--label", "open311")[0] == 0
    with open_store(path) as store:
        assert store.accounts.by_token(token) is None


def test_sessions_are_listed_ended_and_limited(run, path):
    run("add", "D001", "--display", "x", "--role", "dispatcher", typed=f"{WORDS}\n")
    with open_store(path) as store:
        secret = store.accounts.begin("D001")
    listed = run("sessions")[1]
    assert "D001" in listed
    assert secret not in listed
    assert "1 sessions ended" in run("sessions", "end", "D001")[2]
    assert "0:05:00" in run("sessions", "limits", "--idle-min", "5")[2]
    assert run("sessions", "limits", "--hours", "1000")[0] == 2
