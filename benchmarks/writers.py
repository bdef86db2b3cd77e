"""Who writes while many look: a dispatcher and a commander; what was acknowledged is looked for at the end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.viewers import WRONG, Browser, Callbacks, Viewer
from gisapp.accounts import User
from gisapp.store import open_store

PASSWORD = "vier worte im regen"
ROLES = ("dispatcher", "commander", "manager", "supervision")
PEOPLE = 20  # each sits before several screens


@dataclass
class Commands:
    """What was written and acknowledged: when, which codes, with how many steps at least."""

    took_s: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    reports: dict[str, float] = field(default_factory=dict)  # the moment of each acknowledgement
    remarks: list[tuple[str, str]] = field(default_factory=list)
    shutoffs: list[str] = field(default_factory=list)

    def count(self) -> int:
        """Return how many were acknowledged."""
        return len(self.reports) + len(self.remarks) + len(self.shutoffs)


@dataclass
class Writers:
    """A dispatcher who reports and remarks, and a commander who shuts off, one command after the other."""

    desk: Viewer
    command: Viewer
    codes: dict[str, str]
    done: Commands

    def write(self, number: int) -> None:
        """Give one command; what goes wrong with it is noted."""
        if number % 10 == 9:
            for one in (self.desk, self.command):  # who types touches the screen, which tells so
                one.browser.ask("/version?active=1")
            self._look_at_the_pipe()
        began, before = time.perf_counter(), self.done.count()
        tally = (self.command if number % 10 == 9 else self.desk).browser.tally
        try:
            if number % 10 == 9:
                self._shut_off()
            elif number % 2:
                self._remark(number)
            else:
                self._report(number)
        except WRONG as fault:
            self.done.faults.append(f"command {number}: {fault!r}")
        self.done.took_s.append(time.perf_counter() - began)
        if self.done.count() != before + 1:
            self.done.faults.append(f"command {number} was not acknowledged: {tally.faults[-1:]}")

    def close(self) -> None:
        """Give their connections back."""
        self.desk.close()
        self.command.close()

    def _report(self, number: int) -> None:
        typed = {
            "category": self.codes["category"],
            "place": self.codes["place"],
            "words": f"load {number}",
            "phone": "",
        }
        told = {**typed, "channel": "phone", "utility": "water", "drill": False, "pin": None}
        at = int(time.time() * 1000)
        self.desk.changed({"dispatch-send.data": {**told, "role": "dispatcher", "at": at}})
        sent = self.desk.get("dispatch-sent.data")
        if sent and sent["at"] == at:
            self.done.reports[sent["code"]] = time.monotonic()

    def _remark(self, number: int) -> None:
        code, note = next(reversed(self.done.reports)), f"load {number}"
        self.desk.changed({"dispatch-chosen.data": {"code": code, "by": "row"}})
        seen = int(self.desk.get("dispatch-shown.data").split()[1])
        at = int(time.time() * 1000)
        told = {"code": code, "action": "remark", "note": note, "seen": seen, "role": "dispatcher", "at": at}
        self.desk.changed({"dispatch-record.data": told})
        if self.desk.get("dispatch-written.data") == at:
            self.done.remarks.append((code, note))

    def _shut_off(self) -> None:
        at = int(time.time() * 1000)
        case = {"utility": "water", "bursts": [self.codes["pipe"]], "stuck": []}
        told = {
            **case,
            "do": "open",
            "kind": "emergency",
            "place": "load",
            "reason": "",
            "incident_code": "",
            "drill": True,
            "at": at,
        }
        self.command.changed({"emergency-decide.data": told})
        if self.command.get("emergency-written.data") == at:
            self.done.shutoffs.append(self.command.get("emergency-case.data")["code"])

    def _look_at_the_pipe(self) -> None:
        """Leave the record of the last shutoff."""
        case = self.command.get("emergency-case.data")
        if case["code"]:
            fresh = {**case, "code": "", "utility": "water", "bursts": [self.codes["pipe"]]}
            self.command.changed({"emergency-case.data": fresh})


def begin(port: int, callbacks: Callbacks, codes: dict[str, str], done: Commands) -> Writers:
    """Let both log in and open their pages."""
    pages = []
    for name, page in (("load00", "/dispatch"), ("load01", f"/emergency?utility=water&pipe={codes['pipe']}")):
        browser = Browser(port)
        browser.log_in(name, PASSWORD)
        pages.append(Viewer(browser, callbacks, page))
        pages[-1].open()
    return Writers(*pages, codes, done)


def prepared(path: Path) -> dict[str, str]:
    """Give a store accounts; return codes of things that pages can show and writers name."""
    with open_store(path) as store:
        for number in range(PEOPLE):
            roles = tuple(dict.fromkeys(("dispatcher", "commander", "planner", ROLES[number % len(ROLES)])))
            store.accounts.add(User(f"load{number:02d}", f"{number}", roles), PASSWORD, actor="local")
        waiting = store.incidents.waiting()[0]
        shutoffs, customers = store.table("shutoffs"), store.table("customers")
        links = store.table("links")
        leak = next(rule for rule in store.rule_book.at(datetime.now(UTC)).category if rule.type == "leak")
        return {
            "incident": str(waiting["code"].iloc[-1]),
            "category": leak.category,
            "shutoff": str(shutoffs["code"].iloc[-1]),
            "pipe": str(links.loc[links["utility"] == "water", "code"].iloc[0]),
            "place": str(customers["code"].iloc[0]),
        }


def lost(path: Path, commands: Commands) -> list[str]:
    """Return what was acknowledged and does not stand in the store, or what its audit says."""
    with open_store(path) as store:
        incidents, shutoffs = set(store.table("incidents")["code"]), set(store.table("shutoffs")["code"])
        steps = store.table("incident_steps")
        remarked = set(zip(steps["incident_code"], steps["note"], strict=True))
        gone = [f"report {code} is lost" for code in commands.reports if code not in incidents]
        gone += [f"remark {one} is lost" for one in commands.remarks if one not in remarked]
        gone += [f"shutoff {code} is lost" for code in commands.shutoffs if code not in shutoffs]
        fault = store.verify_audit().fault
        return [*gone, *([f"audit: {fault}"] if fault else [])]
