"""What an operator sees of the requests: a number for each, logs for people or programs, metrics for Prometheus.

Nothing personal: a request is told by its route or callback, never by its address, sender or content; numbers of
phones and ids are masked in every line, also in those of faults.
"""

from __future__ import annotations

import json
import logging
import secrets
import sys
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from threading import Thread
from wsgiref.simple_server import WSGIServer

from flask import Flask, Response, g, has_request_context, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from dashboards.access import UPDATE, access_of
from dashboards.backing import Backing
from gisapp.masking import without_numbers
from gisapp.store import Store

METHODS = ("GET", "HEAD", "POST", "OPTIONS")
_TIMES_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
log = logging.getLogger(__name__)


def request_number() -> str:
    """Return the number of the present request, which its answer, its notices and the log have in common."""
    if not has_request_context():
        return secrets.token_hex(4)
    if "gisapp_number" not in g:
        g.gisapp_number = secrets.token_hex(4)
    return str(g.gisapp_number)


class Masked(logging.Formatter):
    """Lines for people, without numbers of phones and ids."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return without_numbers(super().format(record))


class Json(logging.Formatter):
    """Lines for programs: one object each."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        told = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_request_context():
            told["request"] = request_number()
        told |= getattr(record, "told", {})
        if record.exc_info:
            told["fault"] = self.formatException(record.exc_info)
        return without_numbers(json.dumps(told, ensure_ascii=False, default=str))


def set_up_logs(kind: str) -> None:
    """Send every line to standard error, as text or as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json() if kind == "json" else Masked("%(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    for quiet in ("alembic", "waitress.queue"):
        logging.getLogger(quiet).setLevel(logging.WARNING)


class Metrics:
    """Requests, their time, faults, and what the store says when it is asked."""

    def __init__(self, store: Store, ready: Callable[[], bool]) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "gisapp_requests", "Requests answered.", ("route", "method", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "gisapp_request_seconds", "Time to an answer.", ("route",), buckets=_TIMES_S, registry=self.registry
        )
        self.faults = Counter("gisapp_faults", "Faults of the program, by number in the log.", registry=self.registry)
        self.running = Gauge("gisapp_requests_running", "Requests being answered.", registry=self.registry)
        self.registry.register(_OfStore(store, ready))


class _OfStore:
    """Asks the store when somebody reads the metrics."""

    def __init__(self, store: Store, ready: Callable[[], bool]) -> None:
        self.store, self.ready = store, ready

    def collect(self) -> Iterable[Metric]:
        """Return what the store says now."""
        revisions = GaugeMetricFamily("gisapp_store_revision", "Changes of each table.", labels=("table",))
        for name, number in self.store.revisions().items():
            revisions.add_metric((name,), number)
        yield revisions
        yield GaugeMetricFamily("gisapp_store_writers", "Threads that write or wait to.", value=self.store.writers)
        yield GaugeMetricFamily("gisapp_ready", "Whether /readyz is green.", value=float(self.ready()))


class _OfBackups:
    """Asks how old the newest backup is when somebody reads the metrics."""

    def __init__(self, backing: Backing) -> None:
        self.backing = backing

    def collect(self) -> Iterable[Metric]:
        """Return when the newest backup was made, 0 for never, and how often none could be."""
        newest = self.backing.newest()
        at = 0.0 if newest is None else newest.timestamp()
        yield GaugeMetricFamily("gisapp_backup_newest_seconds", "When the newest backup was made.", value=at)
        failures = self.backing.failures
        yield CounterMetricFamily("gisapp_backup_failures", "Backups that could not be made.", value=failures)


def watch_backups(server: Flask, backing: Backing) -> None:
    """Tell of backups in the metrics."""
    metrics: Metrics = server.extensions["gisapp.metrics"]
    metrics.registry.register(_OfBackups(backing))


def watch(server: Flask, metrics: Metrics, *, log_requests: bool = False) -> None:
    """Give every request its number, and count it."""

    @server.before_request
    def begin() -> None:
        g.gisapp_began = time.perf_counter()
        g.gisapp_counted = True
        metrics.running.inc()

    @server.after_request
    def end(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_number()
        took, told = time.perf_counter() - g.pop("gisapp_began", time.perf_counter()), route_of(server)
        metrics.requests.labels(
            told, request.method if request.method in METHODS else "other", response.status_code
        ).inc()
        metrics.seconds.labels(told).observe(took)
        if log_requests:
            facts = {"route": told, "method": request.method, "status": response.status_code, "ms": round(took * 1000)}
            log.info("%s %s %s %s ms", *facts.values(), extra={"told": facts})
        return response

    @server.teardown_request
    def gone(_: BaseException | None) -> None:
        if g.pop("gisapp_counted", False):
            metrics.running.dec()

    server.extensions["gisapp.metrics"] = metrics


def route_of(server: Flask) -> str:
    """Return the route or callback of the present request, without any value of its address."""
    if request.endpoint != UPDATE:
        return request.url_rule.rule if request.url_rule else "none"
    body = request.get_json(silent=True)
    wanted = body.get("output") if isinstance(body, dict) else None
    return wanted if isinstance(wanted, str) and wanted in access_of(server).callbacks else "none"


def count_fault(server: Flask) -> None:
    """Count a fault of the program."""
    metrics: Metrics | None = server.extensions.get("gisapp.metrics")
    if metrics is not None:
        metrics.faults.inc()


def serve_metrics(server: Flask, port: int) -> tuple[WSGIServer, Thread]:
    """Answer ``/metrics`` on a port of 127.0.0.1, apart from the pages."""
    metrics: Metrics = server.extensions["gisapp.metrics"]
    return start_http_server(port, addr="127.0.0.1", registry=metrics.registry)
