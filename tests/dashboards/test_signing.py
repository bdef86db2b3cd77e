"""Logging in and out: what the page says, what the cookie is, and that a session ends where it must."""

import json
import re

import pytest
from limits.storage import MemoryStorage
from people import WORDS, add_person, browser, log_in, token_in
from squares import squares

from dashboards.app import create_app
from dashboards.serving import server_for
from dashboards.signing import safe_address, signing_of
from gisapp.errors import InputError
from gisapp.store.accounts import disabled
from gisapp.words import word


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with squares(tmp_path_factory.mktemp("signing") / "squares.gpkg") as opened:
        add_person(opened, "D001", "dispatcher", password=WORDS)
        opened.accounts.change(disabled(add_person(opened, "D002", "dispatcher", password=WORDS)), actor="local")
        add_person(opened, "P001", "planner")
        yield opened


@pytest.fixture
def app(store):
    return create_app(store)


@pytest.fixture
def client(app):
    return app.server.test_client()


def cookie(answer):
    """Return the line that sets the session's cookie."""
    return next(line for line in answer.headers.getlist("Set-Cookie") if "gisapp_session" in line)


def secret_of(app, client):
    return client.get_cookie(signing_of(app.server).cookie).value


def test_who_opens_a_page_is_asked_to_log_in_and_comes_back_to_it(client):
    asked = client.get("/en/planner?grid=G001")
    assert asked.status_code == 302
    assert asked.location == "/en/login?next=%2Fen%2Fplanner%3Fgrid%3DG001"
    form = {"csrf_token": token_in(client.get(asked.location)), "name": "D001", "password": WORDS}
    answer = client.post("/en/login", data=form | {"next": "/en/planner?grid=G001"})
    assert (answer.status_code, answer.location) == (303, "/en/planner?grid=G001")
    assert client.get("/en/planner").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/version", "/find?q=G", "/_dash-layout", "/_dash-dependencies", "/shutoff.html", "/tiles/grids/x/0/0/0.mvt"],
)
def test_without_a_session_nothing_else_answers(client, path):
    assert client.get(path).status_code == 401


def test_the_cookie_is_read_by_no_script_and_sent_by_no_other_site(app, client):
    told = cookie(log_in(client, "D001"))
    assert "HttpOnly" in told
    assert "SameSite=Lax" in told
    assert "Secure" not in told
    assert "Max-Age=43200" in told


def test_over_https_the_cookie_is_secure_and_of_this_host_alone(client):
    address, base = "/en/login", "https://localhost"
    page = client.get(address, base_url=base)
    form = {"csrf_token": token_in(page), "name": "D001", "password": WORDS, "next": "/"}
    told = cookie(client.post(address, data=form, base_url=base, headers={"Referer": f"{base}{address}"}))
    assert told.startswith("__Host-gisapp_session")
    assert "Secure" in told
    assert "Path=/" in told
    assert "Domain" not in told


def test_a_login_gives_another_session_and_ends_the_one_before(app, store, client):
    log_in(client, "D001")
    before = secret_of(app, client)
    log_in(client, "D001", address="/en/login")
    assert secret_of(app, client) != before
    assert store.accounts.session(before, active=False) is None


def test_a_session_that_a_browser_brings_along_is_not_taken_over(app, store, client):
    client.set_cookie(signing_of(app.server).cookie, "chosen-by-somebody-else")
    log_in(client, "D001")
    assert secret_of(app, client) != "chosen-by-somebody-else"


def test_after_the_logout_the_secret_opens_nothing(app, client):
    log_in(client, "D001")
    secret, page = secret_of(app, client), client.get("/en/planner")
    assert page.headers["Cache-Control"] == "no-store"
    out = client.post("/logout", data={"csrf_token": token_in(client.get("/en/login"))})
    assert (out.status_code, out.location) == (303, "/en/login?why=out")
    assert out.headers["Clear-Site-Data"] == '"cache", "storage"'
    client.set_cookie(signing_of(app.server).cookie, secret)
    assert client.get("/version").status_code == 401
    assert client.get("/en/planner").location.endswith("why=ended")


@pytest.mark.parametrize("path", ["/en/login", "/logout"])
def test_a_form_of_another_site_is_refused(client, path):
    answer = client.post(path, data={"name": "D001", "password": WORDS, "next": "/"})
    assert answer.status_code == 400
    assert not [line for line in answer.headers.getlist("Set-Cookie") if "gisapp_session" in line]


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
def test_a_wrong_password_and_a_wrong_name_are_told_in_the_same_words(client, language):
    address = f"/{language}/login"
    told = [log_in(client, name, "nicht dieses wort", address=address) for name in ("D001", "nobody")]
    assert [answer.status_code for answer in told] == [401, 401]
    said = word("login.wrong", language)
    assert all(said in answer.get_data(as_text=True) for answer in told)
    assert f'<html lang="{language}"' in told[0].get_data(as_text=True)


def test_that_an_account_is_disabled_is_told_to_who_knows_its_password(client):
    assert word("login.disabled", "en") in log_in(client, "D002").get_data(as_text=True)
    assert word("login.wrong", "en") in log_in(client, "D002", "nicht dieses wort").get_data(as_text=True)


def test_an_account_of_the_provider_has_no_password(client):
    assert log_in(client, "P001", "").status_code == 401


def test_too_many_attempts_wait_and_are_told_how_long(app, client):
    answers = [log_in(client, "D001", "nicht dieses wort") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert word("login.many", "en", minutes=5) in answers[-1].get_data(as_text=True)
    assert int(answers[-1].headers["Retry-After"]) == 300
    assert log_in(client, "D001").status_code == 429  # the right one waits too
    assert log_in(client, "D002").status_code == 403  # another name does not


def test_logins_that_are_right_are_not_counted(client):
    assert [log_in(client, "D001").status_code for _ in range(7)] == [303] * 7


def test_more_logins_than_are_checked_at_once_are_asked_to_wait(app, client, monkeypatch):
    monkeypatch.setattr("dashboards.signing.WAITS_S", 0)
    turns = signing_of(app.server).turns
    with turns, turns:
        answer = log_in(client, "D001")
    assert answer.status_code == 503
    assert log_in(client, "D001").status_code == 303


def test_what_an_administrator_ends_has_ended(app, store):
    client = browser(app, "P001")
    assert client.get("/version").status_code == 200
    store.accounts.end_all("P001", actor="local")
    assert client.get("/version").status_code == 401


def test_a_poll_is_no_activity_and_a_touched_screen_is(app, monkeypatch):
    client, seen = browser(app, "P001"), []
    session = type(signing_of(app.server).accounts).session
    noted = lambda self, secret, *, active: seen.append(active) or session(self, secret, active=active)  # noqa: E731
    monkeypatch.setattr("gisapp.store.accounts.Accounts.session", noted)
    for path in ("/version", "/version?active=1", "/en/planner", "/_dash-layout"):
        client.get(path)
    assert seen == [False, True, True, False]


def test_the_header_says_who_is_logged_in_and_only_pages_that_are_theirs(app):
    told = browser(app, "P001").get("/_dash-layout", headers={"Referer": "http://localhost/en/planner"})
    text = json.dumps(told.json, ensure_ascii=False)
    assert "P001 号台" in text
    assert "/en/planner" in text
    assert "/en/dispatch" not in text


def test_a_page_that_is_not_theirs_is_refused_and_says_which_are(app):
    client = browser(app, "P001")
    answer = client.get("/en/dispatch")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 403
    assert word("shell.forbidden", "en") in text
    assert 'href="/en/planner"' in text
    assert client.get("/").location == "/en/planner"


def test_without_accounts_there_is_no_login_and_with_the_first_one_the_server_asks_at_once(tmp_path):
    with squares(tmp_path / "squares.gpkg") as store:
        client = create_app(store).server.test_client()
        assert client.get("/en/login").location == "/en/"
        assert client.get("/version").status_code == 200
        add_person(store, "D001", "dispatcher")
        assert client.get("/version").status_code == 401


def test_with_accounts_a_server_may_be_reached_from_other_machines(app):
    server_for(app, "0.0.0.0", 0).server_close()


@pytest.mark.parametrize(
    "wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:x", "", "/en/login", "/x\ny"]
)
def test_a_login_leads_to_no_other_site(wanted):
    assert safe_address(wanted) == "/"


def test_the_login_page_asks_for_nothing_elsewhere_and_runs_no_script(client):
    page = client.get("/en/login")
    assert not re.search(r"<script|https?://", page.get_data(as_text=True))
    assert page.headers["Cache-Control"] == "no-store"
    with client.get("/assets/login.css") as styles:
        assert styles.status_code == 200


def change(client, before, wanted):
    form = {"csrf_token": token_in(client.get("/en/password")), "before": before, "password": wanted}
    return client.post("/en/password", data=form)


def test_people_give_themselves_another_password_if_they_know_the_present_one(app, store):
    add_person(store, "D003", "dispatcher", password=WORDS)
    client = app.server.test_client()
    log_in(client, "D003")
    assert change(client, "nicht dieses wort", "andere worte im wind").status_code == 401
    assert change(client, WORDS, "passwordpassword").status_code == 400
    changed = change(client, WORDS, "andere worte im wind")
    assert (changed.status_code, changed.location) == (303, "/en/login?why=changed")
    assert client.get("/version").status_code == 401
    assert log_in(client, "D003").status_code == 401
    assert log_in(client, "D003", "andere worte im wind").status_code == 303


def test_to_guess_the_present_password_of_an_open_screen_is_limited_too(app):
    client = app.server.test_client()
    log_in(client, "D001")
    assert [change(client, "nicht dieses wort", "y" * 12).status_code for _ in range(6)] == [401] * 5 + [429]


def test_over_https_browsers_are_told_to_stay_there(client):
    assert "Strict-Transport-Security" not in client.get("/en/login").headers
    told = client.get("/en/login", base_url="https://localhost").headers
    assert told["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_failed_logins_and_refusals_stand_in_the_log_without_what_was_typed(app, client, caplog):
    log_in(client, "D001", "nicht dieses wort")
    log_in(client, "vier worte", "nicht dieses wort")
    browser(app, "P001").get("/criticality/rows.json")
    browser(app, "P001").get("/shutoff.html")
    text = caplog.text
    assert "a login of D001 failed" in text
    assert "a login of nobody known failed" in text
    assert "refused GET /shutoff.html to P001" in text
    assert "wort" not in text


class Shared(MemoryStorage):
    """A place in which several servers count; it may go away."""

    STORAGE_SCHEME = ("shared",)
    away = False

    def __init__(self, uri=None, wrap_exceptions=False, **options):
        super().__init__(uri, wrap_exceptions=wrap_exceptions, **options)
        vars(self).update(vars(Shared.first))

    def get(self, key):
        if Shared.away:
            raise ConnectionError("the place does not answer")
        return super().get(key)

    def check(self):
        return not Shared.away


def test_several_servers_count_failed_logins_together_and_each_alone_while_that_place_is_away(store, monkeypatch):
    monkeypatch.setattr(Shared, "first", MemoryStorage(), raising=False)
    monkeypatch.setenv("GISAPP_LIMITS", "shared://")

    def guess(app, times):
        return [log_in(app.server.test_client(), "D001", "nicht dieses wort").status_code for _ in range(times)]

    one, other = create_app(store), create_app(store)
    assert guess(one, 3) + guess(other, 3) == [401] * 5 + [429]
    monkeypatch.setattr(Shared, "away", True)
    assert guess(other, 6) == [401] * 5 + [429]


@pytest.mark.parametrize("place", ["nowhere://:secret@db.example", "memcached://secret@db.example"])
def test_a_place_to_count_in_that_cannot_be_is_told_at_the_start(store, monkeypatch, place):
    monkeypatch.setenv("GISAPP_LIMITS", place)
    with pytest.raises(InputError, match=r"field GISAPP_LIMITS: .* name redis://host:6379, or leave it out") as found:
        create_app(store)
    assert "secret" not in str(found.value)
