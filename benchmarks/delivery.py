"""5,000 recipients and 10,000 commitments: digests planned, rendered and handed to a mail server (bars: 60 s, 300 MB).

    PYTHONPATH=. python benchmarks/delivery.py [--recipients 5000] [--commitments 10000] [--connections 2]

The register is made first and not counted. Then one pass runs, in a process of its own, as `gestand tick` runs it; the
mail server is in another process: one that takes what comes at once, or with --server aiosmtpd one that also parses it.
Every recipient hears of one party's commitments, 20 at the usual size.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import mail_sink
from aiosmtpd import smtp
from mail_sink import free_port, started

from engine.digests import build, compose
from engine.passes import run
from engine.session import open_session

DAY = date(2018, 8, 13)
PARTIES = 500

SETTINGS = """
timezone: UTC
mail:
  sender: gestand@example.org
  deliver: smtp
  smtp: {{host: 127.0.0.1, port: {port}, tls: none, connections: {connections}}}
recipients:
"""
RECIPIENT = """\
  - {{name: "Reader {number}", address: "r{number}@example.org", cadence: daily 07:30, scope: {{by: "nl/p{party}"}}}}
"""

PACK = """
pack: mail
title: Letters
rules:
  - id: reply
    title: A letter is answered in four weeks
    source: {document: a benchmark, quote: within four weeks}
    when: {kind: reply}
    due: 4 weeks after letter
    notices: {remind: [1 week before], overdue: {first: 1 day after, every: 2 weeks, at_most: 6}}
"""


# ------------------------------------------------------------------------------------------------- the mail server


class Counting:
    """Counts what is taken; both what it counted and the seconds of a core it took stand in a file when it ends."""

    def __init__(self) -> None:
        self.taken, self.octets = 0, 0

    def take(self, message: bytes) -> None:
        self.taken += 1
        self.octets += len(message)

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.take(envelope.content)
        return "250 OK"


def serve(kind: str, port: int, log: Path) -> None:
    counting = Counting()
    kinds = {"sink": lambda: mail_sink.Sink(counting.take), "aiosmtpd": lambda: smtp.SMTP(counting)}
    mail_sink.serve(port, kinds[kind])
    log.write_text(f"{counting.taken} {counting.octets} {time.process_time()}")


# ------------------------------------------------------------------------------------------------- the workspace


def make(folder: Path, recipients: int, commitments: int, port: int, connections: int) -> None:
    people = "".join(RECIPIENT.format(number=number, party=number % PARTIES) for number in range(recipients))
    (folder / "gestand.yaml").write_text(SETTINGS.format(port=port, connections=connections) + people)
    (folder / "rules").mkdir()
    (folder / "rules" / "mail.yaml").write_text(PACK)
    # Half of the letters are overdue, a quarter due within the week.
    rows = (
        f"C-{number},reply,Letter {number} on the plans and what they cost,nl/p{number % PARTIES},nl/chamber,"
        f"{DAY - timedelta(days=7 + number // PARTIES * 4 % 60 + 14)}"
        for number in range(commitments)
    )
    (folder / "register.csv").write_text("\n".join(["id,kind,title,by,to,anchor.letter", *rows]))
    gestand = [sys.executable, "-c", "from engine.cli import main; main()", "-w", str(folder)]
    subprocess.run([*gestand, "import", "--new", str(folder / "register.csv")], check=True, stdout=subprocess.DEVNULL)


# ------------------------------------------------------------------------------------------------- the pass


class Clocked:
    """A function that adds up the seconds it takes, by the clock and of this process's work on a core."""

    def __init__(self, module: Any, name: str) -> None:
        self.function: Callable[..., Any] = getattr(module, name)
        self.spent = Spent(0.0, 0.0)
        setattr(module, name, self)

    def __call__(self, *args: Any, **words: Any) -> Any:
        begin = Spent.by_now()
        try:
            return self.function(*args, **words)
        finally:
            self.spent += Spent.by_now() - begin


class Spent(NamedTuple):
    """Seconds by the clock, and of a core."""

    clock: float
    core: float

    @classmethod
    def by_now(cls) -> Spent:
        return cls(time.perf_counter(), time.process_time())

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.clock + other.clock, self.core + other.core)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.clock - other.clock, self.core - other.core)


def one_pass(folder: Path) -> None:
    begin = Spent.by_now()
    preparing, queueing = Clocked(run, "_assess"), Clocked(run, "queue_digests")
    sending = Clocked(run, "dispatch")
    posted, rendered = Clocked(compose, "posted"), Clocked(build, "render")
    with open_session(folder) as session:
        now = datetime.combine(DAY, datetime.min.time(), UTC) + timedelta(hours=8)
        opened = Spent.by_now() - begin
        register = (session.store, session.workspace, session.assessor, session.deliverer)
        done = run.tick(*register, now=now, clock=session.now)
    total = Spent.by_now() - begin
    parts = {
        "workspace opened": opened,
        "commitments assessed": preparing.spent,
        "digests planned": queueing.spent - posted.spent,
        "digests rendered": rendered.spent,
        "messages made": posted.spent - rendered.spent,
        "messages handed over": sending.spent,
        "the rest": total - opened - preparing.spent - queueing.spent - sending.spent,
        "in all": total,
    }
    print(f"{'':<24}{'by the clock':>14}{'of a core':>14}")
    for name, spent in parts.items():
        print(f"{name:<24}{spent.clock:12.1f} s{spent.core:12.1f} s")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'memory at most':<24}{megabytes:11.0f} MB")
    print(done.delivered)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--recipients", type=int, default=5000)
    words.add_argument("--commitments", type=int, default=10_000)
    words.add_argument("--connections", type=int, default=2)
    words.add_argument("--server", choices=["sink", "aiosmtpd"], default="sink")
    words.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    words.add_argument("--pass", dest="folder", type=Path, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.serve:
        serve(asked.server, int(asked.serve[0]), Path(asked.serve[1]))
        return
    if asked.folder:
        one_pass(asked.folder)
        return
    with tempfile.TemporaryDirectory() as place:
        folder, port = Path(place), free_port()
        make(folder, asked.recipients, asked.commitments, port, asked.connections)
        server = started(port, __file__, "--server", asked.server, "--serve", str(port), str(folder / "taken"))
        with suppress(KeyboardInterrupt):
            subprocess.run([sys.executable, __file__, "--pass", str(folder)], check=False)
        server.terminate()
        server.wait()
        taken, octets, seconds = (folder / "taken").read_text().split()
        print(f"the server took {taken} messages, {int(octets) / 1e6:.0f} MB, in {float(seconds):.1f} s of a core")


if __name__ == "__main__":
    main()
