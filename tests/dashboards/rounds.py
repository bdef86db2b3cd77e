"""Asks everything that an application has, as a browser would: every route, and every callback with its inputs."""

import re

from dashboards.access import UPDATE, access_of

_HOLE = re.compile(r"<(?:(?P<kind>\w+)(?:\((?P<options>[^)]*)\))?:)?(?P<name>\w+)>")


def addresses(app):
    """Return one address for every endpoint that is listed, or would answer: (endpoint, method, path, permission)."""
    listed = access_of(app.server).routes
    rules = [rule for rule in app.server.url_map.iter_rules() if rule.endpoint != UPDATE]
    return [
        (
            rule.endpoint,
            "POST" if "POST" in rule.methods else "GET",
            _HOLE.sub(_filled, rule.rule),
            listed.get(rule.endpoint),
        )
        for rule in rules
    ]


def _filled(hole):
    if hole["kind"] == "any":
        return hole["options"].split(",")[0].strip(" '\"")
    return {"int": "0", "float": "0.0"}.get(hole["kind"], "x")


def asked(app, output, values):
    """Return the body with which a page asks a callback; ``values`` by id, None for all others."""
    entry = app.callback_map[output]
    names = output.strip(".").split("...") if output.startswith("..") else [output]
    outputs = [{"id": name.rsplit(".", 1)[0], "property": name.rsplit(".", 1)[1].split("@")[0]} for name in names]
    given = {part: [{**one, "value": values.get(one["id"])} for one in entry[part]] for part in ("inputs", "state")}
    first = entry["inputs"][0]
    return {
        "output": output,
        "outputs": outputs if output.startswith("..") else outputs[0],
        "changedPropIds": [f"{first['id']}.{first['property']}"],
        **given,
    }


def post(client, app, output, values=None, *, address="/en/planner"):
    """Ask a callback as the page would, with its token."""
    client.get(address)
    told = client.get_cookie(app.config.csrf_token_name)
    headers = {"X-CSRFToken": told.value if told else "", "Referer": f"http://localhost{address}"}
    return client.post(UPDATE, json=asked(app, output, values or {}), headers=headers)
