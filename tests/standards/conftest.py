"""The street by the river, asked as programs ask."""

import shutil
import threading
from contextlib import contextmanager

import pytest
import riverside
from outside_town import KEYS, release, town

from dashboards.app import create_app
from dashboards.serving import server_for
from gisapp.store import open_store


@pytest.fixture(scope="session")
def town_made(tmp_path_factory):
    path = tmp_path_factory.mktemp("town") / "town.gpkg"
    town(path).close()
    return path


@pytest.fixture(scope="module")
def client(town_made, tmp_path_factory):
    """Asks as the one local user, and writes nothing."""
    with open_store(shutil.copy(town_made, tmp_path_factory.mktemp("read"))) as store:
        yield create_app(store).server.test_client()


@pytest.fixture(scope="module")
def keyed(town_made, tmp_path_factory):
    """Asks a server with accounts, where nobody is signed in, and writes nothing."""
    with open_store(shutil.copy(town_made, tmp_path_factory.mktemp("keyed"))) as store:
        app = create_app(store, person_of=lambda: None, person_of_key=KEYS.get)
        yield app.server.test_client()


@pytest.fixture(scope="module")
def told(town_made, tmp_path_factory):
    """Asks for a published shutoff, as anybody does; gives its code too, and writes nothing."""
    with open_store(shutil.copy(town_made, tmp_path_factory.mktemp("told"))) as store:
        store.set_setting("hotline", "96510", actor="t")
        code = release(store, riverside.emergency(store))
        yield create_app(store, person_of=lambda: None).server.test_client(), code


@pytest.fixture
def kept(town_made, tmp_path):
    """A store of one's own."""
    with open_store(shutil.copy(town_made, tmp_path)) as store:
        yield store


@pytest.fixture
def by_key(kept):
    """Asks a server with accounts over one's own store."""
    app = create_app(kept, person_of=lambda: None, person_of_key=KEYS.get)
    return app.server.test_client()


@contextmanager
def answering(store, **accounts):
    """Give the address of a server over a store."""
    server = server_for(create_app(store, **accounts), "127.0.0.1", 0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def live(town_made, tmp_path_factory):
    """Return the address of a server with accounts; whoever shows the key "all" may do everything."""
    with open_store(shutil.copy(town_made, tmp_path_factory.mktemp("live"))) as store:
        release(store, riverside.emergency(store))
        with answering(store, person_of=lambda: None, person_of_key=KEYS.get) as url:
            yield url
