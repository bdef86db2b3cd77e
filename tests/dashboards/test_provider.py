"""Logging in by an identity provider, a small issuer on 127.0.0.1: who is known enters, who is not does not."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pytest
from people import add_person
from squares import squares

from dashboards.app import create_app
from dashboards.signing import signing_of
from gisapp.accounts import User
from gisapp.errors import InputError
from gisapp.store.accounts import disabled
from gisapp.words import word

jwt = pytest.importorskip("joserfc.jwt")
RSAKey = pytest.importorskip("joserfc.jwk").RSAKey
pytest.importorskip("authlib")


@pytest.fixture(scope="module")
def issuer():
    """An issuer that gives for a code a token of that subject; ``says`` changes what stands in it."""
    made = SimpleNamespace(key=RSAKey.generate_key(2048, {"kid": "k1"}), nonces={}, says={}, asked=[], signs=None)

    class Answers(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def answer(self, told):
            content = json.dumps(told).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self):
            if self.path.endswith("openid-configuration"):
                ends = {name: f"{made.url}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
                return self.answer({"issuer": made.url, **ends, "id_token_signing_alg_values_supported": ["RS256"]})
            return self.answer({"keys": [made.key.as_dict(private=False)]})

        def do_POST(self):
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            made.asked.append(form)
            code, now = form["code"][0], int(time.time())
            claims = {"iss": made.url, "aud": "gisapp", "sub": code, "iat": now, "exp": now + 60, "nonce": made.nonce}
            token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims | made.says, made.signs or made.key)
            self.answer({"access_token": "a", "token_type": "Bearer", "id_token": token})

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def app(tmp_path, issuer, monkeypatch):
    issuer.says, issuer.signs = {}, None
    for name, value in (("ISSUER", issuer.url), ("CLIENT_ID", "gisapp"), ("CLIENT_SECRET", "s")):
        monkeypatch.setenv(f"GISAPP_OIDC_{name}", value)
    with squares(tmp_path / "squares.gpkg") as store:
        for name in ("D001", "D002"):
            store.accounts.add(User(name, name, ("dispatcher",), subject=f"sub-{name}"), None, actor="local")
        store.accounts.change(disabled(store.accounts.user("D002")), actor="local")
        add_person(store, "P001", "planner")
        yield create_app(store)


def come_back(app, issuer, code, **changed):
    """Go to the provider and come back with a code, as the browser is sent."""
    client = app.server.test_client()
    asked = parse_qs(urlsplit(client.get("/login/provider?next=/en/planner").location).query)
    issuer.nonce = asked["nonce"][0]
    assert asked["code_challenge_method"] == ["S256"]
    state = {"state": asked["state"][0]} | changed
    return client, client.get("/login/provider/back", query_string={"code": code, **state})


def test_who_has_an_account_enters_and_comes_to_the_page_they_wanted(app, issuer):
    client, answer = come_back(app, issuer, "sub-D001")
    assert (answer.status_code, answer.location) == (303, "/en/planner")
    assert client.get("/version").status_code == 200
    assert issuer.asked[-1]["code_verifier"]
    assert signing_of(app.server).accounts.sessions()["user_name"].tolist() == ["D001"]


def test_the_login_page_offers_the_provider(app):
    assert 'href="/login/provider?next=' in app.server.test_client().get("/en/login").get_data(as_text=True)


@pytest.mark.parametrize(("code", "said", "status"), [("sub-nobody", "unknown", 403), ("sub-D002", "disabled", 403)])
def test_who_has_no_account_or_a_disabled_one_does_not_enter(app, issuer, code, said, status):
    client, answer = come_back(app, issuer, code)
    assert answer.status_code == status
    assert word(f"login.{said}", "en") in answer.get_data(as_text=True)
    assert client.get("/version").status_code == 401


@pytest.mark.parametrize(
    "says", [{"iss": "http://evil.example"}, {"aud": "another"}, {"exp": 1}, {"nonce": "another"}, {"sub": None}]
)
def test_a_token_that_is_not_of_this_issuer_for_us_and_now_is_refused(app, issuer, says):
    issuer.says = says
    client, answer = come_back(app, issuer, "sub-D001")
    assert answer.status_code in (401, 403)
    assert client.get("/version").status_code == 401


def test_a_token_signed_by_another_key_is_refused(app, issuer):
    issuer.signs = RSAKey.generate_key(2048, {"kid": "k1"})
    client, answer = come_back(app, issuer, "sub-D001")
    assert answer.status_code == 401
    assert client.get("/version").status_code == 401


def test_an_answer_to_no_question_of_this_browser_is_refused(app, issuer):
    assert come_back(app, issuer, "sub-D001", state="another")[1].status_code == 401
    assert app.server.test_client().get("/login/provider/back?code=sub-D001&state=x").status_code == 401


def test_a_provider_that_is_not_reached_is_told(app, monkeypatch, tmp_path):
    monkeypatch.setenv("GISAPP_OIDC_ISSUER", "http://127.0.0.1:9")
    with squares(tmp_path / "other.gpkg") as store:
        add_person(store, "P001", "planner")
        answer = create_app(store).server.test_client().get("/login/provider")
    assert answer.status_code == 401
    assert word("login.failed", "en") in answer.get_data(as_text=True)


def test_a_provider_that_calls_itself_otherwise_is_refused(issuer, tmp_path, monkeypatch, app):
    monkeypatch.setenv("GISAPP_OIDC_ISSUER", issuer.url.replace("127.0.0.1", "localhost"))
    with squares(tmp_path / "other.gpkg") as store:
        add_person(store, "P001", "planner")
        answer = create_app(store).server.test_client().get("/login/provider")
    assert answer.status_code == 401


@pytest.mark.parametrize(("name", "value"), [("CLIENT_SECRET", ""), ("ISSUER", "http://sso.example")])
def test_a_provider_named_in_part_or_without_https_stops_the_start(tmp_path, app, monkeypatch, name, value):
    monkeypatch.setenv(f"GISAPP_OIDC_{name}", value)
    with squares(tmp_path / "other.gpkg") as store, pytest.raises(InputError, match="GISAPP_OIDC"):
        create_app(store)
