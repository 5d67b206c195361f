"""Secrets, which stand in the environment or in a file, never in gestand.yaml, ledger or log; and who is trusted."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

from notifications.transports.deliverer import ConfigError


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


def trusting(setting: str, ca_file: str) -> ssl.SSLContext:
    """What checks the certificate of a server, by the system's authorities or by those in a file that `setting` names.

    Raises ConfigError where the file cannot be used.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise ConfigError(0, f"{setting} {ca_file} cannot be used: {error}") from error
