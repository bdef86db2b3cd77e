"""What an operator sees of the requests: numbers, lines and metrics, and nothing personal in them."""

import json
import logging
import urllib.request

import pytest
from dash import Input, Output, html
from squares import squares

from dashboards import access, watching
from dashboards.app import create_app
from dashboards.configured import Settings
from gisapp.errors import InputError

PHONE = "13800138000"


class Probe:
    """A page whose callback and route fail."""

    PATH, TITLE, ICON, NEEDS = "/probe", "planner.title", "home", access.Permission.SHELL

    def layout(self, context):
        return html.Div([html.Button(id="probe-button"), html.Div(id="probe-out")])

    def attach(self, app):
        @access.callback(app, Output("probe-out", "children"), Input("probe-button", "n_clicks"), needs=self.NEEDS)
        def fail(clicks):
            raise (InputError("no such pipe", todo="name another") if clicks else ValueError(f"call {PHONE}"))

        def broken():
            raise ValueError(f"call {PHONE}")

        access.route(app, "/broken", broken, needs=self.NEEDS)


@pytest.fixture
def client(tmp_path):
    with squares(tmp_path / "squares.gpkg") as store:
        app = create_app(store, pages=(Probe(),), settings=Settings(log_requests=True))
        app.server.config["WTF_CSRF_ENABLED"] = False
        app.server.config["PROPAGATE_EXCEPTIONS"] = False
        yield app.server.test_client()


@pytest.fixture
def lines():
    """The lines of the log as JSON."""
    told, root = [], logging.getLogger()
    handler = logging.Handler()
    handler.emit = lambda record: told.append(watching.Json().format(record))
    root.addHandler(handler)
    before, _ = root.level, root.setLevel(logging.INFO)
    yield told
    root.setLevel(before)
    root.removeHandler(handler)


def press(client, clicks):
    return client.post(
        "/_dash-update-component",
        json={
            "output": "probe-out.children",
            "outputs": {"id": "probe-out", "property": "children"},
            "inputs": [{"id": "probe-button", "property": "n_clicks", "value": clicks}],
            "changedPropIds": ["probe-button.n_clicks"],
        },
    )


def test_a_fault_is_told_by_the_number_of_its_request_to_the_person_and_in_the_log(client, lines):
    answer = client.get("/broken")
    number = answer.headers["X-Request-ID"]
    assert answer.status_code == 500
    assert answer.json["request"] == number
    assert number in answer.json["error"]
    fault = next(json.loads(line) for line in lines if "fault" in line and "Traceback" in line)
    assert (fault["request"], fault["level"]) == (number, "error")
    assert PHONE not in "".join(lines)


@pytest.mark.parametrize("clicks", [0, 1])
def test_a_notice_shows_the_number_of_its_request(client, clicks):
    answer = press(client, clicks)
    assert answer.headers["X-Request-ID"] in answer.get_data(as_text=True)


def test_each_request_has_a_number_of_its_own(client):
    first, second = (client.get("/healthz").headers["X-Request-ID"] for _ in range(2))
    assert first != second


def test_the_log_of_requests_names_the_route_and_nothing_of_the_address(client, lines):
    client.get(f"/find?q={PHONE}")
    told = [json.loads(line) for line in lines]
    line = next(one for one in told if one.get("route") == "/find")
    assert (line["method"], line["status"]) == ("GET", 200)
    assert PHONE not in "".join(lines)
    assert "127.0.0.1" not in "".join(lines)


def test_metrics_count_requests_faults_and_tell_the_revision_on_a_port_of_their_own(client):
    server = client.application
    client.get("/find?q=x")
    client.get("/nowhere/at/all")
    client.get("/broken")
    press(client, 1)
    client.open("/healthz", method="BREW")
    listening, thread = watching.serve_metrics(server, 0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{listening.server_port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
    assert 'gisapp_requests_total{method="GET",route="/find",status="200"} 1.0' in text
    assert 'route="probe-out.children"' in text
    assert 'method="other"' in text
    assert "gisapp_faults_total 1.0" in text
    assert 'gisapp_store_revision{table="grids"}' in text
    assert "gisapp_store_writers 0.0" in text
    assert "gisapp_ready 1.0" in text
    assert "gisapp_requests_running 0.0" in text
    assert client.get("/metrics").status_code == 404


def test_lines_for_people_are_masked_too():
    record = logging.LogRecord("x", logging.ERROR, "", 1, "call %s", (PHONE,), None)
    assert PHONE not in watching.Masked("%(message)s").format(record)
