"""Templates of a workspace, set where they can do no harm: in a limited child process that lasts from job to job."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PATIENCE = 15.0
"""Seconds until a child that should have answered is given up; it ends a job itself long before (jailed.WALL)."""


class TemplateTroubleError(Exception):
    """A template that cannot be set: its file, the line (0 where that is not known), what is wrong, what it cost."""

    def __init__(self, file: str, line: int, message: str, used: Used | None = None) -> None:
        self.used = used
        self.file = file
        self.line = line
        self.message = message
        place = f"{file}:{line}" if line else file
        super().__init__(f"{place}: {message}" if place else message)


@dataclass(frozen=True)
class Used:
    """What a job cost: seconds of the processor, kilobytes of memory at the most."""

    seconds: float
    kilobytes: int


def set_apart(files: Mapping[str, str], name: str, values: Mapping[str, object]) -> str:
    """The template of that name among the files, filled in with plain values.

    Raises TemplateTroubleError at its first mistake, whatever it is.
    """
    job = {"files": dict(files), "name": name, "values": values}
    answer = _CHILD.ask(json.dumps(job).encode() + b"\n")
    used = Used(**answer["used"])
    if "trouble" in answer:
        raise TemplateTroubleError(**answer["trouble"], used=used)
    made: str = answer["made"]
    return made


class _Child:
    """The program that does the work: started when it is first asked, and anew where it died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, job: bytes) -> dict[str, Any]:
        """The answer to a job; raises TemplateTroubleError where there is none."""
        if not hasattr(os, "fork"):
            raise TemplateTroubleError("", 0, "templates of your own need a system that can limit a process, as Linux")
        with self._lock:
            try:
                answer = self._answer(job)
            except (OSError, ValueError) as error:
                self.close()
                raise TemplateTroubleError("", 0, f"the process that sets templates is gone: {error}") from error
        return answer

    def _answer(self, job: bytes) -> dict[str, Any]:
        process = self._process if self._process and self._process.poll() is None else self._start()
        assert process.stdin is not None  # noqa: S101 (it was opened as a pipe)
        assert process.stdout is not None  # noqa: S101
        process.stdin.write(job)
        process.stdin.flush()
        if not select.select([process.stdout], [], [], _PATIENCE)[0]:
            raise TimeoutError("it does not answer")
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        return answer

    def _start(self) -> subprocess.Popen[bytes]:
        """A child that knows where its modules are and nothing else of us: no settings, no secret, no open file."""
        self.close()
        places = os.pathsep.join(os.path.abspath(place) for place in sys.path)  # noqa: PTH100 (text for the environment)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "notifications.content.jailed"],
            cwd="/",
            env={"PYTHONPATH": places},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._process

    def close(self) -> None:
        """End the child, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            # What it was not told any more cannot be told now.
            with contextlib.suppress(OSError), process:
                pass


_CHILD = _Child()
atexit.register(_CHILD.close)
