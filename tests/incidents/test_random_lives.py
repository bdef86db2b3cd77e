"""Random lives of incidents: no forbidden state is reached, no history is lost, and its replay is what stands."""

import os
from datetime import timedelta

import pytest
from histories import HANDS, REPORTED, TOLD, reported
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gisapp.errors import AccessError, ConflictError, GisappError
from gisapp.incidents import Actor, Incident, allowed, next_step, recordable, replayed
from gisapp.incidents.lives import FACTS, FIRST_STATUS, MOVES, ROLES
from gisapp.store import create_store

NIGHTLY = bool(os.environ.get("GISAPP_NIGHTLY"))
MANY = settings(max_examples=10_000 if NIGHTLY else 80, stateful_step_count=5, deadline=None,
                suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
FEW = settings(max_examples=60 if NIGHTLY else 3, stateful_step_count=12, deadline=None,
               suppress_health_check=[HealthCheck.too_slow])  # fmt: skip

# What the field notes (2.2) let follow, written down by hand and not read from the table under test.
FIELD = {
    "repair": """
        registered dispatched merged rejected cancelled; dispatched accepted return_requested;
        return_requested dispatched accepted; accepted assigned on_site; assigned on_site;
        on_site controlled repairing return_requested; controlled repairing; repairing repaired on_hold;
        on_hold repairing; repaired confirmed repairing; confirmed replied; replied closed; closed called_back;
        called_back archived reopened; reopened dispatched; merged registered""",
    "complaint": """
        registered to_leader merged rejected cancelled; to_leader contacted; contacted investigating;
        investigating solution_set; solution_set handling; handling fed_back; fed_back evaluated;
        evaluated called_back handling; called_back closed handling; merged registered""",
    "finding": """
        reported graded merged rejected cancelled; graded ordered reported_up; reported_up ordered; ordered repaired;
        repaired verified ordered; verified closed; merged reported""",
    "leak_point": """
        suspected located rejected merged; located confirmed rejected; confirmed repaired; repaired watch;
        watch quiet recurred; merged suspected""",
    "business": """
        registered accepted rejected cancelled; accepted handling; handling replied; replied closed;
        closed called_back; called_back archived handling""",
}
FOLLOWS = {life: {row.split()[0]: set(row.split()[1:]) for row in text.split(";")} for life, text in FIELD.items()}
ACTIONS = sorted({move.action for move in MOVES} | set(FACTS))
WORKERS = ["K0001", "K0002", "E11", "U07"]


def told_of(action, number, said):
    """Return what an action says, at its minute."""
    told = {"at": REPORTED + timedelta(minutes=number), "note": "原因"} | TOLD.get(action, {})
    return told | ({"value": said} if action in ("call_back", "evaluate") else {})


class Lives(RuleBasedStateMachine):
    """One incident on which anybody tries anything."""

    @initialize(life=st.sampled_from(sorted(FIRST_STATUS)))
    def report(self, life):
        self.incident, self.frozen = reported(life), ()

    @rule(chance=st.randoms(use_true_random=False))
    def go_on(self, chance):
        """Take a dozen steps: mostly what may follow, the usual first, and now and then anything by anybody."""
        for _ in range(12):
            said = chance.choice(["satisfied", "satisfied", "dissatisfied"])
            moves = allowed(self.incident)
            if moves and chance.random() < 0.7:
                action = chance.choices(moves, [5, *[1] * (len(moves) - 1)])[0]
                role = chance.choice([role for role in ROLES if action in allowed(self.incident, role)])
                self.act(action, role, chance.choice([HANDS[role], HANDS["crew"]]), said)
            else:
                self.act(chance.choice(ACTIONS), chance.choice(ROLES), chance.choice(WORKERS), said)
            self.what_stands_is_what_the_history_says()

    def act(self, action, role, who, said):
        before = self.incident
        try:
            step = next_step(before, action, Actor(who, role), **told_of(action, len(before.steps), said))
        except GisappError as error:
            if isinstance(error, AccessError):
                may = action in allowed(before, role) or action in recordable(before, role)
                assert not may or action in ("confirm", "verify")  # the repairer himself
            return
        assert step.to_status == before.status or step.to_status in FOLLOWS[before.life][before.status]
        assert action in allowed(before, role) or action in recordable(before, role)
        self.require(before, step)
        self.incident = Incident(before.head, (*before.steps, step), before.life)

    def require(self, before, step):
        """Assert what a step must not break, read from the history the slow way."""
        done = {"arrive", "repair", "stop_water", "finish_repair"}
        if step.action in ("confirm", "verify"):
            assert step.actor not in [one.actor for one in before.steps if one.action in done]
        said = [one.value for one in before.steps if one.action == "call_back"]
        if step.to_status == "archived" or (step.to_status == "closed" and before.life == "complaint"):
            assert said
            assert said[-1] != "dissatisfied"
        if step.action == "reopen":
            assert said[-1] == "dissatisfied"
            self.frozen = before.standing.repairs

    def what_stands_is_what_the_history_says(self):
        incident = self.incident
        standing, steps = incident.standing, incident.steps
        assert replayed(incident.life, REPORTED, steps) == standing
        assert standing.status == steps[-1].to_status
        assert [one.to_status for one in steps[:-1]] == [one.from_status for one in steps[1:]]
        assert len(standing.repairs) == 1 + sum(one.action == "reopen" for one in steps)
        assert standing.repairs[: len(self.frozen)] == self.frozen
        unit = [one.subject for one in steps if one.action in ("dispatch", "grant_return", "refer", "order")]
        assert standing.unit_code == (unit[-1] if unit else None)
        first = [one.at for one in steps if one.to_status == "dispatched" and one.from_status != "dispatched"]
        if first and incident.life == "repair":
            assert standing.repairs[0].moments["dispatched_at"] == first[0]
        assert (standing.duplicate_of is None) == (standing.status != "merged")

    @invariant()
    def whoever_saw_less_is_refused(self):
        steps = len(self.incident.steps)
        if steps > 1 and not self.incident.ended:
            with pytest.raises(ConflictError):
                next_step(self.incident, "remark", Actor("U07", "unit"), at=REPORTED, note="x", seen=steps - 1)


TestLives = Lives.TestCase
TestLives.settings = MANY


def stored_lives(folder):
    """Return the machine that does the same in a store in ``folder``."""

    class Stored(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            stored_lives.made += 1
            self.store = create_store(folder / f"{stored_lives.made}.gpkg", crs="EPSG:4547")
            self.codes = [
                self.store.report({"type": kind, "channel": "phone", "reported_at": REPORTED}, actor="E01")
                for kind in ("leak", "complaint", "patrol_finding")
            ]
            self.known = dict.fromkeys(self.codes, 1)

        @rule(chance=st.randoms(use_true_random=False))
        def go_on(self, chance):
            code = chance.choice(self.codes)
            before = self.store.incidents.incident(code)
            moves = allowed(before)
            if not moves:
                return
            action = chance.choices(moves, [5, *[1] * (len(moves) - 1)])[0]
            role = next(role for role in ROLES if action in allowed(before, role))
            told = told_of(action, len(before.steps), chance.choice(["satisfied", "dissatisfied"]))
            if action == "merge":
                told["subject"] = self.codes[0]
            try:
                self.store.incidents.record(code, action, actor=HANDS[role], role=role, **told)
                self.known[code] += 1
            except GisappError:
                pass

        @invariant()
        def the_table_says_what_the_history_says(self):
            for row in self.store.table("incidents").to_dict("records"):
                incident = self.store.incidents.incident(row["code"])
                assert len(incident.steps) == self.known[row["code"]]
                for name, value in incident.standing.columns.items():
                    assert row[name] == value if value is not None else row[name] != row[name]

        def teardown(self):
            self.store.close()

    return Stored


stored_lives.made = 0


def test_the_table_follows_random_lives_in_a_store(tmp_path):
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(stored_lives(tmp_path), settings=FEW)
