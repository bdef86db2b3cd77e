"""The server: gunicorn where it runs, waitress elsewhere and inside tests; both answer by the same few threads.

A GeoPackage has one process that serves it: the process of gunicorn that listens holds no store, the one that answers
opens it after it was begun, and gunicorn begins another should that one die.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import dash
from waitress.server import create_server

from dashboards import access, readiness, shell, snapshot, watching
from dashboards.app import create_app, warm
from dashboards.backing import Backing
from dashboards.configured import Settings
from dashboards.memory import few_arenas
from dashboards.workers import by_workers
from gisapp.addresses import Address
from gisapp.errors import InputError
from gisapp.store import open_store

LOOPBACK_ADDRESSES = ("127.0.0.1", "localhost", "::1")
SWITCH_S = 0.0005
"""Whoever reads rows gives the interpreter away at each; who computes beside would keep it ten times as long."""
BACKLOG = 512
Wsgi = Callable[..., Iterable[bytes]]
log = logging.getLogger(__name__)


class InProcess:
    """A server that has taken its port, and answers in threads of this process while :meth:`serve_forever` runs."""

    def __init__(self, answering: Wsgi, listening: socket.socket, *, threads: int, keep_alive_s: int) -> None:
        self.port = int(listening.getsockname()[1])
        self._map: dict[int, Any] = {}
        self._stop = threading.Event()
        self._server = create_server(
            answering,
            map=self._map,
            sockets=[listening],
            threads=threads,
            channel_timeout=keep_alive_s,
            connection_limit=1000,
            max_request_body_size=2**31,  # imports limit themselves
            ident=None,
            clear_untrusted_proxy_headers=True,
        )

    def serve_forever(self) -> None:
        """Answer until :meth:`shutdown`; what is being answered then is finished."""
        while not self._stop.is_set():
            self._turn(0.2)
        self._server.task_dispatcher.shutdown(cancel_pending=False, timeout=5)
        for _ in range(10):
            self._turn(0.01)  # what was answered last goes out

    def shutdown(self) -> None:
        """Let :meth:`serve_forever` come to its end."""
        self._stop.set()

    def server_close(self) -> None:
        """Give up the port and every connection."""
        for one in list(self._map.values()):
            with suppress(OSError):
                one.close()

    def _turn(self, timeout_s: float) -> None:
        self._server.asyncore.loop(
            timeout=timeout_s, map=self._map, use_poll=self._server.adj.asyncore_use_poll, count=1
        )


def server_for(app: dash.Dash, host: str, port: int, *, threads: int = 32, keep_alive_s: int = 75) -> InProcess:
    """Return a server that has taken the port but does not answer yet; port 0 takes any free one.

    Raises
    ------
    InputError
        When the port is taken, or the host is reachable from other machines and there are no accounts.
    """
    require_reachable(host, local=access.access_of(app.server).local)
    return InProcess(answering(app), taken(host, port), threads=threads, keep_alive_s=keep_alive_s)


def answering(app: dash.Dash) -> Wsgi:
    """Return what a server calls: the few threads that know PROJ answer all but what the watchman and screens poll."""
    return by_workers(app.server, snapshot.snapshot_of(app.server).store.crs, beside=(*readiness.PATHS, shell.POLLED))


def require_reachable(host: str, *, local: bool) -> None:
    """Raise where other machines would reach a server without accounts."""
    if local and host not in LOOPBACK_ADDRESSES:
        raise InputError(
            f"host {host} is reachable from other machines and this server has no accounts",
            todo="serve on 127.0.0.1, or make accounts by gisapp users",
        )


def taken(host: str, port: int) -> socket.socket:
    """Return a socket that listens."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise InputError(f"port {port} on {host}: {error.strerror}", todo="choose another --port") from error


def serve(
    place: Address, settings: Settings, *, basemap: dict[str, Any] | None, told: Callable[[str, bool], None]
) -> int:
    """Serve a store until stopped and return the exit status.

    Parameters
    ----------
    told
        Called once the port is taken, with the address and whether there are accounts.

    Raises
    ------
    InputError
        When the port is taken, or the host is reachable from other machines and there are no accounts.
    StoreError
        When the store cannot be opened.
    """
    watching.set_up_logs(settings.log_format)
    with open_store(place) as store:  # what is wrong with it is told before anything is begun
        local = not store.accounts.exist()
    require_reachable(settings.host, local=local)
    if local:
        log.warning("No accounts are set up: whoever sits at this machine may do everything, others get no answer.")
    if "GISAPP_SECRET_KEY" not in os.environ:
        os.environ["GISAPP_SECRET_KEY"] = os.urandom(32).hex()  # a process that takes another's place has the same
        log.warning("GISAPP_SECRET_KEY is not set: a random key is used, and sessions end with this server.")
    listening = taken(settings.host, settings.port)
    if settings.metrics_port:
        taken("127.0.0.1", settings.metrics_port).close()
    told(f"http://{settings.host}:{listening.getsockname()[1]}/", not local)
    serving = Serving(place, settings, basemap)
    if sys.platform.startswith("linux"):
        return _by_gunicorn(serving, listening)
    return _by_waitress(serving, listening)


class Serving:
    """One process that answers: its store, its application, and what runs beside."""

    def __init__(self, place: Address, settings: Settings, basemap: dict[str, Any] | None) -> None:
        sys.setswitchinterval(SWITCH_S)
        few_arenas()
        self.place, self.settings, self.basemap = place, settings, basemap
        self._closing: list[Callable[[], object]] = []

    def begin(self) -> dash.Dash:
        """Open the store and return the application over it."""
        store = open_store(self.place)
        self._closing.append(store.close)
        app = create_app(store, basemap=self.basemap, settings=self.settings)
        if self.settings.metrics_port is not None:
            server, _ = watching.serve_metrics(app.server, self.settings.metrics_port)
            self._closing += [server.server_close, server.shutdown]
            log.info("metrics on http://127.0.0.1:%s/metrics", server.server_port)
        if self.settings.backup_folder is not None:
            self._closing.append(self._back_up(app, self.settings.backup_folder).stop)
        kept = snapshot.snapshot_of(app.server)
        threading.Thread(target=warm, args=(app.server, kept), daemon=True, name="warm").start()
        return app

    def _back_up(self, app: dash.Dash, folder: Path) -> Backing:
        """Begin to make a backup whenever one is due, and let the watchman see it."""
        every = timedelta(minutes=self.settings.backup_min)
        backing = Backing(self.place, folder, every=every, keep=self.settings.backup_keep)
        readiness.of(app.server).backups_late = backing.late
        watching.watch_backups(app.server, backing)
        backing.start()
        return backing

    def end(self) -> None:
        """Close what was opened, the store last."""
        while self._closing:
            self._closing.pop()()


def _by_gunicorn(serving: Serving, listening: socket.socket) -> int:
    from gunicorn.app.base import BaseApplication

    settings = serving.settings

    class Application(BaseApplication):
        def load_config(self) -> None:
            for key, value in {
                "bind": f"fd://{listening.fileno()}",
                "worker_class": "gthread",
                "workers": 1,
                "threads": settings.threads,
                "keepalive": settings.keep_alive_s,
                "graceful_timeout": settings.stop_s,
                "timeout": 0,  # it watches a loop that a long answer holds up: a slow answer is no dead server
                "worker_connections": 2000,
                "proc_name": "gisapp",
                "control_socket_disable": True,
                "logger_class": "dashboards.quiet.Quiet",
                "forwarded_allow_ips": "127.0.0.1,::1",
                "worker_exit": lambda arbiter, worker: serving.end(),
            }.items():
                self.cfg.set(key, value)

        def load(self) -> Wsgi:
            return answering(serving.begin())

    try:
        Application().run()
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def _by_waitress(serving: Serving, listening: socket.socket) -> int:
    settings = serving.settings
    try:
        app = serving.begin()
        server = InProcess(answering(app), listening, threads=settings.threads, keep_alive_s=settings.keep_alive_s)

        def stop(number: int, frame: FrameType | None) -> None:
            server.shutdown()

        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        server.serve_forever()
        server.server_close()
    finally:
        serving.end()
    return 0
