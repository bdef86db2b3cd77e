"""Where parts are worked on: in this process, or by the workers of a dask cluster."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from gisapp.errors import InputError, StoreError
from gisapp.partitions.files import Part

if TYPE_CHECKING:
    from distributed import Client

T = TypeVar("T")
S = TypeVar("S")
Progress = Callable[[float, float], None]
LOCAL = "local"
_WORKER_MB = 1000
_TURNS = 8  # batches a worker: what is lost with one that dies, and how often progress is told
_TRIES = 3
_ANSWER_S = 10


class Cluster:
    """The workers of a dask cluster, or this process alone.

    Parameters
    ----------
    address
        ``tcp://host:port`` of a scheduler whose workers have gisapp installed and see the files under the same
        names; ``local`` starts a worker for every processor; None works in this process.
    worker_mb
        Memory of each worker that is started here.

    Raises
    ------
    InputError
        When the extra ``gisapp[cluster]`` is not installed, or nobody answers at the address.

    Notes
    -----
    A worker that dies is replaced or done without: its batches are done again, at most three times, and the answer
    is the same.
    """

    def __init__(self, address: str | None = None, *, worker_mb: int = _WORKER_MB) -> None:
        if address is not None and find_spec("distributed") is None:
            raise InputError("there is no dask.distributed here", todo="pip install 'gisapp[cluster]'")
        self.address, self.worker_mb = address, worker_mb

    def each(
        self,
        work: Callable[[Sequence[Part], S], T],
        parts: Sequence[Part],
        shared: S,
        *,
        progress: Progress | None = None,
    ) -> Iterator[T]:
        """Yield what ``work`` gives for each batch of the parts, in the order in which they are done.

        Parameters
        ----------
        work
            A function of a module that takes a batch and ``shared``; its answer is what travels back.
        parts
            All of them.
        shared
            What every batch needs; sent once.
        progress
            Told the rows that are done, and all of them.
        """
        total, done = sum(part.rows for part in parts), 0
        if self.address is None:
            answers = ((part.rows, work([part], shared)) for part in parts)
            for rows, answer in answers:
                done += rows
                yield answer
                if progress:
                    progress(done, total)
            return
        with self._client() as client:
            for rows, answer in _spread(client, work, parts, shared):
                done += rows
                yield answer
                if progress:
                    progress(done, total)

    @contextmanager
    def _client(self) -> Iterator[Client]:
        """Connect; what was started here is ended again."""
        from distributed import Client, LocalCluster

        if self.address != LOCAL:
            try:
                client = Client(self.address, timeout=_ANSWER_S, set_as_default=False)
            except (OSError, ValueError) as error:
                todo = "start one with `dask scheduler` and `dask worker`, or use --cluster local"
                raise InputError(f"no scheduler answers at {self.address}", todo=todo) from error
            with client:
                yield client
            return
        started = LocalCluster(
            n_workers=os.cpu_count() or 1,
            threads_per_worker=1,
            memory_limit=f"{self.worker_mb}MB",
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        )
        with started, Client(started, set_as_default=False) as client:
            yield client


def _spread(
    client: Client, work: Callable[[Sequence[Part], S], T], parts: Sequence[Part], shared: S
) -> Iterator[tuple[int, T]]:
    """Yield rows and answer of each batch, from whichever worker is ready first."""
    from distributed import as_completed
    from distributed.scheduler import KilledWorker

    workers = max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)
    size = max(1, len(parts) // (workers * _TURNS))
    batches = [parts[at : at + size] for at in range(0, len(parts), size)]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Sending large graph")  # a whole city's grids, once
        # a task gives it, and no scattered copy: should every worker that holds it die, it is made again
        held = client.submit(_itself, shared, pure=False)
        waiting = {client.submit(work, batch, held, pure=False, retries=_TRIES): batch for batch in batches}
    try:
        for future in as_completed(list(waiting), loop=client.loop):
            batch = waiting.pop(future)
            yield sum(part.rows for part in batch), future.result()
            future.release()
    except KilledWorker as error:
        raise StoreError("workers died again and again on one batch; give each more memory") from error
    finally:
        client.cancel(list(waiting))


def _itself(value: Any) -> Any:
    return value
