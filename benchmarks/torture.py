"""Deliver while being killed: case D1, what is lost (nothing) and what comes twice (known by its Message-ID).

    python benchmarks/torture.py                # 1,000 kills, 5,000 notices: about four minutes

A worker plans a few notices in a transaction and delivers what is due to a real mail server in a process of its own. It
is killed (SIGKILL) at a random moment within 220 ms; then the next one begins. What the server took is compared with
what the store says was owed. Leaves with 1 where something was lost, or doubled under another Message-ID.
"""

import argparse
import asyncio
import email
import json
import os
import random
import signal
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import mail_sink
from aiosmtpd import smtp
from mail_sink import free_port, started

from commitments.ledger import chain, register
from commitments.store import Connection, Store
from commitments.store import digest as digests
from commitments.store import outbox as outbox_table
from notifications.content.digest import Reader
from notifications.outbox import outbox
from notifications.outbox.delivery import deliver
from notifications.transports.smtp import SmtpDeliverer, SmtpSettings

LONGEST_LIFE = 0.220
LONGEST_ANSWER = 0.030
"""Seconds that the server thinks about a message, before and after it has taken it."""
LEASE = timedelta(seconds=1)
"""Short, so that what was left behind is sent again soon: in use it is five minutes. One worker lives at a time."""


# ------------------------------------------------------------------------------------------------- the mail server


class Taking:
    """Writes down what it took, with the moment, some time before it says so."""

    def __init__(self, log: Path) -> None:
        self.log = log.open("ab", buffering=0)

    async def handle_DATA(self, _server, _session, envelope) -> str:  # noqa: N802 - aiosmtpd's name
        message_id = email.message_from_bytes(envelope.content)["Message-ID"]
        await asyncio.sleep(random.uniform(0, LONGEST_ANSWER / 2))
        self.log.write(f"{time.time():.6f} {envelope.rcpt_tos[0]} {message_id}\n".encode())
        await asyncio.sleep(random.uniform(0, LONGEST_ANSWER / 2))
        return "250 OK"


def serve(port: int, log: Path) -> None:
    handler = Taking(log)
    mail_sink.serve(port, lambda: smtp.SMTP(handler))


# ------------------------------------------------------------------------------------------------- the worker


def now() -> datetime:
    return datetime.now(UTC)


def plan(tx: Connection, most: int, few: int) -> None:
    """Make the next notices that should exist and do not; each has a recipient of its own, so that it can be told."""
    known = len(tx.execute(digests.select().with_only_columns(digests.c.id)).all())
    for number in range(known, min(known + few, most)):
        reader = Reader(name="", address=f"n{number}@example.org", language="en", timezone="UTC")
        message_id = f"<{os.urandom(16).hex()}@example.org>"
        row = {"recipient": reader.address, "slot": "2018-08-13", "state": "queued", "reason": ""}
        (key,) = tx.execute(digests.insert().values(**row)).inserted_primary_key
        outbox.queue(tx, key, reader, body(reader, message_id), message_id, now())


def body(reader: Reader, message_id: str) -> bytes:
    made = EmailMessage(policy=SMTP)
    made["From"], made["To"], made["Message-ID"] = "gestand@example.org", reader.address, message_id
    made.set_content("overdue: 34964-B\n" * 50)
    return made.as_bytes()


def work(path: Path, port: int, notices: int, few: int) -> None:
    """Live: plan, deliver, and begin again until everything was delivered or the end comes."""
    store = Store.open(path)
    deliverer = SmtpDeliverer(SmtpSettings(host="127.0.0.1", port=port, tls="none"))
    with store.writing() as tx:
        plan(tx, notices, few)
    while True:
        deliver(store, deliverer, now=now, lease=LEASE)
        time.sleep(0.005)


def lived(path: Path, port: int, notices: int, few: int, life: float) -> None:
    """Let a worker live for so many seconds, and kill it."""
    child = os.fork()
    if not child:
        try:
            work(path, port, notices, few)
        except BaseException as error:
            os.write(2, f"the worker died by itself: {error!r}\n".encode())
        os._exit(1)
    time.sleep(life)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        raise SystemExit("the worker left before it was killed")


# ------------------------------------------------------------------------------------------------- the account


@dataclass(frozen=True, kw_only=True)
class Account:
    """What was done, and what came of it."""

    kills: int
    left_behind: int
    notices: int
    taken: list[tuple[float, str, str]]
    killed_at: list[float]
    rows: list[tuple[str, str, str]]
    sent_again: Counter
    integrity: str
    verdict: str

    @property
    def lost(self) -> int:
        return len({address for address, _, _ in self.rows} - {address for _, address, _ in self.taken})

    @property
    def foreign(self) -> int:
        """Doubles under another Message-ID."""
        ids: dict[str, set[str]] = {}
        for _, address, message_id in self.taken:
            ids.setdefault(address, set()).add(message_id)
        return sum(len(found) - 1 for found in ids.values())

    @property
    def doubles(self) -> int:
        return len(self.taken) - len({message_id for _, _, message_id in self.taken})

    @property
    def untold(self) -> int:
        """Copies of which the ledger does not say that they are perhaps copies."""
        copies = Counter(message_id for _, _, message_id in self.taken)
        return sum(max(0, number - 1 - self.sent_again[message_id]) for message_id, number in copies.items())

    @property
    def recovery(self) -> list[float]:
        """Seconds from each kill to the next message that the server took."""
        moments = iter(sorted(moment for moment, _, _ in self.taken))
        following, found = next(moments, None), []
        for killed in self.killed_at:
            while following is not None and following <= killed:
                following = next(moments, None)
            if following is not None:
                found.append(following - killed)
        return found

    def lines(self) -> Iterator[str]:
        waits = self.recovery
        yield f"kills                              {self.kills}"
        yield f"of these with a message on its way {self.left_behind}"
        yield f"notices                            {self.notices}"
        yield f"lost                               {self.lost}"
        yield f"doubles under another Message-ID   {self.foreign}"
        yield f"doubles in all                     {self.doubles}"
        yield f"doubles that the ledger misses     {self.untold}"
        yield f"attempts called perhaps a double   {self.sent_again.total()}"
        if waits:
            worst = f"median {statistics.median(waits):.3f} s, longest {max(waits):.3f} s"
            yield f"from a kill to the next message    {worst}"
        yield f"states at the end                  {dict(Counter(state for _, _, state in self.rows))}"
        yield f"integrity_check                    {self.integrity}"
        yield f"ledger                             {self.verdict}"

    @property
    def good(self) -> bool:
        """An attempt that was cut off is one that the ledger tells of, each once."""
        told = self.sent_again.total() == self.left_behind
        whole = self.integrity == "ok" and "whole" in self.verdict
        return told and whole and not (self.lost or self.foreign or self.untold)


def on_their_way(path: Path) -> set[tuple[int, int]]:
    """Which messages are being sent, in their how-manieth attempt."""
    store = Store.open(path)
    with store.reading() as tx:
        attempts = outbox_table.select().with_only_columns(outbox_table.c.id, outbox_table.c.attempts)
        found = {tuple(row) for row in tx.execute(attempts.where(outbox_table.c.state == "sending"))}
    store.close()
    return found


def torture(folder: Path, kills: int, notices: int, seed: int) -> Account:
    path, log, port = folder / "gestand.db", folder / "taken", free_port()
    Store.open(path, new=True).close()
    chance = random.Random(seed)
    server = started(port, __file__, "--serve", str(port), str(log))
    killed_at: list[float] = []
    cut_off: set[tuple[int, int]] = set()
    few = -(-notices // kills)
    try:
        while len(killed_at) < kills:
            lived(path, port, notices, few, chance.uniform(0, LONGEST_LIFE))
            killed_at.append(time.time())
            cut_off |= on_their_way(path)
        finish(path, port, notices)
    finally:
        server.terminate()
        server.wait()
    return account(path, log, killed_at, len(cut_off))


def finish(path: Path, port: int, notices: int) -> None:
    """Let one worker end its work in peace."""
    store = Store.open(path)
    with store.writing() as tx:
        plan(tx, notices, notices)
    deliverer = SmtpDeliverer(SmtpSettings(host="127.0.0.1", port=port, tls="none"))
    deliver(store, deliverer, now=now, lease=LEASE)
    time.sleep(LEASE.total_seconds())
    deliver(store, deliverer, now=now, lease=LEASE)
    store.close()


def account(path: Path, log: Path, killed_at: list[float], cut_off: int) -> Account:
    store = Store.open(path)
    store.check()
    with store.reading() as tx:
        rows = [(row.address, row.message_id, row.state) for row in tx.execute(outbox_table.select())]
        again = Counter(again_of(tx))
        verdict = str(chain.verify(register.entries(tx)))
    store.close()
    taken = [line.split(" ", 2) for line in log.read_text().splitlines()]
    return Account(
        kills=len(killed_at),
        left_behind=cut_off,
        notices=len(rows),
        taken=[(float(moment), address, message_id) for moment, address, message_id in taken],
        killed_at=killed_at,
        rows=rows,
        sent_again=again,
        integrity="ok",
        verdict=verdict,
    )


def again_of(tx: Connection) -> Iterator[str]:
    for entry in register.entries(tx):
        if entry.kind == "digest_sent_again":
            yield json.loads(entry.payload)["message_id"]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    words.add_argument("--kills", type=int, default=1000)
    words.add_argument("--notices", type=int, default=5000)
    words.add_argument("--seed", type=int, default=20181108)
    words.add_argument("--serve", nargs=2, metavar=("PORT", "LOG"), help=argparse.SUPPRESS)
    asked = words.parse_args()
    if asked.serve:
        serve(int(asked.serve[0]), Path(asked.serve[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        found = torture(Path(folder), asked.kills, asked.notices, asked.seed)
    print("\n".join(found.lines()))
    raise SystemExit(not found.good)


if __name__ == "__main__":
    main()
