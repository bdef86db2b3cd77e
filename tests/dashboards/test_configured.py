"""Where a setting comes from, and what is refused."""

import os

import pytest

from dashboards.configured import FILE_VARIABLE, Settings, configured, export
from gisapp.errors import InputError


@pytest.fixture(autouse=True)
def bare(monkeypatch):
    for name in list(os.environ):
        if name.startswith("GISAPP_"):
            monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "gisapp.toml"
    monkeypatch.setenv(FILE_VARIABLE, str(path))
    return path


def test_an_option_wins_over_the_environment_that_over_the_file_and_each_origin_is_told(file, monkeypatch):
    file.write_text('port = 1000\nthreads = 8\nhost = "::1"\nlog_format = "json"\n')
    monkeypatch.setenv("GISAPP_PORT", "2000")
    monkeypatch.setenv("GISAPP_THREADS", "16")
    found = configured(port=3000, host=None)
    kept = found.settings
    assert (kept.port, kept.threads, kept.host, kept.log_format, kept.stop_s) == (3000, 16, "::1", "json", 30)
    assert found.origins["port"] == "option --port"
    assert found.origins["threads"] == "environment GISAPP_THREADS"
    assert found.origins["host"] == found.origins["log_format"] == str(file)
    assert found.origins["stop_s"] == "default"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot = 1", "gisapp.toml: there is no setting 'prot'; use one of host, port"),
        ("port = 99999", "gisapp.toml, field port: .*found 99999"),
        ('log_format = "xml"', "field log_format: .*found 'xml'"),
        ("port = ", "gisapp.toml: .*correct it"),
        ("keep_alive_s = 3", "field keep_alive_s: .*greater than 5"),
    ],
)
def test_what_a_file_has_wrong_is_refused_by_its_place(file, text, words):
    file.write_text(text)
    with pytest.raises(InputError, match=words):
        configured()


def test_a_variable_that_nobody_knows_is_refused(monkeypatch):
    monkeypatch.setenv("GISAPP_BACKUP_FOLDR", "/srv")
    with pytest.raises(InputError, match="environment GISAPP_BACKUP_FOLDR: there is no setting 'backup_foldr'"):
        configured()


def test_a_file_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setenv(FILE_VARIABLE, "/nowhere/gisapp.toml")
    with pytest.raises(InputError, match="No such file or directory; correct GISAPP_CONFIG"):
        configured()


def test_a_secret_is_told_nowhere(file, run):
    file.write_text('secret_key = "a-secret-of-the-house"')
    assert "of-the-house" not in "".join(run("config", "show")[1:])
    file.write_text('secret_key = "tooshort-x"')
    status, _, told = run("config", "check")
    assert (status, "tooshort-x" in told, "secret_key" in told) == (2, False, True)


def test_what_other_rooms_read_is_put_into_the_environment_and_what_stands_there_wins(file, monkeypatch, tmp_path):
    monkeypatch.setenv("GISAPP_AUDIT_ANCHOR", "before")
    monkeypatch.setenv("GISAPP_SECRET_KEY", "x" * 20)
    file.write_text('audit_anchor = "/srv"')
    export(configured().settings)
    assert os.environ["GISAPP_AUDIT_ANCHOR"] == "before"


def test_the_command_lists_every_setting_with_its_origin(run, monkeypatch):
    monkeypatch.setenv("GISAPP_PORT", "2000")
    status, out, _ = run("config", "show")
    assert (status, len(out.splitlines())) == (0, len(Settings.model_fields))
    assert "2000  (environment GISAPP_PORT)" in out
    assert run("config", "check")[0] == 0
