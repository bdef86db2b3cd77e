"""Accounts in the store: only hashes are kept, sessions end where they must, and every change has its audit row."""

from datetime import UTC, datetime, timedelta

import pytest

from gisapp.accounts import User
from gisapp.errors import AccessError, InputError
from gisapp.store import open_store
from gisapp.store.accounts import disabled
from gisapp.store.known import LATELY

WORDS = "vier worte im regen"
USER = User("D001", "调度一台", ("dispatcher",))


@pytest.fixture
def accounts(store):
    store.accounts.add(USER, WORDS, actor="local")
    return store.accounts


def test_a_new_store_has_no_accounts(store):
    assert not store.accounts.exist()
    assert store.accounts.users() == []


def test_an_account_comes_back_as_it_was_made(accounts):
    assert accounts.exist()
    assert accounts.users() == [USER]
    assert accounts.login_of("d001")[0] == USER


def test_neither_password_nor_secret_stands_in_the_file(store, accounts, path):
    secrets = [WORDS, accounts.begin("D001"), accounts.add_token("D001", "open311", actor="local")]
    store.close()
    files = [file.read_bytes() for file in path.parent.iterdir()]
    assert not [secret for secret in secrets for kept in files if secret.encode() in kept]


def test_a_name_is_taken_in_either_case(accounts):
    with pytest.raises(InputError, match="'d001' is there already"):
        accounts.add(User("d001", "x", ("planner",)), None, actor="local")


@pytest.mark.both
def test_a_session_is_its_persons_until_they_log_out(accounts):
    secret, other = accounts.begin("D001"), accounts.begin("D001")
    assert accounts.session(secret, active=True) == USER
    accounts.end(secret, actor="D001")
    assert accounts.session(secret, active=True) is None
    assert accounts.session(other, active=False) == USER
    assert accounts.session("nothing", active=False) is None


def test_a_screen_that_only_polls_does_not_keep_its_session(accounts):
    secret, start = accounts.begin("D001"), datetime.now(UTC)
    assert accounts.session(secret, active=False, now=start + timedelta(minutes=29))
    assert accounts.session(secret, active=False, now=start + timedelta(minutes=31)) is None


def test_a_person_who_does_something_keeps_it_for_twelve_hours_at_most(accounts):
    secret, start = accounts.begin("D001"), datetime.now(UTC)
    for minutes in range(25, 720, 25):
        assert accounts.session(secret, active=True, now=start + timedelta(minutes=minutes))
    assert accounts.session(secret, active=True, now=start + timedelta(minutes=721)) is None


def test_settings_shorten_sessions(store, accounts):
    secret, start = accounts.begin("D001"), datetime.now(UTC)
    store.set_setting("session_idle_min", 5, actor="local")
    assert accounts.session(secret, active=False, now=start + timedelta(minutes=6)) is None


@pytest.mark.parametrize("change", ["password", "roles", "disabled", "all", "one"])
def test_what_an_administrator_does_ends_the_sessions(accounts, change):
    secret = accounts.begin("D001")
    {
        "password": lambda: accounts.set_password("D001", "andere worte im wind", actor="local"),
        "roles": lambda: accounts.change(User("D001", "x", ("planner",)), actor="local"),
        "disabled": lambda: accounts.change(disabled(USER), actor="local"),
        "all": lambda: accounts.end_all(actor="local"),
        "one": lambda: accounts.end_all("D001", actor="local"),
    }[change]()
    assert accounts.session(secret, active=True) is None
    assert accounts.sessions().empty


def test_what_another_program_ends_is_over_after_two_seconds(store, accounts):
    secret, now = accounts.begin("D001"), datetime.now(UTC)
    assert accounts.session(secret, active=False, now=now) == USER
    with open_store(store.address) as other:
        other.accounts.end_all("D001", actor="local")
    assert accounts.session(secret, active=False, now=now + LATELY) is None


def test_a_disabled_account_begins_no_session_and_its_tokens_end(accounts):
    token = accounts.add_token("D001", "open311", actor="local")
    assert accounts.by_token(token) == USER
    accounts.change(disabled(USER), actor="local")
    assert accounts.by_token(token) is None
    with pytest.raises(AccessError, match="D001 is disabled"):
        accounts.begin("D001")


def test_a_token_expires_and_is_ended_by_its_label(accounts):
    token = accounts.add_token("D001", "open311", actor="local", days=10)
    kept = accounts.add_token("D001", "qgis", actor="local", days=10)
    assert accounts.by_token(token, now=datetime.now(UTC) + timedelta(days=11)) is None
    assert accounts.end_tokens("D001", "open311", actor="local") == 1
    assert accounts.by_token(token) is None
    assert accounts.by_token(kept) == USER
    assert accounts.tokens("D001")["label"].tolist() == ["qgis"]


def test_every_change_and_login_stands_in_the_audit_without_a_secret(store, accounts):
    secret = accounts.begin("D001")
    accounts.end(secret, actor="D001")
    accounts.change(disabled(USER), actor="local")
    kept = store.audit()
    assert kept["action"].tolist() == ["account added", "login", "logout", "account disabled"]
    assert kept["actor"].tolist() == ["local", "D001", "D001", "local"]


def test_accounts_are_no_table_of_the_city(store, accounts):
    for name in ("users", "sessions", "tokens"):
        with pytest.raises(InputError, match="no table"):
            store.count(name)


def test_an_account_that_is_not_there_is_named(accounts):
    with pytest.raises(InputError, match="no account 'X9'"):
        accounts.set_password("X9", WORDS, actor="local")
