"""5,000 recipients and 10,000 commitments: digests planned, rendered and handed to a mail server (bars: 60 s, 300 MB).

    PYTHONPATH=.:benchmarks python benchmarks/delivery.py [--recipients 5000] [--commitments 10000] [--connections 2]

The register is made first and not counted. Then one pass runs, in a process of its own, as `gestand tick` runs it; the
mail server is a real one, in another process. Every recipient hears of one party's commitments, 20 at the usual size.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from aiosmtpd import smtp

from engine import posting, telling, tick
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
    """Takes every message and counts them; what it counted stands in a file when it ends."""

    def __init__(self) -> None:
        self.taken, self.octets = 0, 0

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.taken += 1
        self.octets += len(envelope.content)
        return "250 OK"


def serve(port: int, log: Path) -> None:
    counting = Counting()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: smtp.SMTP(counting), "127.0.0.1", port)
        async with server:
            while not (log.parent / "end").exists():
                await asyncio.sleep(0.05)

    asyncio.run(run())
    log.write_text(f"{counting.taken} {counting.octets}")


def started(port: int, log: Path) -> subprocess.Popen:
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(port), str(log)])
    for _ in range(500):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server
        time.sleep(0.02)
    raise SystemExit("the mail server did not start")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
    subprocess.run([*gestand, "import", str(folder / "register.csv")], check=True, stdout=subprocess.DEVNULL)


# ------------------------------------------------------------------------------------------------- the pass


class Clocked:
    """A function that adds up the seconds it takes."""

    def __init__(self, module: Any, name: str) -> None:
        self.function: Callable[..., Any] = getattr(module, name)
        self.seconds, self.calls = 0.0, 0
        setattr(module, name, self)

    def __call__(self, *args: Any, **words: Any) -> Any:
        begin = time.perf_counter()
        try:
            return self.function(*args, **words)
        finally:
            self.seconds += time.perf_counter() - begin
            self.calls += 1


def one_pass(folder: Path) -> None:
    begin = time.perf_counter()
    preparing, queueing = Clocked(tick, "_prepare"), Clocked(tick, "queue_digests")
    sending = Clocked(tick, "dispatch")
    posted, rendered = Clocked(telling, "posted"), Clocked(posting, "render")
    with open_session(folder) as session:
        now = datetime.combine(DAY, datetime.min.time(), UTC) + timedelta(hours=8)
        opened = time.perf_counter() - begin
        done = tick.tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)
    total = time.perf_counter() - begin
    parts = [
        ("workspace opened", opened),
        ("commitments assessed", preparing.seconds),
        ("digests planned", queueing.seconds - posted.seconds),
        ("digests rendered", rendered.seconds),
        ("messages made", posted.seconds - rendered.seconds),
        ("messages handed over", sending.seconds),
        ("the rest", total - opened - preparing.seconds - queueing.seconds - sending.seconds),
        ("in all", total),
    ]
    for name, seconds in parts:
        print(f"{name:<24}{seconds:7.1f} s")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'memory at most':<24}{megabytes:7.0f} MB")
    print(done.delivered)


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--recipients", type=int, default=5000)
    words.add_argument("--commitments", type=int, default=10_000)
    words.add_argument("--connections", type=int, default=2)
    words.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    words.add_argument("--pass", dest="folder", type=Path, help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.serve:
        serve(int(asked.serve[0]), Path(asked.serve[1]))
        return
    if asked.folder:
        one_pass(asked.folder)
        return
    with tempfile.TemporaryDirectory() as place:
        folder, port = Path(place), free_port()
        make(folder, asked.recipients, asked.commitments, port, asked.connections)
        server = started(port, folder / "taken")
        with suppress(KeyboardInterrupt):
            subprocess.run([sys.executable, __file__, "--pass", str(folder)], check=False)
        (folder / "end").touch()
        server.wait()
        taken, octets = (folder / "taken").read_text().split()
        print(f"the server took {taken} messages, {int(octets) / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
