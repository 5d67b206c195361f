"""The register against a simple model of it: whatever is written, imported, undone, passed over or killed half-way.

After each step the ledger's chain is whole, a replay is what the model says, and what was asked as of a day, known at a
moment, is answered as it was the first time.
"""

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from commitments import exchange, store
from commitments.ledger import chain, register
from commitments.ledger.transitions import allowed
from commitments.listing import Wanted
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.dates import Window
from commitments.model.record import Record
from commitments.store import Store
from engine.passes.run import tick
from engine.session import Session, audited, open_session

SETTINGS = "timezone: Europe/Amsterdam\npacks: [nl-eerste-kamer]\nmail: {sender: gestand@example.org}\n"
START = datetime(2018, 7, 13, 8, tzinfo=UTC)
NAMES = ("R-1", "R-2", "R-3")
SETTLING = {"fulfilled", "withdrawn", "lapsed"}

names = st.sampled_from(NAMES)
back = st.integers(0, 40)
"""How many days before today something happened."""
kinds = st.sampled_from([kind for kind in EventKind if kind.value not in {"made", "amended", "undone"}])
dated = {EventKind.ANCHORED, EventKind.EXTENDED, EventKind.SNOOZED}


USED = {}


@pytest.fixture(scope="module", autouse=True)
def _workspace(tmp_path_factory):
    """A workspace with a pack in use, for all examples: reading packs takes longer than an example."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "gestand.yaml").write_text(SETTINGS)
    with open_session(folder, new=True) as opened:
        USED.update(workspace=opened.workspace, assessor=opened.assessor)
        yield


def commitment(name, title="Reply"):
    return Commitment(
        id=name,
        kind="reply",
        title=title,
        by="nl/regering",
        to="nl/eerste-kamer",
        made=START.date(),
        anchors={"letter": START.date()},
    )


class Model:
    """What the register should hold: for each commitment its entries, and what follows from them, told naively."""

    def __init__(self):
        self.entries = {}

    def add(self, name, seq, event, at):
        self.entries.setdefault(name, []).append((seq, event, at))

    def holding(self, name):
        """The entries that are not void, and are no undoing."""
        void = set()
        for seq, event, _ in reversed(self.entries[name]):
            if event.kind is EventKind.UNDONE and seq not in void:
                void.add(event.undoes)
        return [(s, e, at) for s, e, at in self.entries[name] if s not in void and e.kind is not EventKind.UNDONE]

    def settled(self, name):
        last = ""
        for _, event, _ in sorted(self.holding(name), key=lambda entry: (entry[1].occurred_on, entry[0])):
            if event.kind.value in SETTLING or event.kind is EventKind.REOPENED:
                last = event.kind.value
        return last in SETTLING

    def title(self, name):
        return [event.commitment.title for _, event, _ in self.holding(name) if event.commitment][-1]

    def letter(self, name):
        dates = [event.date for _, event, _ in self.holding(name) if event.kind is EventKind.ANCHORED]
        return dates[-1] if dates else Window.on(START.date())


class Register(RuleBasedStateMachine):
    """Steps that people, files, passes and accidents take."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.place = Path(self.folder.name) / "gestand.db"
        used = replace(USED["workspace"], folder=Path(self.folder.name))
        self.session = Session(used, Store.open(self.place, new=True), USED["assessor"])
        self.now = START
        self.model = Model()
        self.answers = []

    def teardown(self):
        with self.folder, closing(self.session.store):
            self.pass_on()
            self.the_projection_is_that_of_a_rebuild()

    # --------------------------------------------------------------------------------------------- steps

    @initialize()
    def begin(self):
        self.take_in(*(line(commitment(name)) for name in NAMES))

    @rule(hours=st.sampled_from([1, 7, 24, 24 * 15]))
    def time_goes_by(self, hours):
        self.now += timedelta(hours=hours)

    @rule(name=names, kind=kinds, days=back, other=back)
    def record(self, name, kind, days, other):
        day = max(self.today - timedelta(days=days), START.date())
        more = {"date": Window.on(day + timedelta(days=other))} if kind in dated else {}
        anchor = "letter" if kind is EventKind.ANCHORED else ""
        self.append(name, Event(kind=kind, occurred_on=day, anchor=anchor, **more))

    @rule(name=names, at=st.integers(0, 30))
    def undo(self, name, at):
        entries = self.model.entries[name]
        self.append(name, Event(kind=EventKind.UNDONE, occurred_on=self.today, undoes=entries[at % len(entries)][0]))

    @rule(
        name=names, title=st.sampled_from(["Reply", "Answer"]), days=back, kind=st.sampled_from(["fulfilled", "lapsed"])
    )
    def import_a_file(self, name, title, days, kind):
        day = max(self.today - timedelta(days=days), START.date())
        row = line(commitment(name, title), f"{kind}: {day}")
        first = self.take_in(row)
        head = self.head()
        second = self.take_in(row)
        assert (self.head(), second.made, second.amended, second.appended) == (head, 0, 0, 0)
        assert (second.refused, second.undone) == (first.refused, first.undone)

    @rule()
    def pass_on(self):
        done = tick(
            self.session.store, self.session.workspace, self.session.assessor, self.session.deliverer, now=self.now
        )
        assert done.earlier_than is None
        again = tick(
            self.session.store, self.session.workspace, self.session.assessor, self.session.deliverer, now=self.now
        )
        assert again.changed == 0

    @rule(name=names)
    def die_with_a_transaction_open(self, name):
        with pytest.raises(KeyboardInterrupt), self.session.store.writing() as tx:  # noqa: PT012
            note = Event(kind=EventKind.NOTE, occurred_on=self.today, note="lost")
            register.append(tx, [(name, note)], at=self.now, actor="clerk")
            raise KeyboardInterrupt

    @rule()
    def open_anew(self):
        self.session.store.close()
        self.session = replace(self.session, store=Store.open(self.place))

    @precondition(lambda self: len(self.answers) < 6)
    @rule(days=back, hours=st.integers(0, 24 * 20))
    def ask(self, days, hours):
        day, moment = self.today - timedelta(days=days), max(START, self.now - timedelta(hours=hours))
        self.answers.append((day, moment, self.answer(day, moment)))
        self.now += timedelta(minutes=1)  # what is written from now on was not known then

    # --------------------------------------------------------------------------------------------- what holds

    @invariant()
    def a_replay_is_what_the_model_says(self):
        with self.session.store.reading() as tx:
            found = {one.commitment.id: one for one in register.records(tx)}
            assert chain.verify(register.entries(tx), str(register.head(tx)) if found else None).ok
        assert {name: history(one) for name, one in found.items()} == self.model.entries
        for name, one in found.items():
            assert (one.settled is not None) == self.model.settled(name)
            assert one.commitment.title == self.model.title(name)
            assert one.anchors["letter"] == self.model.letter(name)

    @invariant()
    def what_was_asked_is_answered_as_the_first_time(self):
        for day, moment, answer in self.answers:
            assert self.answer(day, moment) == answer

    @invariant()
    def a_list_of_today_is_a_replay_of_today(self):
        rows = self.session.listed(self.now, Wanted())
        replayed = audited(self.session.assessments(self.today))
        assert [(row.commitment.id, row.commitment.title, row.standing) for row in rows] == [
            (row.commitment.id, row.commitment.title, row.standing) for row in replayed
        ]

    def the_projection_is_that_of_a_rebuild(self):
        before = self.projection()
        with self.session.store.writing() as tx:
            register.rebuild(tx)
        self.pass_on()
        assert self.projection() == before

    # --------------------------------------------------------------------------------------------- its means

    @property
    def today(self):
        return self.session.assessor.today(self.now)

    def head(self):
        with self.session.store.reading() as tx:
            return register.head(tx)

    def projection(self):
        """The rows as they are stored; how late what is open is, a reader counts as of the day that is asked for."""
        columns = [column for column in store.commitment.c if not column.name.startswith("days_late")]
        with self.session.store.reading() as tx:
            rows = tx.execute(
                store.commitment.select().with_only_columns(*columns).order_by(store.commitment.c.id)
            ).all()
        return rows, self.session.listed(self.now, Wanted())

    def answer(self, day, moment):
        return [
            (
                item.record.commitment.title,
                item.standing,
                [move.after for one in item.obligations for move in one.moves],
            )
            for item in self.session.assessments(day, self.session.known(moment))
        ]

    def append(self, name, event):
        """Write an event down if it makes sense; what does not is not the register's to hold."""
        self.now += timedelta(minutes=1)
        with self.session.store.writing() as tx:
            if allowed(register.record(tx, name), event, self.today):
                return
            (entry,) = register.append(tx, [(name, event)], at=self.now, actor="clerk")
        self.model.add(name, entry.seq, event, self.now)

    def take_in(self, *rows):
        """Take a register file in, and what it brought into the model."""
        self.now += timedelta(minutes=1)
        file = Path(self.folder.name) / "register.yaml"
        file.write_text("\n".join(["commitments:", *(f"  - {one}" for one in rows)]))
        drafts, problems = exchange.read(file)
        assert problems == ()
        last = self.head().seq
        with self.session.store.writing() as tx:
            intake = register.take_in(tx, drafts, today=self.today, at=self.now, actor="clerk")
            for one in register.records(tx):
                for entry in one.history:
                    if entry.seq > last:
                        self.model.add(one.commitment.id, entry.seq, entry.event, self.now)
        return intake


def history(one: Record):
    return [(entry.seq, entry.event, entry.recorded_at) for entry in one.history]


def line(one, event=""):
    """A commitment as a line of a register file, with an event or without."""
    events = f", events: [{{{event}}}]" if event else ""
    return (
        f"{{id: {one.id}, kind: reply, title: {one.title}, by: nl/regering, to: nl/eerste-kamer, made: {one.made}, "
        f"anchors: {{letter: {one.made}}}{events}}}"
    )


TestRegister = Register.TestCase
TestRegister.settings = settings(max_examples=10, stateful_step_count=12, deadline=None)


KILLED = """
import sys
from datetime import UTC, date, datetime
from commitments import register
from commitments.model.commitment import Event
from commitments.store import Store

opened = Store.open(sys.argv[1])
for number in range(100_000):
    with opened.writing() as tx:
        event = Event(kind="note", occurred_on=date(2018, 7, 13), note=str(number))
        register.append(tx, [("R-1", event)], at=datetime(2018, 7, 14, tzinfo=UTC), actor="clerk")
    print(number, flush=True)
"""


def test_what_was_told_to_be_written_is_there_after_kills_and_the_chain_is_whole(tmp_path):
    place, told = tmp_path / "gestand.db", 0
    with closing(Store.open(place, new=True)) as opened, opened.writing() as tx:
        made = Event(kind="made", occurred_on=START.date(), commitment=commitment("R-1"))
        register.append(tx, [("R-1", made)], at=START, actor="clerk")
    for lines in (1, 7, 30):
        with subprocess.Popen([sys.executable, "-c", KILLED, place], stdout=subprocess.PIPE, text=True) as writer:
            told += sum(1 for _ in zip(range(lines), writer.stdout, strict=False))
            os.kill(writer.pid, signal.SIGKILL)
            told += sum(1 for _ in writer.stdout)  # what it had said before it died
    with closing(Store.open(place)) as opened, opened.reading() as tx:
        notes = len(register.record(tx, "R-1").history) - 1
        assert told <= notes <= told + 3
        assert chain.verify(register.entries(tx), str(register.head(tx))).ok
