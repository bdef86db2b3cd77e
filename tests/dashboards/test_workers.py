"""Few threads answer, whoever asks, and each knows PROJ's change of coordinates beforehand."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pyproj
import pytest

from dashboards.workers import LOOKERS, WORKERS, by_workers
from gisapp.crs import to_degrees

CRS = pyproj.CRS.from_user_input("EPSG:4547")


def named(environ, start_response):
    start_response("200 OK", [])
    return [threading.current_thread().name.encode()]


def refusing(environ, start_response):
    raise LookupError(environ["PATH_INFO"])


def test_new_connections_are_answered_by_the_same_few_threads():
    answer, heads = by_workers(named, CRS), []
    with ThreadPoolExecutor(40) as connections:
        names = {connections.submit(lambda: answer({}, lambda *head: heads.append(head))[0]) for _ in range(40)}
    found = {name.result() for name in names}
    assert len(found) <= WORKERS
    assert threading.current_thread().name.encode() not in found
    assert heads == [("200 OK", [])] * 40


def test_who_opens_a_page_does_not_wait_behind_those_who_ask_what_moved():
    held = threading.Event()

    def slow(environ, start_response):
        if environ["REQUEST_METHOD"] == "POST":
            held.wait(30)
        return [environ["REQUEST_METHOD"].encode()]

    answer = by_workers(slow, CRS)
    with ThreadPoolExecutor(WORKERS + LOOKERS) as people:
        asked = [people.submit(answer, {"REQUEST_METHOD": "POST"}, None) for _ in range(WORKERS)]
        opened = [people.submit(answer, {"REQUEST_METHOD": "GET"}, None) for _ in range(LOOKERS)]
        assert [one.result(20) for one in opened] == [[b"GET"]] * LOOKERS
        assert not any(one.done() for one in asked)
        held.set()
        assert [one.result(20) for one in asked] == [[b"POST"]] * WORKERS


def test_each_has_changed_coordinates_before_it_answers():
    told, change = [], to_degrees(CRS)

    class Watched:
        def transform(self, *args, **options):
            told.append(threading.current_thread().name)
            return change.transform(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dashboards.workers.to_degrees", lambda crs: Watched())
        name = by_workers(named, CRS)({}, lambda *head: None)[0].decode()
    assert told.count(name) == 2


def test_what_an_application_raises_reaches_the_server():
    with pytest.raises(LookupError, match="/gone"):
        by_workers(refusing, CRS)({"PATH_INFO": "/gone"}, None)
