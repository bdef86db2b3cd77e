"""Passwords are long and kept as Argon2id; secrets are random and kept as a hash; sessions end in time."""

from datetime import UTC, datetime, timedelta

import pytest

from gisapp import accounts
from gisapp.accounts import IDLE, LASTS, User
from gisapp.errors import InputError

USER = User("D001", "调度一台", ("dispatcher",))
BEGUN = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)


def test_a_password_is_kept_as_argon2id_with_a_salt_of_its_own():
    one, other = accounts.hashed("vier worte im regen"), accounts.hashed("vier worte im regen")
    assert one.startswith("$argon2id$")
    assert one != other
    assert accounts.matches("vier worte im regen", one)
    assert not accounts.matches("vier worte im rege", one)
    assert not accounts.outdated(one)


def test_no_hash_and_a_hash_that_is_none_match_nothing():
    assert not accounts.matches("vier worte im regen", None)
    assert not accounts.matches("vier worte im regen", "$argon2id$broken")


def test_of_a_password_too_long_no_beginning_counts():
    kept = accounts.hashed("x y z w v" * 28 + "abcd")
    assert len("x y z w v" * 28 + "abcd") == accounts.MOST
    assert not accounts.matches("x y z w v" * 28 + "abcde", kept)


@pytest.mark.parametrize(
    "password",
    [
        "short one",
        "a" * 20,
        "abab" * 5,
        "Password of mine",
        "d001 und nochmal",
        "调度一台的密码在这里呀",
        "1qaz2wsx3edc",
        "P@ssw0rd2024!",
        "sunshine1990",
        "trustno1trustno1",
    ],
)
def test_what_is_tried_first_is_refused_without_saying_it(password):
    with pytest.raises(InputError, match=r"characters|guessed") as refused:
        accounts.require_password(password, USER)
    assert password not in str(refused.value)


def test_several_words_are_a_password():
    accounts.require_password("vier worte im regen", USER)
    accounts.require_password("管网抢修车停在三号泵站门口", USER)


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"name": "a b"}, "name"), ({"name": "local"}, "name"), ({"name": ""}, "name"), ({"display": " "}, "display"),
     ({"roles": ()}, "roles"), ({"roles": ("boss",)}, "roles")],
)  # fmt: skip
def test_an_account_that_is_not_usable_is_refused_by_its_field(changed, field):
    told = {"name": "D001", "display": "调度一台", "roles": ("dispatcher",)} | changed
    with pytest.raises(InputError, match=f"field {field}"):
        accounts.require_user(User(**told))


@pytest.mark.parametrize(
    ("begun", "seen", "now", "runs"),
    [
        (timedelta(), timedelta(), timedelta(minutes=29, seconds=59), True),
        (timedelta(), timedelta(), IDLE, False),
        (timedelta(), timedelta(hours=11, minutes=59), timedelta(hours=11, minutes=59, seconds=59), True),
        (timedelta(), timedelta(hours=11, minutes=59), LASTS, False),
        (timedelta(hours=1), timedelta(hours=1), timedelta(), False),
    ],
)
def test_a_session_ends_after_half_an_hour_of_nothing_and_after_twelve_hours_of_anything(begun, seen, now, runs):
    told = accounts.running(BEGUN + begun, BEGUN + seen, BEGUN + now, lasts=LASTS, idle=IDLE)
    assert told is runs


def test_two_secrets_differ_and_their_hash_is_not_the_secret():
    one, other = accounts.new_secret(), accounts.new_secret()
    assert one != other
    assert len(one) >= 43
    assert accounts.secret_hash(one) == accounts.secret_hash(one) != one
