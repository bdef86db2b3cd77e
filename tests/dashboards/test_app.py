"""The application as a whole: it starts sealed, answers safely, and says what went wrong."""

import gzip
import json
import logging
import re
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest
from dash import Input, Output, html
from squares import empty_store, squares

from dashboards import access, planner, shell
from dashboards.access import LOCAL, Permission
from dashboards.app import PAGES, create_app
from dashboards.serving import server_for
from gisapp.errors import AccessError, GisappError, InputError, StoreError


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with squares(tmp_path_factory.mktemp("store") / "squares.gpkg") as opened:
        yield opened


@pytest.fixture(scope="module")
def app(store):
    return create_app(store)


def page(attach, needs=Permission.SHELL):
    """Return a page with one button and one answer."""
    body = html.Div([html.Button(id="go"), html.Div(id="out")])
    named = {"PATH": "/probe", "TITLE": "planner.title", "ICON": "x", "NEEDS": needs}
    return SimpleNamespace(**named, layout=lambda _: body, attach=attach)


def failing(error):
    def attach(app):
        @access.callback(app, Output("out", "children"), Input("go", "n_clicks"), needs=Permission.SHELL)
        def answer(_clicks):
            raise error

    return page(attach)


def post(client, app, output="out.children", address="/en/probe"):
    """Post to a callback as the page would: with the token of its cookie."""
    client.get(address)
    token = client.get_cookie(app.config.csrf_token_name).value
    target = {"id": output.split(".")[0], "property": "children"}
    body = {"output": output, "outputs": target, "inputs": [{"id": "go", "property": "n_clicks", "value": 1}]}
    headers = {"X-CSRFToken": token, "Referer": f"http://localhost{address}"}
    return client.post("/_dash-update-component", json=body, headers=headers)


def test_every_callback_of_the_real_application_has_a_permission(app):
    served = {name for name, entry in app.callback_map.items() if "callback" in entry}
    assert served == set(access.access_of(app.server).callbacks)
    assert len(served) >= 3


def test_a_page_with_an_unlisted_callback_does_not_start(store):
    unlisted = page(lambda app: app.callback(Output("out", "children"), Input("go", "n_clicks"))(lambda _: 1))
    with pytest.raises(AccessError, match=r"out\.children has no permission"):
        create_app(store, pages=(unlisted,))


def test_two_applications_in_one_process_both_answer(store):
    first, second = create_app(store), create_app(store)
    listed = [access.access_of(app.server).callbacks for app in (first, second)]
    assert listed[0] == listed[1]
    assert any("planner-map.layers" in name for name in listed[1])


def test_a_post_without_the_token_is_refused(app):
    listed = next(iter(access.access_of(app.server).callbacks))
    answer = app.server.test_client().post("/_dash-update-component", json={"output": listed, "inputs": []})
    assert answer.status_code == 400
    assert b"CSRF" in answer.data


@pytest.mark.parametrize("path", ["/en/planner", "/version", "/assets/shell.js", "/nowhere", "/_dash-layout"])
def test_every_answer_carries_the_security_headers(app, path):
    with app.server.test_client().get(path) as answer:
        headers = answer.headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]


def test_the_policy_lets_no_inline_script_and_no_other_host_in(app):
    policy = app.server.test_client().get("/en/planner").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    scripts = re.search(r"script-src ([^;]*)", policy).group(1).split()
    assert scripts[0] == "'self'"
    assert all(source.startswith("'sha256-") for source in scripts[1:])


def test_a_configured_base_map_is_the_only_other_host(store):
    basemap = {"url": "https://tiles.example/{z}/{x}/{y}", "host": "https://tiles.example", "frame": "gcj02"}
    app = create_app(store, basemap=basemap)
    policy = app.server.test_client().get("/en/planner").headers["Content-Security-Policy"]
    parts = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    assert {name for name, sources in parts.items() if "https://tiles.example" in sources} == {"img-src", "connect-src"}


def test_nothing_of_a_page_comes_from_elsewhere(app):
    text = app.server.test_client().get("/en/planner").text
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', text)


@pytest.mark.parametrize(
    ("path", "wish", "leads_to"),
    [
        ("/", "zh-TW,zh;q=0.9", "/zh-Hant/planner"),
        ("/", "zh-CN", "/zh-Hans/planner"),
        ("/", "fr", "/en/planner"),
        ("/planner?grid=G1", "zh-CN", "/zh-Hans/planner?grid=G1"),
        ("/zh-Hant/", "en", "/zh-Hant/planner"),
    ],
)
def test_an_address_without_language_leads_to_the_browsers_language(app, path, wish, leads_to):
    answer = app.server.test_client().get(path, headers={"Accept-Language": wish})
    assert (answer.status_code, answer.headers["Location"]) == (302, leads_to)


def test_the_language_of_a_link_is_kept_for_later_visits(app):
    client = app.server.test_client()
    client.get("/zh-Hant/planner")
    assert client.get("/", headers={"Accept-Language": "en"}).headers["Location"] == "/zh-Hant/planner"


@pytest.mark.parametrize("path", ["/nowhere", "/en/nowhere", "/en/planner/more", "/index.php"])
def test_an_unknown_address_is_not_found(app, path):
    assert app.server.test_client().get(path).status_code == 404


def test_the_first_bytes_say_language_scheme_and_name(app):
    client = app.server.test_client()
    client.set_cookie("scheme", "dark")
    text = client.get("/zh-Hans/planner").text
    assert '<html lang="zh-Hans" data-scheme="dark" ' in text
    assert "<title>网格运营</title>" in text


def test_an_error_of_ours_becomes_a_notice_in_the_pages_language(store):
    app = create_app(store, pages=(failing(StoreError("the disk is full; free some space")),))
    answer = post(app.server.test_client(), app, address="/zh-Hans/probe")
    shown = json.dumps(answer.json["sideUpdate"], ensure_ascii=False)
    assert "数据库不可用" in shown
    assert "the disk is full; free some space" in shown
    assert "out" not in answer.json.get("response", {})


def test_any_other_error_is_logged_under_the_number_that_the_page_shows(store, caplog):
    app = create_app(store, pages=(failing(ZeroDivisionError("a secret detail")),))
    with caplog.at_level(logging.ERROR):
        answer = post(app.server.test_client(), app)
    shown = json.dumps(answer.json["sideUpdate"])
    number = re.search(r"under|as ([0-9a-f]{8})", shown).group(1)
    assert "a secret detail" not in shown
    assert f"request {number} failed" in caplog.text
    assert "a secret detail" in caplog.text


def test_every_error_of_ours_has_words():
    kinds = [GisappError]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        assert shell.word(f"shell.error.{kind.__name__}", "en")


def test_a_route_that_fails_tells_a_number_and_nothing_else(store, caplog):
    def attach(app):
        access.route(app, "/broken", lambda: 1 / 0, needs=Permission.SHELL)
        access.route(
            app, "/refused", lambda: (_ for _ in ()).throw(GisappError("no such pipe")), needs=Permission.SHELL
        )

    client = create_app(store, pages=(page(attach),)).server.test_client()
    broken = client.get("/broken")
    assert broken.status_code == 500
    assert "division" not in broken.text
    assert re.search(r"[0-9a-f]{8}", broken.json["error"]).group(0) in caplog.text
    refused = client.get("/refused")
    assert refused.json == {"error": "no such pipe", "request": refused.headers["X-Request-ID"]}


def test_without_accounts_no_other_machine_is_served(app):
    with pytest.raises(InputError, match="no accounts"):
        server_for(app, "0.0.0.0", 0)


def test_with_accounts_other_machines_may_be_served(store):
    app = create_app(store, person_of=lambda: LOCAL)
    server = server_for(app, "0.0.0.0", 0)
    server.server_close()


def test_a_port_that_is_taken_is_one_clear_message(app):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} on 127.0.0.1.*choose another"):
            server_for(app, "127.0.0.1", port)


def test_the_key_of_the_environment_is_used(store, monkeypatch):
    monkeypatch.setenv("GISAPP_SECRET_KEY", "k" * 40)
    assert create_app(store).server.secret_key == "k" * 40
    monkeypatch.delenv("GISAPP_SECRET_KEY")
    assert create_app(store).server.secret_key != create_app(store).server.secret_key


def test_after_a_restart_a_page_that_polls_gets_a_token_that_counts(store):
    app = create_app(store, pages=(page(lambda app: None),))
    client = app.server.test_client()
    client.set_cookie(app.server.config["SESSION_COOKIE_NAME"], "signed.by.another")
    client.set_cookie(app.config.csrf_token_name, "of another")
    client.get("/version")
    token = client.get_cookie(app.config.csrf_token_name).value
    listed = next(iter(access.access_of(app.server).callbacks))
    answer = client.post("/_dash-update-component", json={"output": listed}, headers={"X-CSRFToken": token})
    assert b"CSRF" not in answer.data


def test_two_servers_of_one_machine_do_not_take_each_others_cookies(store):
    first, second = create_app(store), create_app(store)
    assert first.config.csrf_token_name != second.config.csrf_token_name
    assert first.server.config["SESSION_COOKIE_NAME"] != second.server.config["SESSION_COOKIE_NAME"]


@pytest.mark.parametrize("asked", ["gzip", "identity"])
def test_a_long_answer_comes_packed_to_those_who_can_unpack_it(app, asked):
    told = app.server.test_client().get("/_dash-layout", headers={"Accept-Encoding": asked})
    plain = gzip.decompress(told.data) if asked == "gzip" else told.data
    assert told.headers.get("Content-Encoding") == ("gzip" if asked == "gzip" else None)
    assert json.loads(plain)["props"]
    assert "Accept-Encoding" in told.headers["Vary"]
    assert (len(told.data) < len(plain) / 2) == (asked == "gzip")
    assert int(told.headers["Content-Length"]) == len(told.data)


def test_the_skeletons_hold_no_rows_of_data(app):
    skeletons = json.dumps(app.validation_layout.to_plotly_json(), default=lambda part: part.to_plotly_json())
    assert "G1" not in skeletons


def test_an_empty_store_starts(tmp_path):
    with empty_store(tmp_path / "empty.gpkg") as store:
        assert create_app(store).server.test_client().get("/en/planner").status_code == 200


def test_every_page_keeps_the_contract_and_its_icon_is_packed():
    icons = Path(shell.__file__).parent / "assets" / "vendor" / "icons"
    for one in PAGES:
        assert (icons / f"{one.ICON}.svg").is_file()
        assert one.PATH.startswith("/")
        assert one.NEEDS in Permission
    assert planner in PAGES
