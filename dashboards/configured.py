"""How the server is set up: options of the command, the environment (``GISAPP_PORT``), a TOML file, in that order.

The file is the one that ``GISAPP_CONFIG`` names. A key that nobody knows is refused, wherever it stands: a limit that
was misspelt is a limit that does not hold.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from gisapp.errors import InputError

PREFIX = "GISAPP_"
FILE_VARIABLE = "GISAPP_CONFIG"
POLL_S = 5
"""How often a screen asks for the version (``POLL_MS`` of assets/shell.js): connections are kept longer."""
_ELSEWHERE = frozenset(
    {FILE_VARIABLE, "GISAPP_STORE", "GISAPP_NIGHTLY", "GISAPP_KILLS", "GISAPP_LIMITS", "GISAPP_GDAL_SKIP_KNOWN"}
)
_EXPORTED = ("audit_anchor", "secret_key", "https", "oidc_issuer", "oidc_client_id", "oidc_client_secret")
"""Keys that other rooms read from the environment."""


class Settings(BaseSettings):
    """Every key, its default and what it may be."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True)

    host: str = Field(default="127.0.0.1", description="address to answer on")
    port: int = Field(default=8050, ge=0, le=65535, description="port to answer on; 0 takes any free one")
    threads: int = Field(default=256, ge=2, le=512, description="connections served at once")
    keep_alive_s: int = Field(default=75, gt=POLL_S, le=3600, description="for how long a silent connection is kept")
    stop_s: int = Field(
        default=30, ge=1, le=600, description="for how long requests may go on after a stop was asked for"
    )
    metrics_port: int | None = Field(
        default=None, ge=0, le=65535, description="port of 127.0.0.1 for metrics; none without"
    )
    log_format: Literal["text", "json"] = Field(default="text", description="text for people, json for programs")
    log_requests: bool = Field(
        default=False, description="log every request: route, status, time; no address, no person"
    )
    disk_min_mb: int = Field(default=500, ge=0, description="free space below which the server is not ready")
    import_max_days: float | None = Field(
        default=None, gt=0, description="age of the last import from which it counts as late"
    )
    audit_anchor: Path | None = Field(
        default=None, description="folder for the heads of the audit; beside the store without"
    )
    backup_folder: Path | None = Field(
        default=None, description="folder for a backup every backup_min; none is made without"
    )
    backup_min: float = Field(default=15, gt=0, le=1440, description="minutes from one backup to the next")
    backup_keep: int = Field(default=96, ge=1, le=100_000, description="how many backups are kept")
    secret_key: SecretStr | None = Field(default=None, min_length=16, description="key of sessions and forms")
    oidc_issuer: str | None = Field(default=None, description="address of the house's identity provider")
    oidc_client_id: str | None = Field(default=None, description="what the provider calls this server")
    oidc_client_secret: SecretStr | None = Field(default=None, description="what the provider knows this server by")
    https: bool = Field(default=False, description="people come by https, through a proxy that ends it")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from what :func:`settings_of` has read: it knows where each came from."""
        return (init_settings,)


@dataclass(frozen=True)
class Configured:
    """The settings and where each value came from: an option, a variable, the file, or the default."""

    settings: Settings
    origins: Mapping[str, str]


def configured(**options: object) -> Configured:
    """Return the settings, options before environment before file.

    Raises
    ------
    InputError
        For a key that does not exist, a value that may not be, or a file that cannot be read; names where it stands.
    """
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for origin, found in (*_from_file(), *_from_environment()):
        values |= found
        origins |= dict.fromkeys(found, origin)
    given = {key: value for key, value in options.items() if value is not None}
    values |= given
    origins |= {key: f"option --{key.replace('_', '-')}" for key in given}
    try:
        settings = Settings(**values)  # type: ignore[arg-type]
    except ValidationError as error:
        raise _wrong(error, origins) from None
    return Configured(settings, {key: origins.get(key, "default") for key in Settings.model_fields})


def export(settings: Settings) -> None:
    """Put into the environment what other rooms read there and a file has said."""
    for key in _EXPORTED:
        value = getattr(settings, key)
        if value not in (None, False):
            text = value.get_secret_value() if isinstance(value, SecretStr) else "1" if value is True else str(value)
            os.environ.setdefault(f"{PREFIX}{key.upper()}", text)


def shown(settings: Settings, key: str) -> str:
    """Return a value as ``gisapp config show`` prints it: a secret is not told."""
    value = getattr(settings, key)
    return "–" if value is None else str(value)


def _from_file() -> list[tuple[str, dict[str, object]]]:
    name = os.environ.get(FILE_VARIABLE)
    if not name:
        return []
    try:
        with Path(name).open("rb"):  # the source takes a file that is not there for an empty one
            found = TomlConfigSettingsSource(Settings, Path(name))()
    except OSError as error:
        todo = f"correct {FILE_VARIABLE} or unset it"
        raise InputError(error.strerror or str(error), todo=todo, file=name) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(str(error), todo="correct it", file=name) from error
    return [(name, found)]


def _from_environment() -> list[tuple[str, dict[str, object]]]:
    known = EnvSettingsSource(Settings)()
    names = [name for name in sorted(os.environ) if name.upper().startswith(PREFIX) and name not in _ELSEWHERE]
    # The source passes over what it does not know; here that is refused like in the file.
    keys = {name: name[len(PREFIX) :].lower() for name in names}
    return [(f"environment {name}", {key: known.get(key, os.environ[name])}) for name, key in keys.items()]


def _wrong(error: ValidationError, origins: Mapping[str, str]) -> InputError:
    """Return the first thing that is wrong, in words, with where it stands."""
    first = error.errors(include_url=False, include_context=False)[0]
    key = str(first["loc"][0])
    origin = origins.get(key, "default")
    if first["type"] == "extra_forbidden":
        todo = f"use one of {', '.join(Settings.model_fields)}"
        return InputError(f"there is no setting {key!r}", todo=todo, file=origin)
    told = "" if "secret" in key else f": found {first['input']!r}"
    return InputError(
        f"{first['msg']}{told}", todo=f"give {Settings.model_fields[key].description}", file=origin, field=key
    )
