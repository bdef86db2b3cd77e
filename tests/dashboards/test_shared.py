"""Answers are made once for all who ask the same and may see the same, and never given to anybody else."""

import threading
from concurrent.futures import ThreadPoolExecutor

import dash
import pytest
from dash import Input, Output, State, dcc, html
from flask import g, request

from dashboards import access, shared, shell
from dashboards.access import Permission, Person
from dashboards.deeds import me
from gisapp.errors import UnavailableError

SEES = frozenset({Permission.GRIDS_VIEW})
PEOPLE = {
    "a": Person("a", SEES, grids=frozenset({"G001"})),
    "b": Person("b", SEES, grids=frozenset({"G001"}), display="another name"),
    "other grid": Person("c", SEES, grids=frozenset({"G002"})),
    "more rights": Person("d", SEES | {Permission.EXPORT}, grids=frozenset({"G001"})),
    "no right": Person("e", frozenset()),
}


class Page:
    """One callback that counts how often it was made, and the application around it."""

    def __init__(self, *, shares=True):
        self.made, self.revision, self.away, self.fails, self.gate = [], 0, False, False, None
        self.tells = lambda: ""
        self.app = dash.Dash("dashboards", enable_mcp=False, add_log_handler=False)
        self.app.layout = html.Div(
            [dcc.Store(id=shell.VERSION), dcc.Interval(id="tick"), dcc.Store(id="asked"), html.Div(id="out")]
        )
        access.install(self.app, person_of=lambda: PEOPLE[request.headers["Who"]], has_accounts=lambda: True)

        @access.callback(
            self.app,
            Output("out", "children"),
            Input(shell.VERSION, "data"),
            Input("tick", "n_intervals"),
            State("asked", "data"),
            needs=Permission.GRIDS_VIEW,
            shared=shares,
        )
        def answer(_version, _ticks, asked):
            if self.gate is not None:
                self.gate.wait(10)
            self.made.append(asked)
            if self.fails:
                g.gisapp_failed = True
            return f"{self.tells() or asked} in {shell.language()}, made {len(self.made)} times"

        access.seal(self.app)
        self.answers = shared.add_sharing(self.app.server, self.moved)

    def moved(self):
        if self.away:
            raise UnavailableError("missing", "the store is away", place="here")
        return self.revision

    def ask(self, who="a", asked="x", *, version=0, ticks=None, by="tick.n_intervals", spoken="en", **more):
        def told(name, prop, value):
            return {"id": name, "property": prop, "value": value}

        body = {
            "output": "out.children",
            "outputs": {"id": "out", "property": "children"},
            "inputs": [told(shell.VERSION, "data", version), told("tick", "n_intervals", ticks)],
            "state": [told("asked", "data", asked)],
            "changedPropIds": [by],
            **more,
        }
        headers = {"Who": who, "Referer": f"http://localhost/{spoken}/planner"}
        answer = self.app.server.test_client().post("/_dash-update-component", json=body, headers=headers)
        return answer.json["response"]["out"]["children"] if answer.status_code == 200 else answer.status_code


def test_who_has_the_same_rights_is_given_what_was_made_for_another():
    page = Page()
    first = page.ask("a", version={"incidents": 1}, ticks=3)
    assert first == "x in en, made 1 times"
    assert page.ask("b", version={"incidents": 2}, ticks=7) == first
    assert page.made == ["x"]


@pytest.mark.parametrize(
    "other",
    [
        {"who": "other grid"},
        {"who": "more rights"},
        {"asked": "y"},
        {"by": "shell-version.data"},
        {"spoken": "zh-Hans"},
    ],
    ids=str,
)
def test_whoever_may_see_something_else_or_asks_something_else_is_answered_anew(other):
    page = Page()
    page.ask()
    assert page.ask(**other).endswith("made 2 times")


def test_who_may_not_is_refused_whatever_was_made_for_others():
    page = Page()
    page.ask()
    assert page.ask("no right") == 403


def test_what_was_written_since_is_told():
    page = Page()
    page.ask()
    page.revision = 1
    assert page.ask().endswith("made 2 times")


def test_after_a_few_seconds_it_is_made_anew(monkeypatch):
    page = Page()
    page.ask()
    monkeypatch.setattr(shared, "SHARED_S", 0.0)
    assert page.ask().endswith("made 2 times")


def test_an_answer_that_failed_is_given_to_nobody_else():
    page = Page()
    page.fails = True
    page.ask()
    page.fails = False
    assert page.ask().endswith("made 2 times")
    assert page.ask().endswith("made 2 times"), "and the next one is shared again"


def test_while_the_store_is_away_nothing_is_shared():
    page = Page()
    page.away = True
    page.ask()
    assert page.ask().endswith("made 2 times")


def test_an_answer_for_many_cannot_tell_who_asks():
    page = Page()
    page.tells = me
    assert page.ask("a") == 500
    page = Page(shares=False)
    page.tells = me
    assert page.ask("a").startswith("a ")


def test_a_callback_that_is_not_registered_as_shared_is_asked_each_time():
    page = Page(shares=False)
    page.ask()
    assert page.ask().endswith("made 2 times")


def test_who_comes_while_it_is_made_waits_for_it():
    page = Page()
    page.gate = threading.Event()
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(page.ask, who) for who in "ababab"]
        page.gate.set()
        assert {one.result() for one in asked} == {"x in en, made 1 times"}
    assert len(page.made) == 1


def test_answers_that_nobody_is_given_any_more_are_not_kept(monkeypatch):
    page = Page()
    for number in range(5):
        page.ask(asked=number)
    assert len(page.answers._kept) == 5
    monkeypatch.setattr(shared, "SHARED_S", 0.0)
    page.ask(asked=5)
    assert len(page.answers._kept) <= 1


def test_nobody_is_given_what_another_had_put_elsewhere():
    page = Page()
    page.ask(outputs={"id": "tick", "property": "children"})
    assert page.ask().startswith("x in en")


@pytest.mark.parametrize(
    "inputs", [None, 7, "x", [None], [7], [{"id": {"type": "a"}, "property": ["b"], "value": 1}]], ids=str
)
def test_a_request_made_by_hand_breaks_nothing_for_others(inputs):
    page = Page()
    page.ask(inputs=inputs)
    assert page.ask().endswith(f"made {len(page.made)} times")
