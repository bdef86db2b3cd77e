"""The server stops without cutting anybody off, begins again by itself, and tells what is wrong before it begins."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from squares import squares
from werkzeug.test import Client

from dashboards.app import create_app
from dashboards.serving import InProcess, answering, taken
from dashboards.workers import LOOKERS
from gisapp.store import open_store

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="gunicorn runs on Linux")
SLOW = """
import os, sys, time
from dashboards import serving
from dashboards.configured import Settings
class Slow(serving.Serving):
    def begin(self):
        self._closing.append(lambda: print("closed", flush=True))
def answer(environ, start):
    if environ["PATH_INFO"] == "/slow":
        print("asked", flush=True)
        time.sleep(1.5)
    start("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
serving.answering = lambda app: answer
listening = serving.taken("127.0.0.1", 0)
print(listening.getsockname()[1], flush=True)
sys.exit(serving._by_gunicorn(Slow(None, Settings(threads=4), None), listening))
"""

STOPPED = """
import os, signal, sys, threading
from dashboards.__main__ import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs the tests in the background has it ignored
threading.Timer(float(sys.argv[1]), os.kill, (os.getpid(), signal.SIGINT)).start()
sys.exit(main(sys.argv[2:]))
"""


def get(port, path="/"):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=20) as answer:
        return answer.read().decode()


@pytest.fixture
def slow():
    """A gunicorn of ours over an application that has a slow answer."""
    with subprocess.Popen([sys.executable, "-c", SLOW], stdout=subprocess.PIPE, text=True) as running:
        running.port = int(running.stdout.readline())
        yield running
        running.kill()


@LINUX
def test_a_stop_finishes_what_is_being_answered_and_closes_the_store(slow):
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(get, slow.port, "/slow")
        assert slow.stdout.readline() == "asked\n"
        slow.send_signal(signal.SIGTERM)
        assert answer.result().isdigit()
    assert slow.wait(20) == 0
    assert slow.stdout.read() == "closed\n"


@LINUX
def test_a_process_that_dies_is_followed_by_another_on_the_same_port(slow):
    first = int(get(slow.port))
    os.kill(first, signal.SIGKILL)
    assert int(get(slow.port)) != first
    slow.send_signal(signal.SIGINT)
    assert slow.wait(60) == 0


def test_the_server_in_this_process_finishes_what_is_being_answered():
    begun = threading.Event()

    def answer(environ, start):
        begun.set()
        time.sleep(0.5)
        start("200 OK", [("Content-Length", "4")])
        return [b"done"]

    server = InProcess(answer, taken("127.0.0.1", 0), threads=2, keep_alive_s=10)
    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(server.serve_forever)
        asked = pool.submit(get, server.port)
        assert begun.wait(10)
        server.shutdown()
        assert asked.result() == "done"
        running.result()
    server.server_close()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)


@LINUX
def test_a_store_is_served_asked_by_a_watchman_and_given_back_whole(tmp_path):
    path = tmp_path / "squares.gpkg"
    squares(path).close()
    environment = os.environ | {"GISAPP_LOG_FORMAT": "json"}
    words = [sys.executable, "-m", "dashboards", "serve", "--store", str(path), "--port", "0"]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True, env=environment) as running:
        told = next(line for line in running.stderr if "http://" in line)
        port = int(told.split("127.0.0.1:")[1].split("/")[0])
        rest = ThreadPoolExecutor(1).submit(running.stderr.read)
        assert json.loads(get(port, "/healthz")) == {"alive": True}
        assert json.loads(get(port, "/readyz"))["ready"] is True
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0
    assert "Traceback" not in rest.result()
    with open_store(path) as store:
        assert store.count("grids") == 4


def test_screens_poll_while_every_thread_that_answers_is_busy(tmp_path, monkeypatch):
    with squares(tmp_path / "squares.gpkg") as store:
        app = create_app(store)
        go, held = threading.Event(), threading.Semaphore(0)

        def busy():
            held.release()
            assert go.wait(20)
            return {}

        monkeypatch.setitem(app.server.view_functions, "/find", busy)
        client = Client(answering(app))
        with ThreadPoolExecutor(LOOKERS) as people:
            asked = [people.submit(Client(client.application).get, "/find?q=x") for _ in range(LOOKERS)]
            for _ in asked:
                assert held.acquire(timeout=20)
            polled = client.get("/version").status_code
            go.set()
            assert {one.result().status_code for one in asked} == {200}
        assert polled == 200


@pytest.mark.parametrize("after_s", [0.1, 0.6])
def test_a_stop_by_ctrl_c_while_it_begins_prints_no_traceback(tmp_path, after_s):
    path = tmp_path / "squares.gpkg"
    squares(path).close()
    words = [sys.executable, "-c", STOPPED, str(after_s), "serve", "--store", str(path), "--port", "0"]
    told = subprocess.run(words, stderr=subprocess.PIPE, text=True, timeout=120, check=False)
    assert "Traceback" not in told.stderr
    assert told.returncode in (0, 130)


def test_a_server_that_is_begun_reads_nothing_that_it_needs_only_now_and_then():
    """So that it is back soon."""
    code = "import sys, dashboards.serving; assert not {'alembic', 'folium', 'docx'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
