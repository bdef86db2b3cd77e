"""Acts one after another, in one process or asked of a server by several, killed: what was told is there."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benchmarks.killing import Ground, Outcome, asked, begun, faults_of_store, killed, store_words
from gisapp.errors import StoreError
from gisapp.store import open_store

OPEN311 = "/open311/v2/requests.json"
WRITERS = 4
LIMIT_S = 60.0


def act_until_killed(address: str) -> None:
    """Report incidents, remark on each, look at it in clear, which the audit notes; tell each act once it is done."""
    with open_store(address) as store:
        print("ready", flush=True)
        while True:
            code = store.report({"type": "leak", "channel": "phone"}, actor="C1")
            _tell(code=code, steps=1)
            after = store.incidents.record(code, "remark", actor="C1", role="dispatcher", note="crash")
            _tell(code=code, steps=len(after.steps))
            store.incidents.in_clear(code, actor="C1", role="dispatcher", why="crash")
            _tell(seen=code)


def _tell(**told: object) -> None:
    print(json.dumps(told), flush=True)


def kill_acts(on: Ground, seconds: float) -> list[dict[str, object]]:
    """Kill a process that acts, and return what it had told."""
    running = begun(
        "-c",
        f"from benchmarks.killed_acts import act_until_killed as act; act({store_words(on)[1]!r})",
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "ready\n"
    time.sleep(seconds)
    said = killed(running).splitlines(keepends=True)
    return [json.loads(line) for line in said if line.endswith("\n")]


def judge_acts(on: Ground, told: list[dict[str, object]]) -> Outcome:
    """Return whether all that was told is there, and whether one can go on."""
    faults = faults_of_store(on.store)
    if not faults:
        faults += _faults_of_acts(on, told)
        status, said = asked("incidents", "list", "--all", *store_words(on))
        faults += [] if status in (0, 1) else [f"next try: {said[-300:]}"]
    return Outcome(True, bool(told), faults)


def _faults_of_acts(on: Ground, told: list[dict[str, object]]) -> list[str]:
    with open_store(on.store) as store:
        steps = store.table("incident_steps").groupby("incident_code").size()
        incidents, audit = store.table("incidents")["code"], store.audit()
        store.report({"type": "leak", "channel": "phone"}, actor="C1")  # it goes on
        verdict = store.verify_audit()
    seen = set(audit.loc[audit["action"].str.startswith("clear view"), "note"].str.split(":").str[0])
    faults = [f"lost: {act}" for act in told if "steps" in act and steps.get(act["code"], 0) < int(str(act["steps"]))]
    faults += [f"lost: {act}" for act in told if "seen" in act and act["seen"] not in seen]
    ours = incidents.iloc[on.before.incidents :]
    faults += [f"partial: {code} has no step" for code in ours if code not in steps.index]
    codes = {act["code"] for act in told if "steps" in act}
    if len(ours) > len(codes) + 1:
        faults.append(f"partial: {len(ours)} incidents where {len(codes)} were told")
    return faults + ([f"audit: {verdict.fault}"] if verdict.fault else [])


@dataclass
class Served:
    """A server in processes of its own."""

    running: subprocess.Popen[str]
    port: int
    began: float
    drained: threading.Thread

    def get(self, address: str, form: Mapping[str, str] | None = None) -> tuple[int, str]:
        """Return the status and text of an answer; status 0 where there is none."""
        sent = None if form is None else urllib.parse.urlencode(form).encode()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{address}", sent, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, ""
        except (OSError, ValueError):
            return 0, ""

    def until(self, address: str) -> float:
        """Return how many seconds after its beginning the server answered well."""
        while time.monotonic() - self.began < LIMIT_S:
            if self.get(address)[0] == 200:
                return time.monotonic() - self.began
            time.sleep(0.02)
        return LIMIT_S


def serve(on: Ground) -> Served:
    """Begin a server on a store; it has its port when this returns."""
    began = time.monotonic()
    running = begun("-m", "dashboards", "serve", *store_words(on), "--port", "0")
    assert running.stdout is not None
    said = []
    for line in running.stdout:
        said.append(line)
        if "127.0.0.1:" in line:
            found = int(line.split("127.0.0.1:")[1].split("/")[0])
            return Served(running, found, began, _drained(running.stdout))
    killed(running)
    raise StoreError(f"the server did not begin: {''.join(said)[-500:]}")


def _drained(said: Iterable[str]) -> threading.Thread:
    """Read on what a server says, so that it never waits for that."""
    thread = threading.Thread(target=lambda: [None for _ in said], daemon=True)
    thread.start()
    return thread


def end(served: Served) -> None:
    """Kill a server with all that it began."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(served.running.pid, signal.SIGKILL)
    served.running.wait(60)
    served.drained.join(60)
    assert served.running.stdout is not None
    served.running.stdout.close()


def restarted(on: Ground) -> tuple[float, float]:
    """Begin a server on a store and return after how many seconds it was alive, and ready."""
    served = serve(on)
    try:
        return served.until("/healthz"), served.until("/readyz")
    finally:
        end(served)


def kill_server(on: Ground, seconds: float) -> list[str]:
    """Kill a server that several report to, so long after its first answer; return the codes that it had answered."""
    served = serve(on)
    served.until("/readyz")
    codes: list[str] = []
    writers = [threading.Thread(target=_report, args=(served, on.before.key, codes)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    while not codes and time.monotonic() - served.began < LIMIT_S:
        time.sleep(0.01)
    time.sleep(seconds)
    end(served)
    for writer in writers:
        writer.join(60)
    return codes


def judge_server(on: Ground, codes: list[str]) -> Outcome:
    """Return whether all that was answered is there."""
    faults = faults_of_store(on.store)
    if not faults:
        faults += _faults_of_reports(on, codes)
    return Outcome(True, bool(codes), faults)


def _report(served: Served, key: str, codes: list[str]) -> None:
    form = {"service_code": "public_leak", "lat": "30.7", "long": "114.0", "api_key": key}
    while True:
        status, text = served.get(OPEN311, form)
        if status == 0:
            return
        if status == 201:
            codes.append(json.loads(text)[0]["service_request_id"])


def _faults_of_reports(on: Ground, codes: list[str]) -> list[str]:
    with open_store(on.store) as store:
        ours = store.table("incidents")["code"].iloc[on.before.incidents :]
        steps = store.table("incident_steps").groupby("incident_code").size()
    faults = [f"lost: {code}" for code in codes if code not in set(ours)]
    faults += [f"partial: {code} has no step" for code in ours if steps.get(code, 0) != 1]
    if len(ours) > len(codes) + WRITERS:
        faults.append(f"partial: {len(ours)} reports where {len(codes)} were answered")
    return faults
