"""What is not listed is denied, and an application with an unlisted callback does not start."""

from types import SimpleNamespace

import dash
import pytest
from dash import Input, Output, State, html

from dashboards import access
from dashboards.access import Permission, Person
from gisapp.errors import AccessError


def plain_app(**options):
    app = dash.Dash("dashboards", enable_mcp=False, add_log_handler=False)
    app.layout = html.Div([html.Button(id="go"), html.Div(id="out"), html.Div(id="hidden")])
    access.install(app, **options)
    return app


def listed(app, output="out", needs=Permission.GRIDS_VIEW):
    @access.callback(app, Output(output, "children"), Input("go", "n_clicks"), needs=needs)
    def answer(_clicks):
        return f"from {output}"

    return answer


def post(app, output, **headers):
    inputs = [{"id": "go", "property": "n_clicks", "value": 1}]
    target = {"id": output.split(".")[0], "property": "children"}
    body = {"output": output, "outputs": target, "inputs": inputs, "changedPropIds": ["go.n_clicks"]}
    return app.server.test_client().post("/_dash-update-component", json=body, headers=headers)


def test_an_application_whose_callbacks_are_all_listed_starts_and_answers():
    app = plain_app()
    listed(app)
    access.seal(app)
    answer = post(app, "out.children")
    assert answer.status_code == 200
    assert answer.json["response"]["out"]["children"] == "from out"


def test_an_unlisted_callback_stops_the_start():
    app = plain_app()
    app.callback(Output("out", "children"), Input("go", "n_clicks"))(lambda _: "secret")
    with pytest.raises(AccessError, match=r"callback out\.children has no permission"):
        access.seal(app)


def test_a_callback_registered_globally_stops_the_start_too():
    app = plain_app()
    dash.callback(Output("hidden", "children"), Input("go", "n_clicks"))(lambda _: "secret")
    with pytest.raises(AccessError, match=r"callback hidden\.children has no permission"):
        access.seal(app)


def test_a_callback_with_its_own_endpoint_stops_the_start():
    app = plain_app()
    try:
        access.callback(
            app, Output("out", "children"), Input("go", "n_clicks"), needs=Permission.SHELL, api_endpoint="/open"
        )(lambda _: "secret")
        with pytest.raises(AccessError, match="opens its own endpoint /open"):
            access.seal(app)
    finally:
        dash._callback.GLOBAL_API_PATHS.clear()


def test_the_mcp_server_stops_the_start():
    app = plain_app()
    app._enable_mcp = True
    with pytest.raises(AccessError, match="MCP"):
        access.seal(app)


def test_a_clientside_callback_needs_no_permission_and_cannot_be_posted_to():
    app = plain_app()
    app.clientside_callback("(clicks) => clicks", Output("out", "children"), Input("go", "n_clicks"))
    access.seal(app)
    assert post(app, "out.children").status_code == 403


def test_a_callback_added_after_the_seal_is_denied():
    app = plain_app()
    access.seal(app)
    app.callback(Output("out", "children"), Input("go", "n_clicks"))(lambda _: "secret")
    answer = post(app, "out.children")
    assert answer.status_code == 403
    assert b"secret" not in answer.data


def test_a_hidden_callback_is_refused_to_a_person_without_its_permission():
    viewer = Person("p1", frozenset({Permission.SHELL, Permission.GRIDS_VIEW}))
    app = plain_app(person_of=lambda: viewer)
    listed(app, "out", Permission.GRIDS_VIEW)
    listed(app, "hidden", Permission.INCIDENTS_REPORT)
    access.seal(app)
    assert post(app, "out.children").status_code == 200
    refused = post(app, "hidden.children")
    assert refused.status_code == 403
    assert b"from hidden" not in refused.data


def test_naming_another_input_does_not_help():
    app = plain_app(person_of=lambda: Person("p1", frozenset({Permission.SHELL})))
    listed(app, "hidden", Permission.INCIDENTS_REPORT)
    access.seal(app)
    body = {"output": "hidden.children", "inputs": [{"id": "x", "property": "pathname", "value": "/"}]}
    assert app.server.test_client().post("/_dash-update-component", json=body).status_code == 403


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'{"output": ["out.children"]}', b'{"output": null}'])
def test_a_request_that_names_no_callback_is_refused(body):
    app = plain_app()
    listed(app)
    access.seal(app)
    answer = app.server.test_client().post("/_dash-update-component", data=body, content_type="application/json")
    assert answer.status_code == 403


def test_nobody_signed_in_gets_nothing():
    app = plain_app(person_of=lambda: None)
    access.seal(app)
    assert app.server.test_client().get("/_dash-layout").status_code == 401


def test_a_route_that_is_not_listed_is_denied_and_a_listed_one_needs_its_permission():
    app = plain_app(person_of=lambda: Person("p1", frozenset({Permission.SHELL})))
    app.server.add_url_rule("/open", view_func=lambda: "open")
    access.route(app, "/shell", lambda: "shell", needs=Permission.SHELL)
    access.route(app, "/pipes", lambda: "pipes", needs=Permission.NETWORK_VIEW)
    client = app.server.test_client()
    assert [client.get(path).status_code for path in ("/open", "/shell", "/pipes")] == [403, 200, 403]


@pytest.mark.parametrize("path", ["/static/x.js", "/_reload-hash"])
def test_what_dash_and_flask_open_by_themselves_is_denied(path):
    assert plain_app().server.test_client().get(path).status_code == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:8050", 200),
        ("127.0.0.1:8050", 200),
        ("[::1]:8050", 200),
        ("[::1]", 200),
        ("127.0.0.1.evil.example", 403),
        ("evil.example:8050", 403),
        ("192.168.1.5:8050", 403),
    ],
)
def test_without_accounts_only_names_of_this_machine_are_answered(host, status):
    app = plain_app()
    access.seal(app)
    answer = app.server.test_client().get("/_dash-dependencies", headers={"Host": host})
    assert answer.status_code == status


def test_with_accounts_other_names_are_answered():
    app = plain_app(person_of=lambda: access.LOCAL)
    answer = app.server.test_client().get("/_dash-dependencies", headers={"Host": "grid.example"})
    assert answer.status_code == 200


def test_state_of_a_callback_does_not_change_which_permission_it_needs():
    app = plain_app()
    access.callback(
        app, Output("out", "children"), Input("go", "n_clicks"), State("hidden", "children"), needs=Permission.EXPORT
    )(lambda *_: SimpleNamespace())
    assert access.access_of(app.server).callbacks == {"out.children": Permission.EXPORT}


def keyed_app(**options):
    app = plain_app(**options)
    access.route(app, "/open311/read", lambda: "read", needs=Permission.INCIDENTS_VIEW)
    access.route(app, "/open311/read", lambda: "written", needs=Permission.INCIDENTS_REPORT, method="POST")
    access.route(app, "/inside", lambda: "inside", needs=Permission.INCIDENTS_VIEW)
    access.route(app, "/public/notices", lambda: "notices", needs=Permission.PUBLIC)
    return app.server.test_client()


def test_what_is_public_answers_anybody_and_nothing_else_does():
    client = keyed_app(person_of=lambda: None)
    assert client.get("/public/notices").data == b"notices"
    assert [client.get(path).status_code for path in ("/open311/read", "/inside", "/_dash-layout")] == [403, 401, 401]


def test_a_request_with_a_key_is_judged_by_the_key_alone_and_only_where_programs_ask():
    reader = Person("k1", frozenset({Permission.INCIDENTS_VIEW}))
    client = keyed_app(person_of=lambda: access.LOCAL, person_of_key=lambda key: reader if key == "good" else None)
    bearer = {"Authorization": "Bearer good"}
    assert client.get("/open311/read?api_key=good").data == client.get("/open311/read", headers=bearer).data == b"read"
    assert client.get("/open311/read?api_key=bad").status_code == 403  # though the session may do everything
    assert client.post("/open311/read", data={"api_key": "good"}).status_code == 403  # it may read only
    assert client.get("/inside", headers={"Authorization": "Bearer bad"}).status_code == 200  # the session's


def test_without_accounts_a_key_means_nothing():
    assert keyed_app(person_of_key=lambda key: None).get("/open311/read?api_key=any").status_code == 200


def test_a_method_that_a_route_does_not_take_is_said_so():
    answer = keyed_app().delete("/open311/read")
    assert (answer.status_code, sorted(answer.allow)) == (405, ["GET", "HEAD", "OPTIONS", "POST"])
