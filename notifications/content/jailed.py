"""The program that sets templates of others, a child of the one that asks: `python -m notifications.content.jailed`.

A job is a line of JSON on standard input: {"files": {name: source}, "name": name, "values": {…}}. Its answer is a line
on standard output: {"made": text} or {"trouble": {"file", "line", "message"}}, with what it used. Each job runs in a
process of its own that may use so much memory and time, open nothing, and call nobody; then that is gone.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import signal
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

from jinja2 import Environment, FunctionLoader, TemplateError, TemplateNotFound, TemplateSyntaxError

from notifications.content.typeset import sandbox, shipped

MEMORY = 256 * 1024 * 1024
"""Bytes that a job may use."""
SECONDS = 2
"""Seconds of the processor that a job may use."""
WALL = 5.0
"""Seconds that may pass until a job has ended."""
LARGEST = 1_000_000
"""Characters that a template may make."""
OURS = "gestand/"
"""What stands before the name of a template that ships with Gestand, so that others can extend it."""

Answer = dict[str, Any]
_FORBIDDEN = ("open", "import", "os.", "socket.", "subprocess.", "ctypes.", "shutil.", "pty.", "urllib.", "sys.")


_EVERYTHING = (
    "{% for a in ['a'] %}{{ loop.index }}{{ a|pprint|wordwrap|striptags|tojson|urlize }}{% endfor %}{{ lipsum() }}"
)
"""A template that has all of jinja2 imported that is imported late."""


def main() -> None:
    """Answer jobs until there are no more, whatever signal comes: the one who asks may finish what it began."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    ours = {f"{OURS}{name}": _source(name) for name in shipped().list_templates(extensions=["html", "txt"])}
    _warm()
    for line in sys.stdin.buffer:
        job = json.loads(line)
        answer = _apart(job | {"files": ours | job["files"]})
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
        sys.stdout.buffer.flush()


def _source(name: str) -> str:
    loader = shipped().loader
    return loader.get_source(shipped(), name)[0] if loader else ""


def _warm() -> None:
    """Have everything imported that setting a template can need, its mistakes included: later nothing is."""
    for source in (_EVERYTHING, "{{ x }}", "{% if %}", "{% include 'x' %}"):
        _made({"files": {"warm.html": source}, "name": "warm.html", "values": {}})


def _apart(job: Mapping[str, Any]) -> Answer:
    """The answer to a job, made in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _work(job, writing)
    os.close(writing)
    written = _read(reading, child)
    _, status, used = os.wait4(child, 0)
    usage = {"seconds": used.ru_utime + used.ru_stime, "kilobytes": used.ru_maxrss}
    if os.waitstatus_to_exitcode(status) == 0 and written:
        answer: Answer = json.loads(written)
        return answer | {"used": usage}
    return {"trouble": _trouble(job["name"], 0, f"it takes longer than {SECONDS} seconds"), "used": usage}


def _read(reading: int, child: int) -> bytes:
    """All that a child writes, until it ends or is ended for taking too long."""
    parts: list[bytes] = []
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], WALL)[0]:
            part = pipe.read(1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)
    os.kill(child, signal.SIGKILL)
    return b""


def _work(job: Mapping[str, Any], writing: int) -> NoReturn:
    """Do a job and leave. Nothing of ours is open here but the way to answer."""
    try:
        os.close(0)
        os.close(1)
        _confine()
        answer = _made(job)
    except MemoryError:
        answer = {"trouble": _trouble(job["name"], 0, f"it takes more memory than {MEMORY >> 20} MB")}
    written = json.dumps(answer).encode()
    while written:
        written = written[os.write(writing, written) :]
    os._exit(0)


def _confine() -> None:
    """So much memory and time, no file, no child; and whatever asks Python for one of these is refused."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    sys.addaudithook(_refuse)


def _refuse(event: str, _given: tuple[object, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"a template may not do this: {event}")


def _made(job: Mapping[str, Any]) -> Answer:
    """The template of a job, filled in; or its first mistake."""
    files: dict[str, str] = job["files"]
    jinja = sandbox(FunctionLoader(lambda name: (files[name], name, None) if name in files else None))
    try:
        return {"made": _filled(jinja, job["name"], job["values"])}
    except MemoryError:
        raise
    except Exception as error:
        return {"trouble": _trouble(*_place(error, job["name"], files), _sentence(error))}


def _filled(jinja: Environment, name: str, values: Mapping[str, Any]) -> str:
    text = jinja.get_template(name).render(values)
    if len(text) > LARGEST:
        raise ValueError(f"it makes {len(text):,} characters; {LARGEST:,} are enough for a mail")
    return text


def _place(error: Exception, name: str, files: Mapping[str, str]) -> tuple[str, int]:
    """The file and the line of a mistake, as near as is known."""
    if isinstance(error, TemplateSyntaxError):
        return error.name or name, error.lineno
    found = (name, 0)
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename in files:
            found = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next
    return found


def _sentence(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no template {error.name}"
    if isinstance(error, RecursionError):
        return "it includes itself without end"
    if isinstance(error, TemplateError | ValueError):
        return str(error).replace("'dict object' has no attribute", "nothing here is called")
    return f"{type(error).__name__}: {error}"


def _trouble(file: str, line: int, message: str) -> Answer:
    return {"file": file, "line": line, "message": message[:500]}


if __name__ == "__main__":
    main()
