"""Secrets: they stand in an environment variable or in a file, never in gestand.yaml, the ledger or a log."""

from __future__ import annotations

import os
from pathlib import Path

from notifications.deliverer import ConfigError


def credential(setting: str, env: str, file: str) -> str:
    """The secret that the environment variable `env` or else `file` holds; `setting` is what names them, for people.

    Raises ConfigError where it is not there.
    """
    return _from_environment(f"{setting}_env", env) if env else _from_file(f"{setting}_file", Path(file))


def _from_environment(setting: str, name: str) -> str:
    held = os.environ.get(name, "")
    if not held:
        raise ConfigError(0, f"the environment variable {name}, named in {setting}, is not set")
    return held


def _from_file(setting: str, path: Path) -> str:
    try:
        held = path.read_text("utf-8").strip()
    except (OSError, UnicodeError) as error:
        raise ConfigError(0, f"{setting} {path} cannot be read: {error}") from error
    if not held:
        raise ConfigError(0, f"{setting} {path} is empty")
    return held
