"""Accounts for tests, one of every role, and browsers in which they are logged in."""

import re

from dashboards.signing import signing_of
from gisapp.accounts import User
from gisapp.rules.roles import role_rules

WORDS = "vier worte im regen"


def add_person(store, name, *roles, grids=(), units=(), password=None):
    user = User(name, f"{name} 号台", roles, tuple(grids), tuple(units))
    store.accounts.add(user, password, actor="local")
    return user


def add_everybody(store, *, grids, units):
    """Add one account of every role, named after it."""
    for role in role_rules():
        add_person(store, role, role, grids=grids, units=units)


def browser(app, name):
    """Return a browser with a session of an account."""
    client = app.server.test_client()
    signing = signing_of(app.server)
    client.set_cookie(signing.cookie, signing.accounts.begin(name), httponly=True)
    return client


def token_in(page):
    """Return the token in a form of a page."""
    return re.search(r'name="csrf_token" value="([^"]+)"', page.get_data(as_text=True))[1]


def log_in(client, name, password=WORDS, *, address="/en/login", **more):
    """Fill in the login page as a person does."""
    form = {"csrf_token": token_in(client.get(address)), "name": name, "password": password, "next": "/"}
    return client.post(address, data=form | more)
