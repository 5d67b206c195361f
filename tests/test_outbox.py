"""The outbox against the real store, a real mail server, and a process that is killed at the worst moment."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from clocks import environment
from sample_digest import LETTER, digest, reader

from commitments.ledger import register
from commitments.store import Store, outbox
from commitments.store import digest as digest_table
from notifications.content.render import render
from notifications.message.mailbox import Mailbox
from notifications.message.message import message
from notifications.outbox.delivery import Delivered, deliver
from notifications.outbox.outbox import (
    GIVE_UP,
    LEASE,
    queue,
    valid,
    wait,
)
from notifications.transports.deliverer import (
    ConfigError,
    PermanentError,
    ServerError,
    TemporaryError,
)
from notifications.transports.folder import FolderDeliverer

NOW = datetime(2018, 8, 13, 6, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "gestand.db", new=True)
    yield opened
    opened.close()


def put(store: Store, *addresses: str, at: datetime = NOW) -> list[str]:
    """Queue one digest for each address; the Message-IDs."""
    identifiers = []
    for number, address in enumerate(addresses):
        made = digest("en", LETTER, reader=reader(address=address))
        message_id = f"<{at:%m%d}.{number}@gestand.example.org>"
        body = message(made, render(made), sender=Mailbox("gestand@example.org"), message_id=message_id)
        with store.writing() as tx:
            row = {"recipient": address, "slot": f"{at}{number}", "state": "queued", "reason": ""}
            key = tx.execute(digest_table.insert().values(**row)).inserted_primary_key[0]
            queue(tx, key, made.reader, body, message_id, at)
        identifiers.append(message_id)
    return identifiers


def rows(store: Store) -> list[tuple[str, str, int, str]]:
    with store.reading() as tx:
        found = tx.execute(outbox.select().order_by(outbox.c.id))
        return [(row.address, row.state, row.attempts, row.last_error) for row in found]


def noted(store: Store) -> list[str]:
    with store.reading() as tx:
        return [f"{e.kind} {e.payload}" for e in register.entries(tx)]


@dataclass
class Taking:
    """A fake of the port: takes everything but what `errors` says, by address, one after another."""

    errors: dict[str, list[Exception]] = field(default_factory=dict)
    taken: list[str] = field(default_factory=list)
    lines: int = 1

    @contextmanager
    def line(self):
        yield self

    def send(self, _envelope_from: str, to: str, _body: bytes) -> None:
        if self.errors.get(to):
            raise self.errors[to].pop(0)
        self.taken.append(to)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


# ------------------------------------------------------------------------------------------------- delivering


def test_what_is_queued_is_sent_once(store):
    put(store, "a@example.org", "b@example.org")
    taking = Taking()
    assert str(deliver(store, taking, now=at(NOW))) == "2 sent"
    assert str(deliver(store, taking, now=at(NOW))) == "0 sent"
    assert taking.taken == ["a@example.org", "b@example.org"]


def test_every_outcome_is_in_the_ledger_without_the_address(store):
    put(store, "a@example.org")
    deliver(store, Taking(), now=at(NOW))
    [line] = noted(store)
    assert line.startswith('digest_sent {"attempt":1,"message_id":"<0813.0@gestand.example.org>","sha256":"')
    assert "a@example.org" not in line


def test_one_bad_address_blocks_nobody(store):
    put(store, "a@example.org", "b@example.org", "c@example.org")
    taking = Taking({"b@example.org": [PermanentError(550, "no such user")]})
    result = deliver(store, taking, now=at(NOW))
    assert result == Delivered(sent=2, failed=1, reasons=("550 no such user",))
    assert rows(store)[1] == ("b@example.org", "failed", 1, "550 no such user")
    assert deliver(store, taking, now=at(NOW + GIVE_UP)) == Delivered()


def test_a_temporary_error_is_tried_again_later_and_later(store):
    put(store, "a@example.org", "b@example.org")
    taking = Taking({"a@example.org": [TemporaryError(451, "greylisted")] * 2})
    assert str(deliver(store, taking, now=at(NOW))) == "1 sent, 1 put off: 451 greylisted"
    assert str(deliver(store, taking, now=at(NOW + timedelta(seconds=59)))) == "0 sent"
    assert str(deliver(store, taking, now=at(NOW + timedelta(seconds=76)))) == "0 sent, 1 put off: 451 greylisted"
    assert str(deliver(store, taking, now=at(NOW + timedelta(seconds=190)))) == "0 sent"
    assert str(deliver(store, taking, now=at(NOW + timedelta(seconds=230)))) == "1 sent"


def test_the_waits_grow_to_two_hours_and_differ_between_messages():
    waits = [wait("<1@x>", attempt) for attempt in range(1, 60)]
    for attempt, waited in enumerate(waits[:7], start=1):
        least = timedelta(minutes=2 ** (attempt - 1))
        assert least <= waited <= least * 1.25
    assert all(timedelta(hours=2) <= waited <= timedelta(hours=2.5) for waited in waits[7:])
    assert wait("<1@x>", 1) != wait("<2@x>", 1)


def test_a_server_down_for_three_days_loses_nothing_and_is_asked_once_a_round(store):
    taking = Taking()
    for day in range(3):
        moment = NOW + timedelta(days=day)
        put(store, "a@example.org", "b@example.org", at=moment)
        taking.errors = {address: [ServerError(0, "mail is away")] for address in ("a@example.org", "b@example.org")}
        assert str(deliver(store, taking, now=at(moment))) == "0 sent, 1 put off: mail is away"
    taking.errors = {}
    assert deliver(store, taking, now=at(NOW + timedelta(days=3))).sent == 6


def test_a_message_is_given_up_after_five_days(store):
    put(store, "a@example.org")
    taking = Taking({"a@example.org": [TemporaryError(452, "mailbox full")]})
    late = NOW + GIVE_UP + timedelta(seconds=1)
    assert str(deliver(store, taking, now=at(late))) == "0 sent, 1 failed: 452 mailbox full"
    assert rows(store) == [("a@example.org", "dead", 1, "452 mailbox full")]


def test_a_wrong_setting_gives_no_message_up_for_good(store):
    put(store, "a@example.org", "b@example.org")
    taking = Taking({"a@example.org": [ConfigError(535, "wrong password")]})
    assert str(deliver(store, taking, now=at(NOW))) == "0 sent, 1 put off: 535 wrong password"
    assert [state for _, state, _, _ in rows(store)] == ["queued", "queued"]


def test_a_message_whose_sending_breaks_does_not_hold_up_the_others(store):
    put(store, "a@example.org", "b@example.org")
    taking = Taking({"a@example.org": [ZeroDivisionError()]})
    with pytest.raises(ZeroDivisionError):
        deliver(store, taking, now=at(NOW))
    assert str(deliver(store, taking, now=at(NOW))) == "1 sent"
    assert str(deliver(store, taking, now=at(NOW + LEASE))) == "1 sent (1 perhaps a second time)"


def test_a_clock_put_back_two_years_holds_nothing_up(store):
    put(store, "a@example.org", "b@example.org")
    taking = Taking({"a@example.org": [ZeroDivisionError()], "b@example.org": [TemporaryError(451, "later")]})
    with pytest.raises(ZeroDivisionError):
        deliver(store, taking, now=at(NOW))
    deliver(store, taking, now=at(NOW))
    earlier = NOW - timedelta(days=730)
    with store.writing() as tx:
        register.clock_was_wrong(tx, said="two years ahead", at=earlier, actor="admin")
    assert deliver(store, taking, now=at(earlier)).sent == 2


def test_the_limit_leaves_the_rest_for_the_next_round(store):
    put(store, "a@example.org", "b@example.org", "c@example.org")
    taking = Taking()
    assert [deliver(store, taking, now=at(NOW), limit=2).sent for _ in range(3)] == [2, 1, 0]


def test_two_processes_that_deliver_at_once_send_each_message_once(store):
    put(store, *(f"{number}@example.org" for number in range(40)))
    taking = Taking()
    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda _: deliver(store, taking, now=at(NOW)), range(2)))
    assert sum(result.sent for result in results) == 40
    assert sorted(taking.taken) == sorted(f"{number}@example.org" for number in range(40))


# ------------------------------------------------------------------------------------------------- killed

CHILD = """
import sys, time
from datetime import datetime
from pathlib import Path
from commitments.store import Store
from notifications.outbox.delivery import deliver
from notifications.transports.smtp import SmtpDeliverer, SmtpLine, SmtpSettings

taking = SmtpLine.send

def slow(*message):
    taking(*message)
    Path(sys.argv[3]).touch()
    time.sleep(60)

SmtpLine.send = slow
deliverer = SmtpDeliverer(SmtpSettings(host="127.0.0.1", port=int(sys.argv[2]), tls="none"))
deliver(Store.open(sys.argv[1]), deliverer, now=lambda: datetime.fromisoformat(sys.argv[4]))
"""


def killed_when(seen: Callable[[], bool], *arguments: str) -> None:
    """Run the child that delivers, and kill it (SIGKILL) once something was seen."""
    root = Path(__file__).parent.parent
    child = subprocess.Popen([sys.executable, "-c", CHILD, *arguments], env=environment(root))
    try:
        end = time.monotonic() + 20
        while not seen():
            assert time.monotonic() < end, "the child did not come that far"
            assert child.poll() is None, "the child ended by itself"
            time.sleep(0.01)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()


@pytest.mark.parametrize("case", ["D2 before the server's 250", "D3 after it, before the mark"])
def test_killed_while_sending_nothing_is_lost_and_the_double_is_known(store, server, tmp_path, case):
    """One resend after the lease, with the same Message-ID, flagged in the ledger."""
    put(store, "a@example.org", "b@example.org")
    marker = tmp_path / "taken"
    server.pause = 5 if case.startswith("D2") else 0
    seen = (lambda: bool(server.received)) if server.pause else marker.exists
    killed_when(seen, str(tmp_path / "gestand.db"), str(server.port), str(marker), NOW.isoformat())
    server.pause = 0

    assert [state for _, state, _, _ in rows(store)] == ["sending", "queued"]
    assert deliver(store, server.deliverer(), now=at(NOW)) == Delivered(sent=1)
    assert deliver(store, server.deliverer(), now=at(NOW + LEASE)) == Delivered(sent=1, again=1)

    copies = [(message["To"].addresses[0].addr_spec, str(message["Message-ID"])) for message in server.messages()]
    assert copies == [
        ("a@example.org", "<0813.0@gestand.example.org>"),
        ("b@example.org", "<0813.1@gestand.example.org>"),
        ("a@example.org", "<0813.0@gestand.example.org>"),
    ]
    kinds = [line.split()[0] for line in noted(store)]
    assert kinds == ["digest_sent", "digest_sent_again", "digest_sent"]
    assert '"possible_duplicate":true' in noted(store)[2]
    with closing(sqlite3.connect(tmp_path / "gestand.db")) as database, database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()


# ------------------------------------------------------------------------------------------------- addresses


NOT_ADDRESSES = [
    "a>\r\nRCPT TO:<evil@example.org",  # smtplib itself would send to a
    "a@example.org\r\nDATA",
    "a@example.org, b@example.org",  # two
    "a b@example.org",
    "<a@example.org>",
    "a@exam ple.org",
    "a@example.org\n",
    "é@example.org",  # needs SMTPUTF8
    "@example.org",
    "a@",
    "a",
    "",
    f"{'a' * 65}@example.org",  # RFC 5321, 4.5.3.1.1
]


@pytest.mark.parametrize("address", NOT_ADDRESSES)
def test_what_is_no_address_never_reaches_the_server(store, address):
    taking = Taking()
    put(store, address, "b@example.org")
    result = deliver(store, taking, now=at(NOW))
    assert (result.sent, result.failed) == (1, 1)
    assert taking.taken == ["b@example.org"]
    assert not valid(address)


# ------------------------------------------------------------------------------------------------- the folder


def test_the_folder_holds_a_message_once_and_in_three_forms(tmp_path):
    made = digest("en", LETTER)
    body = message(made, render(made), sender=Mailbox("gestand@example.org"), message_id="<1@example.org>")
    folder = FolderDeliverer(tmp_path / "outbox")
    folder.send("gestand@example.org", "griffie@example.org", body)
    folder.send("gestand@example.org", "griffie@example.org", body)
    names = sorted(path.name for path in (tmp_path / "outbox").iterdir())
    stem = "2018-08-13-griffie-example-org-c0723f33"
    assert names == [f"{stem}.eml", f"{stem}.html", f"{stem}.txt"]
    assert (tmp_path / "outbox" / f"{stem}.eml").read_bytes() == body
    assert (tmp_path / "outbox" / f"{stem}.txt").read_text() == render(made).text
    assert (tmp_path / "outbox" / f"{stem}.html").read_text() == render(made).html


def test_a_folder_that_cannot_be_used_keeps_the_message(store, tmp_path):
    put(store, "a@example.org")
    (tmp_path / "outbox").write_text("in the way")
    result = deliver(store, FolderDeliverer(tmp_path / "outbox"), now=at(NOW))
    assert result.later == 1
    assert result.reasons == (f"the folder {tmp_path / 'outbox'} cannot be written to: Not a directory",)
