"""Acts one after another, in one process or asked of a server by several, killed: what was told is there."""

from __future__ import annotations

import json
import threading
import time

from benchmarks.killing import Ground, Outcome, asked, faults_of_store, store_words
from benchmarks.served import LIMIT_S, Served, begun, killed, serve
from gisapp.store import open_store

OPEN311 = "/open311/v2/requests.json"
WRITERS = 4


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


def restarted(on: Ground) -> tuple[float, float]:
    """Begin a server on a store and return after how many seconds it was alive, and ready."""
    served = serve(*store_words(on))
    try:
        return served.until("/healthz"), served.until("/readyz")
    finally:
        served.kill()


def kill_server(on: Ground, seconds: float) -> list[str]:
    """Kill a server that several report to, so long after its first answer; return the codes that it had answered."""
    served = serve(*store_words(on))
    served.until("/readyz")
    codes: list[str] = []
    writers = [threading.Thread(target=_report, args=(served, on.before.key, codes)) for _ in range(WRITERS)]
    for writer in writers:
        writer.start()
    while not codes and time.monotonic() - served.began < LIMIT_S:
        time.sleep(0.01)
    time.sleep(seconds)
    served.kill()
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
