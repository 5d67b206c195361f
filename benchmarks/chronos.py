"""Every owed slot served once, whatever goes wrong: the checker of case T10.

    python benchmarks/chronos.py                 # two minutes; --seconds 1800 for the half hour of the case

The service is `gestand serve` itself, in a process of its own, under kills, stops, clock jumps, refused mail and a full
disk; one thing is changed: its clock runs fast. The mail server is real. Each commitment becomes overdue once, and
each of three readers must hear of it once: what is missing, and what is there twice, is counted.
"""

import argparse
import contextlib
import email
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from email import policy
from pathlib import Path

from aiosmtpd.controller import Controller

START = datetime(2018, 10, 20, tzinfo=UTC)
"""A week before the clock changes in Europe, two before it does in America."""
SLACK = timedelta(days=2)
"""How long after its first slot a notice may come, and so many seconds of this machine: faults and starts take some."""
SECONDS = 10

RUN = """
import json, sys, time
from datetime import datetime, timedelta
from pathlib import Path

from engine.workspace import clock

clock_file = Path(sys.argv[1])

def at():
    return json.loads(clock_file.read_text())

def now():
    clock = at()
    return datetime.fromisoformat(clock["wall"]) + timedelta(seconds=(time.monotonic() - clock["run"]) * clock["rate"])

clock.now = now
clock.running = lambda: time.monotonic() * at()["rate"]

from engine.cli import main
sys.argv = ["gestand", *sys.argv[2:]]
main()
"""

SETTINGS = """
timezone: Europe/Amsterdam
mail:
  sender: gestand@example.org
  deliver: smtp
  smtp: {{host: 127.0.0.1, port: {port}, tls: none, timeout: 1}}
recipients:
  - {{name: Amsterdam, address: amsterdam@example.org, cadence: daily 02:30}}
  - {{name: New York, address: newyork@example.org, cadence: daily 23:30, timezone: America/New_York}}
  - {{name: Kolkata, address: kolkata@example.org, cadence: daily 09:00, timezone: Asia/Kolkata}}
"""

PACK = """
pack: chronos
title: Told once
rules:
  - id: once
    title: A letter is answered in a week
    source: {document: a test}
    when: {kind: reply}
    due: 1 week after letter
    notices: {overdue: {first: 1 day after, at_most: 1}}
"""


class FastClock:
    """What time it is for the service: a file that it reads, and that can be set."""

    def __init__(self, file: Path, rate: float) -> None:
        self.file, self.rate = file, rate
        self.set(START)

    def set(self, wall: datetime) -> None:
        content = {"wall": wall.isoformat(), "run": time.monotonic(), "rate": self.rate}
        draft = self.file.with_suffix(".new")
        draft.write_text(json.dumps(content))
        draft.replace(self.file)
        self.wall, self.run = wall, content["run"]

    def now(self) -> datetime:
        return self.wall + timedelta(seconds=(time.monotonic() - self.run) * self.rate)


class Server:
    """A mail server that can be told to misbehave, and keeps what it took with the moment it did."""

    def __init__(self, clock: FastClock) -> None:
        self.clock, self.mood, self.taken = clock, "well", []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: ARG002, N802
        if self.mood == "greylist":
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: ARG002, N802
        if self.mood == "busy":
            return "452 too much at once"
        self.taken.append((self.clock.now(), envelope.rcpt_tos[0], envelope.content))
        # Taken, and not said so: the sender must try again with the same Message-ID.
        return "451 lost my way" if self.mood == "forgetful" else "250 OK"


class World:
    """The workspace, the service that runs in it, and what can befall them."""

    def __init__(self, folder: Path, rate: float, days: int, disk: bool) -> None:
        self.folder, self.disk, self.process = folder, disk, None
        self.clock = FastClock(folder.parent / "clock.json", rate)
        self.server = Server(self.clock)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.controller = Controller(self.server, hostname="127.0.0.1", port=port)
        self.controller.start()
        (folder / "gestand.yaml").write_text(SETTINGS.format(port=port))
        (folder / "rules").mkdir()
        (folder / "rules" / "chronos.yaml").write_text(PACK)
        self.owed = {f"C{number:05}": START.date() + timedelta(days=number // 4) for number in range(4 * days)}
        self._import()

    def _import(self) -> None:
        rows = [f"{name},reply,letter {name},nl/a,nl/b,{due - timedelta(days=7)}" for name, due in self.owed.items()]
        file = self.folder / "register.csv"
        file.write_text("\n".join(["id,kind,title,by,to,anchor.letter", *rows]))
        if self._run("import", "--new", str(file)).wait():
            raise SystemExit((self.folder.parent / "service.log").read_text())

    def _run(self, *words: str) -> subprocess.Popen:
        command = [sys.executable, "-c", RUN, str(self.clock.file), "-w", str(self.folder), *words]
        with (self.folder.parent / "service.log").open("a") as log:
            return subprocess.Popen(command, stdout=log, stderr=log)

    def start(self) -> None:
        self.process = self._run("serve", "--interval", "0.05", "--port", "0")

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)
        self.process.wait()

    # ------------------------------------------------------------------------------------------- faults

    def kill(self, chance: random.Random) -> None:
        self.stop(signal.SIGKILL)
        time.sleep(chance.uniform(0, 0.3))
        self.start()

    def pause(self, chance: random.Random) -> None:
        self.process.send_signal(signal.SIGSTOP)
        time.sleep(chance.uniform(0.1, 1.0))
        self.process.send_signal(signal.SIGCONT)

    def jump(self, chance: random.Random) -> None:
        hours = chance.choice([8, -1, -24, 1, -0.5, 30])
        self.clock.set(self.clock.now() + timedelta(hours=hours))

    def refuse(self, chance: random.Random) -> None:
        self.server.mood = chance.choice(["greylist", "busy", "forgetful"])
        time.sleep(chance.uniform(0.1, 0.8))
        self.server.mood = "well"

    def fill(self, chance: random.Random) -> None:
        if not self.disk:
            return
        filler = self.folder / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(b"\0" * 65536)
                file.flush()
        time.sleep(chance.uniform(0.1, 0.8))
        filler.unlink()

    FAULTS = (kill, kill, pause, jump, refuse, refuse, fill)

    def revive(self) -> None:
        """Start the service anew where it left by itself, as systemd would."""
        if self.process.poll() is not None:
            self.start()


def check(world: World) -> dict[str, int | float | str]:
    """What the readers got, against what they were owed."""
    told, slots, copies, lags = Counter(), {}, Counter(), []
    for moment, address, content in world.server.taken:
        message = email.message_from_bytes(content, policy=policy.SMTP)
        copies[message["Message-ID"]] += 1
        if copies[message["Message-ID"]] > 1:
            continue
        slot = message["Date"].datetime
        slots.setdefault((address, slot), set()).add(message["Message-ID"])
        text = message.get_body(("plain",)).get_content()
        for name in set(re.findall(r"\bC\d{5}\b", text)):
            told[address, name] += 1
            lags.append(moment - first_slot(world.owed[name]))
    due = [name for name, day in world.owed.items() if day + timedelta(days=3) < world.clock.now().date()]
    readers = [f"{name}@example.org" for name in ("amsterdam", "newyork", "kolkata")]
    pairs = [(address, name) for address in readers for name in due]
    return {
        "owed": len(pairs),
        "missing": sum(told[pair] == 0 for pair in pairs),
        "extra": sum(number - 1 for number in told.values() if number > 1),
        "slots with two digests": sum(len(ids) > 1 for ids in slots.values()),
        "outside the window": sum(lag > SLACK + timedelta(seconds=SECONDS * world.clock.rate) for lag in lags),
        "digests": len(copies),
        "copies with the same Message-ID": sum(number - 1 for number in copies.values()),
        "longest wait in hours": round(max(lags, default=timedelta()).total_seconds() / 3600, 1),
    }


def first_slot(due: date) -> datetime:
    """No slot of any reader after the notice arose is more than a day and a half after this."""
    return datetime.combine(due + timedelta(days=2), datetime.min.time(), UTC) + timedelta(hours=12)


def live(world: World, seconds: float, chance: random.Random) -> Counter:
    faults, end = Counter(), time.monotonic() + seconds
    world.start()
    while time.monotonic() < end:
        time.sleep(chance.uniform(0.05, 0.6))
        world.revive()
        fault = chance.choice(World.FAULTS)
        fault(world, chance)
        faults[fault.__name__] += 1
    world.revive()
    # All is well again: what is owed by now is told within its window.
    quiet = time.monotonic() + 5 * 86400 / world.clock.rate + 2
    while time.monotonic() < quiet:
        time.sleep(0.2)
        world.revive()
    world.stop()
    return faults


@contextlib.contextmanager
def ground(megabytes: int):
    """A small disk of its own where one can be mounted, else a folder: the disk is then never full."""
    outer = Path(tempfile.mkdtemp(prefix="chronos-"))
    inner = outer / "disk"
    inner.mkdir()
    small = os.name == "posix" and shutil.which("mount") and os.geteuid() == 0
    mounted = (
        small
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(inner)], capture_output=True, check=False
        ).returncode
    )
    try:
        yield inner, bool(mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(inner)], check=False)
        shutil.rmtree(outer, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=120, help="how long things go wrong")
    parser.add_argument("--hours", type=float, default=4, help="hours of the fast clock in a second")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    rate = chosen.hours * 3600
    days = int(chosen.seconds * chosen.hours / 24) + 8
    with ground(32 + days // 4) as (folder, disk):
        world = World(folder, rate, days, disk)
        try:
            faults = live(world, chosen.seconds, random.Random(chosen.seed))
        finally:
            if world.process and world.process.poll() is None:
                world.stop(signal.SIGKILL)
            world.controller.stop()
        found = check(world)
        verdict = subprocess.run(
            [sys.executable, "-c", "from engine.cli import main; main()", "-w", str(folder), "verify"],
            capture_output=True,
            text=True,
            check=False,
        )
        log = (folder.parent / "service.log").read_text()
    print(f"faults: {', '.join(f'{number} {name}' for name, number in sorted(faults.items()))}"
          f"{'' if disk else ' (no small disk could be mounted)'}")  # fmt: skip
    for what, figure in found.items():
        print(f"{what:<34}{figure}")
    print(f"{'ledger':<34}{verdict.stdout.strip() or verdict.stderr.strip()}")
    wrong = [found[what] for what in ("missing", "extra", "slots with two digests", "outside the window")]
    if any(wrong) or verdict.returncode or not found["owed"] or "Traceback" in log:
        print(log[-3000:])
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
